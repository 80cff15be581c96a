"""condatui on terminals and in places that have little: each copes, or says what is wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from condatui_sandbox import Sandbox
from support.cli_runs import run_in
from support.prefixes import make_prefix
from support.terminal import Terminal, plain_environ


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    for name in ("nlp-exp", "vision"):
        make_prefix(tmp_path / "envs" / name)
    return plain_environ(HOME=str(tmp_path), CONDATUI_HOME=str(tmp_path / "own"), CONDATUI_USUAL_PLACES="0")


@contextmanager
def opened(environ: dict[str, str], columns: int = 80, rows: int = 24, **more: str) -> Iterator[Terminal]:
    argv = [sys.executable, "-m", "condatui", "--root", f"{environ['HOME']}/envs"]
    with Terminal(argv, environ={**environ, **more}, columns=columns, rows=rows) as terminal:
        yield terminal


def test_a_terminal_without_a_cursor_is_told_what_to_do(environ: dict[str, str]) -> None:
    with opened(environ, TERM="dumb") as terminal:
        assert terminal.wait_for_exit() == 2
        assert "TERM is `dumb`" in terminal.screen
        assert "`condatui list` prints the environments" in " ".join(terminal.screen.split())


def test_a_terminal_that_speaks_no_unicode_gets_ascii_signs(environ: dict[str, str]) -> None:
    with opened(environ, PYTHONIOENCODING="ascii") as terminal:
        screen = terminal.wait_for("nlp-exp")
        assert screen.isascii()
        assert "\\x" not in screen and "\\u" not in screen


@pytest.mark.parametrize("locale", ["xx_YY.UTF-8", "C"])
def test_a_broken_locale_is_no_hindrance(environ: dict[str, str], locale: str) -> None:
    with opened(environ, LC_ALL=locale, TERM="no-such-terminal") as terminal:
        assert "\\x" not in terminal.wait_for("nlp-exp")


def test_a_very_small_terminal_shows_names_and_what_can_be_done(environ: dict[str, str]) -> None:
    with opened(environ, 40, 12) as terminal:
        screen = terminal.wait_for("nlp-exp")
        assert "? help" in screen.splitlines()[-1]
        terminal.press("d")
        terminal.wait_for("esc leave")
        terminal.press("\x1b")
        terminal.wait_for(lambda screen: "esc leave" not in screen)
        terminal.press("q")
        assert terminal.wait_for_exit() == 0


def test_a_home_that_can_hold_nothing_is_no_hindrance_to_look(environ: dict[str, str]) -> None:
    with opened(environ, HOME=environ["HOME"], CONDATUI_HOME="/proc/condatui") as terminal:
        terminal.wait_for("nlp-exp")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A place for what condatui remembers, which is read once."""
    return {"CONDATUI_HOME": str(tmp_path_factory.mktemp("own"))}


WRONG = {
    "remove": ("remove", "nope"),
    "clone": ("clone", "nope", "new"),
    "update": ("update", "nlp-exp", "--like", "nope"),
    "merge": ("merge", "nlp-exp", "--into", "nope"),
    "rollback": ("rollback", "nope"),
    "checkpoint": ("checkpoint", "nope"),
    "restore": ("restore", "nope"),
    "relink": ("relink", "nope"),
    "relink --undo": ("relink", "--undo", "nope"),
    "export": ("export", "nope", "-o", "x.yml"),
    "pack": ("pack", "nope", "-o", "x.tar.gz"),
    "ship": ("ship", "nope", "-o", "image"),
    "slim": ("slim", "nope", "--into", "new"),
}


@pytest.mark.parametrize("words", WRONG.values(), ids=WRONG)
def test_without_a_terminal_a_wrong_name_is_told_and_not_that_nobody_can_be_asked(
    sandbox: Sandbox, own: dict[str, str], words: tuple[str, ...]
) -> None:
    result = run_in(sandbox, *words, environ=own)
    assert result.exit_code == 2, result.output
    assert "`nope`" in result.stderr.splitlines()[0]


REFUSED = {
    "clone": (("clone", "nlp-base", "nlp-exp"), "is an environment already"),
    "remove": (("remove", "prod-frozen"), "is frozen"),
    "slim": (("slim", "nlp-base", "--into", "nlp-exp"), "is an environment already"),
}


@pytest.mark.parametrize(("words", "why"), REFUSED.values(), ids=REFUSED)
def test_without_a_terminal_what_stands_against_it_is_told(
    sandbox: Sandbox, own: dict[str, str], words: tuple[str, ...], why: str
) -> None:
    result = run_in(sandbox, *words, environ=own)
    assert (result.exit_code, why in result.stderr) == (3, True), result.output


def test_without_a_terminal_the_plan_is_printed_before_nobody_can_be_asked(
    sandbox: Sandbox, own: dict[str, str]
) -> None:
    result = run_in(sandbox, "remove", "notebooks", environ=own)
    assert result.exit_code == 3
    assert result.stdout.startswith("Remove notebooks")
    assert "all be on it" in result.stderr and "--yes goes on without asking" in result.stderr
