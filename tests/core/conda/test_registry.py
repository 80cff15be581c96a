from __future__ import annotations

from pathlib import Path

import pytest

from condatui_core.conda.registry import environments_txt, listing_would_change


def register(home: Path, *lines: bytes) -> None:
    environments_txt(home).parent.mkdir(exist_ok=True)
    environments_txt(home).write_bytes(b"".join(line + b"\n" for line in lines))


@pytest.fixture
def environment(tmp_path: Path) -> bytes:
    (tmp_path / "env" / "conda-meta").mkdir(parents=True)
    (tmp_path / "env" / "conda-meta" / "history").touch()
    return bytes(tmp_path / "env")


def test_nothing_is_registered_so_nothing_is_forgotten(tmp_path: Path) -> None:
    assert not listing_would_change(tmp_path, euid=1000)


def test_environments_that_are_there_stay_registered(tmp_path: Path, environment: bytes) -> None:
    register(tmp_path, environment)
    assert not listing_would_change(tmp_path, euid=1000)


def test_root_would_clean_up_after_every_user(tmp_path: Path, environment: bytes) -> None:
    register(tmp_path, environment)
    assert listing_would_change(tmp_path, euid=0)


@pytest.mark.parametrize("line", [b"/not/mounted/today", b"", b"# mine", b"relative", b"/caf\xe9"])
def test_what_is_no_environment_at_this_moment_would_be_forgotten(
    tmp_path: Path, environment: bytes, line: bytes
) -> None:
    register(tmp_path, environment, line)
    assert listing_would_change(tmp_path, euid=1000)


def test_an_environment_without_history_and_one_named_twice_would_be_forgotten(
    tmp_path: Path, environment: bytes
) -> None:
    register(tmp_path, environment, environment)
    assert listing_would_change(tmp_path, euid=1000)
    register(tmp_path, environment)
    (tmp_path / "env" / "conda-meta" / "history").unlink()
    assert listing_would_change(tmp_path, euid=1000)


def test_a_file_that_cannot_be_read_is_left_alone(tmp_path: Path) -> None:
    environments_txt(tmp_path).mkdir(parents=True)
    assert listing_would_change(tmp_path, euid=1000)
