"""A sandbox is built, reused and deleted only where it says that it is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from condatui_core.errors import RefusedError, UsageError
from condatui_sandbox import Sandbox, build_sandbox, builder, vendored_conda
from condatui_sandbox.layout import Layout
from support.sandboxes import lasting_state, manifest


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The directories that were built, by a builder that writes one file instead of a conda."""
    built: list[Path] = []

    def build(layout: Layout, *_: object) -> None:
        built.append(layout.directory)
        layout.home.mkdir()

    monkeypatch.setattr(builder, "_build", build)
    return built


def test_a_complete_sandbox_is_reused(sandbox: Sandbox) -> None:
    before = lasting_state(sandbox)
    steps: list[str] = []
    assert build_sandbox(sandbox.directory, report=steps.append) == sandbox
    assert steps == []
    assert lasting_state(sandbox) == before


def test_reuse_brings_back_what_conda_forgets(tmp_path: Path, builds: list[Path]) -> None:
    made = build_sandbox(tmp_path)
    build_sandbox(tmp_path)
    known = made.home / ".conda" / "environments.txt"
    assert known.read_text() == f"{made.prefixes['deleted-project']}\n"
    assert len(builds) == 1


def test_rebuild_starts_over(tmp_path: Path, builds: list[Path]) -> None:
    made = build_sandbox(tmp_path)
    (made.home / "mine.txt").write_text("")
    build_sandbox(tmp_path, rebuild=True)
    assert len(builds) == 2
    assert not (made.home / "mine.txt").exists()


def test_a_half_made_sandbox_is_made_anew(tmp_path: Path, builds: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(layout: Layout, *_: object) -> None:
        (layout.directory / "leftover").mkdir()
        raise UsageError("No space left.")

    with monkeypatch.context() as patch:
        patch.setattr(builder, "_build", fail)
        with pytest.raises(UsageError):
            build_sandbox(tmp_path)
    assert (tmp_path / "leftover").exists()
    build_sandbox(tmp_path)
    assert len(builds) == 1
    assert not (tmp_path / "leftover").exists()


def test_a_moved_sandbox_is_made_anew(tmp_path: Path, builds: list[Path]) -> None:
    build_sandbox(tmp_path / "here")
    (tmp_path / "here").rename(tmp_path / "there")
    build_sandbox(tmp_path / "there")
    assert builds == [tmp_path / "here", tmp_path / "there"]


@pytest.mark.parametrize("rebuild", [False, True])
def test_a_foreign_directory_is_refused_and_left_alone(tmp_path: Path, builds: list[Path], rebuild: bool) -> None:
    (tmp_path / "thesis.tex").write_text("42")
    before = manifest(tmp_path)
    with pytest.raises(RefusedError):
        build_sandbox(tmp_path, rebuild=rebuild)
    assert manifest(tmp_path) == before
    assert builds == []


def test_a_missing_extra_is_named_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vendored_conda, "IMPORTED_BY_CONDA", ("boltons", "no_such_module", "no_such.module"))
    with pytest.raises(UsageError) as caught:
        build_sandbox(tmp_path / "sandbox")
    assert caught.value.detail == "no_such_module, no_such.module"
    assert "condatui[demo]" in caught.value.hint
    assert not (tmp_path / "sandbox").exists()
