from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from condatui_core.prefixes.cache import PrefixCache
from condatui_core.prefixes.read_ahead import WORTH_IT, start_reading_ahead, stop_reading_ahead
from condatui_sandbox import Sandbox


def _prefixes(sandbox: Sandbox) -> list[str]:
    return sorted(str(path) for path in sandbox.prefixes.values() if (path / "conda-meta/history").is_file())


async def test_what_it_has_read_is_in_the_cache_for_others(sandbox: Sandbox, tmp_path: Path) -> None:
    prefixes = _prefixes(sandbox)
    process = await start_reading_ahead(prefixes, tmp_path, environ={})
    assert process is not None
    assert await process.wait() == 0
    real = {str(Path(prefix).resolve()) for prefix in prefixes}
    assert len(real) <= len(list(tmp_path.iterdir())) <= len(prefixes)
    first = PrefixCache(tmp_path).read(prefixes[0])
    assert first == PrefixCache(tmp_path / "other").read(prefixes[0])
    assert first.packages


async def test_it_ends_when_it_is_told_to_and_is_not_started_for_a_few(sandbox: Sandbox, tmp_path: Path) -> None:
    prefixes = _prefixes(sandbox)
    assert await start_reading_ahead(prefixes[: WORTH_IT - 1], tmp_path, environ={}) is None
    process = await start_reading_ahead(prefixes * 50, tmp_path, environ={})
    assert process is not None
    await asyncio.wait_for(stop_reading_ahead(process), 10)
    assert process.exit_code is not None
    await stop_reading_ahead(process)
    await stop_reading_ahead(None)


async def test_prefixes_that_are_not_there_do_not_stop_it(sandbox: Sandbox, tmp_path: Path) -> None:
    process = await start_reading_ahead(
        [*_prefixes(sandbox)[:1], *(f"/nowhere/{n}" for n in range(WORTH_IT))], tmp_path, environ={}
    )
    assert process is not None
    assert await process.wait() == 0
    assert len(list(tmp_path.iterdir())) == 1


async def test_it_imports_nothing_from_where_the_user_stands(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may write where somebody starts condatui must not run code in it."""
    (tmp_path / "msgspec.py").write_text(f"open({str(tmp_path / 'run')!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    process = await start_reading_ahead(_prefixes(sandbox), tmp_path / "cache", environ={})
    assert process is not None
    assert await process.wait() == 0
    assert not (tmp_path / "run").exists()
