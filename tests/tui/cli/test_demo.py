"""`condatui demo`, with a sandbox that is not built."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import pytest
from click.testing import CliRunner, Result

import condatui_sandbox
from condatui.cli.invocation import Invocation
from condatui.cli.main import condatui
from condatui_core.errors import RefusedError
from condatui_core.settings import Locations, Settings
from support.inventories import NOW, LoadedWorkbench, inventory, research


class Demo:
    """Keeps what was built and in which surroundings it was opened."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.built: list[tuple[Path, bool]] = []
        self.made_with: list[tuple[Settings, Locations, Mapping[str, str], object]] = []
        self.opened = 0

    def build(self, directory: Path, *, rebuild: bool, report: Callable[[str], None]) -> SimpleNamespace:
        self.built.append((directory, rebuild))
        report("Building\x1b[31m")
        return SimpleNamespace(home=directory / "home", environ={"CONDATUI_HOME": str(directory / "own")})

    def run(self, *arguments: str, terminal: bool = False) -> Result:
        invocation = Invocation(
            environ={"CONDATUI_HOME": str(self.home), "CONDATUI_ASCII": "1", "CONDA_EXE": "/mine"},
            home=self.home,
            cwd="/somewhere",
            clock=lambda: NOW,
            terminal=terminal,
            make_workbench=self._make,  # type: ignore[arg-type]
            run_app=self._open,
        )
        return CliRunner().invoke(condatui, ["demo", *arguments], obj=invocation)

    def _make(
        self, settings: Settings, locations: Locations, environ: Mapping[str, str], clock: object
    ) -> LoadedWorkbench:
        self.made_with.append((settings, locations, environ, clock))
        return LoadedWorkbench(inventory(research()))

    def _open(self, *_: object) -> int:
        self.opened += 1
        return 0


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Demo:
    demo = Demo(tmp_path)
    monkeypatch.setattr(condatui_sandbox, "build_sandbox", demo.build)
    return demo


def test_it_opens_the_workbench_on_the_sandbox_and_on_nothing_of_the_users(demo: Demo) -> None:
    result = demo.run(terminal=True)
    directory = demo.home / "cache" / "demo"
    assert (result.exit_code, demo.opened, demo.built) == (0, 1, [(directory, False)])
    [(settings, locations, environ, _)] = demo.made_with
    assert environ == {
        "CONDATUI_HOME": str(directory / "own"),
        "CONDATUI_ASCII": "1",
        "CONDATUI_USUAL_PLACES": "0",
    }
    assert locations.home == directory / "home"
    assert settings.usual_places is False


@pytest.mark.parametrize(("arguments", "terminal"), [(("--list",), True), ((), False)])
def test_it_prints_the_list_if_asked_or_without_a_terminal(
    demo: Demo, arguments: tuple[str, ...], terminal: bool
) -> None:
    result = demo.run(*arguments, terminal=terminal)
    assert "research" in result.stdout
    own = demo.home / "cache" / "demo" / "own"
    assert f"on it: env CONDATUI_HOME={own} CONDATUI_USUAL_PLACES=0 condatui list\n" in result.stderr
    assert demo.opened == 0


def test_its_json_is_one_document_whatever_is_reported(demo: Demo) -> None:
    result = demo.run("--json")
    assert result.stdout.startswith("{")
    assert "Building\\x1b[31m" in result.stderr


def test_a_directory_is_taken_from_where_one_is(demo: Demo) -> None:
    demo.run("--dir", "sandbox", "--rebuild", "--list")
    assert demo.built == [(Path("/somewhere/sandbox"), True)]


def test_what_the_builder_refuses_is_refused(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RefusedError("Not a sandbox.")

    monkeypatch.setattr(condatui_sandbox, "build_sandbox", refuse)
    result = demo.run("--list")
    assert (result.exit_code, result.stdout) == (3, "")


def test_the_directory_may_begin_at_home(demo: Demo) -> None:
    assert demo.run("--dir=~/box", "--list").exit_code == 0
    assert demo.run("--dir=box", "--list").exit_code == 0
    assert [directory for directory, _ in demo.built] == [demo.home / "box", Path("/somewhere/box")]


def test_a_directory_that_cannot_be_made_is_told(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(directory: Path, **_: object) -> NoReturn:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(directory))

    monkeypatch.setattr(condatui_sandbox, "build_sandbox", build)
    result = demo.run("--dir", "/proc/x", terminal=True)
    assert result.exit_code == 1
    assert "The sandbox cannot be built." in result.stderr
    assert "/proc/x: No such file or directory" in result.stderr
    assert "Error" not in result.stderr  # nothing that nobody has foreseen
