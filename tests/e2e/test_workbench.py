"""The installed workbench on a real conda, in a real terminal, driven by its keys."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from condatui_sandbox import Sandbox
from support.prefixes import make_prefix
from support.terminal import Terminal
from support.tiers import thorough


@pytest.fixture
def environ(sandbox: Sandbox, tmp_path: Path) -> dict[str, str]:
    return dict(sandbox.environ) | {"CONDATUI_HOME": str(tmp_path / "own"), "CONDATUI_USUAL_PLACES": "0"}


@contextmanager
def _opened(installed: Path, environ: dict[str, str], columns: int = 80, rows: int = 24) -> Iterator[Terminal]:
    """The workbench with everything read."""
    with Terminal([str(installed / "condatui")], environ=environ, columns=columns, rows=rows) as terminal:
        terminal.wait_for("nlp-base")
        terminal.wait_for(lambda screen: "reading" not in screen and "asking" not in screen and "…  …" not in screen)
        yield terminal


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), *thorough([(160, 50)])])
def test_every_environment_is_shown_with_its_packages(
    installed: Path, environ: dict[str, str], columns: int, rows: int
) -> None:
    with _opened(installed, environ, columns, rows) as terminal:
        screen = terminal.wait_for("conda 24.7.1")
        assert "1 envs 14" in screen
        terminal.wait_for("_libgcc_mutex")
        terminal.press("\x1b[F")  # end
        assert "~/work/seg" in terminal.wait_for("14 of 14")


def test_filter_mark_details_log_help_and_quit(installed: Path, environ: dict[str, str]) -> None:
    with _opened(installed, environ) as terminal:
        terminal.press("/finding:pip-over-conda")
        terminal.wait_for(lambda screen: "try-again-final-v2" in screen and "nlp-base" not in screen)
        terminal.press("\r")
        terminal.wait_for("1 of 1 · filter")
        terminal.press("]]]")
        terminal.wait_for("numpy 1.26.4 by 2.0")
        terminal.press(" ")
        terminal.wait_for("1 marked")
        terminal.press("@")
        terminal.wait_for("config --show")
        terminal.press("\x1b")
        terminal.wait_for("1 marked")
        terminal.press("?")
        terminal.wait_for("Remove the marked environments")
        terminal.press("?")
        terminal.wait_for(lambda screen: "type to filter" not in screen)
        terminal.press("q")
        assert terminal.wait_for_exit() == 0


def test_a_terminal_that_has_lost_its_lines_gets_them_again(installed: Path, environ: dict[str, str]) -> None:
    with _opened(installed, environ) as terminal:
        terminal.wait_for("? help")
        terminal.lose_contents()
        terminal.wait_for(lambda screen: "name▴" in screen and "? help" in screen)


def test_a_screen_over_which_another_program_has_written_is_drawn_again(
    installed: Path, environ: dict[str, str]
) -> None:
    with _opened(installed, environ) as terminal:
        terminal.wait_for("? help")
        terminal.lose_contents(told=False)
        terminal.press("\x0c")  # ctrl+l
        terminal.wait_for(lambda screen: "name▴" in screen and "? help" in screen)


def test_the_shell_and_back(installed: Path, environ: dict[str, str]) -> None:
    """ctrl+z stops the process, and `fg`, which sends SIGCONT, shows the workbench as it was."""
    with _opened(installed, environ) as terminal:
        terminal.press("j")
        terminal.wait_for("2 of 14")
        workbench = psutil.Process(terminal.pid)
        terminal.press("\x1a")
        terminal.wait_for(lambda _: workbench.status() == psutil.STATUS_STOPPED)
        terminal.lose_contents(told=False)  # the shell has written there
        os.kill(terminal.pid, signal.SIGCONT)
        terminal.wait_for(lambda screen: "2 of 14" in screen and "name▴" in screen)
        terminal.press("j")
        terminal.wait_for("3 of 14")


def test_few_bytes_are_sent(installed: Path, environ: dict[str, str]) -> None:
    """A cursor move sends its two rows and other details, and a panel what it covers, not the whole screen."""
    with _opened(installed, environ, 140, 40) as terminal:
        terminal.wait_for(lambda screen: "measuring" not in screen and "? help" in screen)
        for key, text, most in (("j", "2 of 14", 4_000), ("e", "dependencies:", 12_000), ("\x1b", "findings", 12_000)):
            before = terminal.settle()  # sizes come by themselves
            terminal.press(key)
            terminal.wait_for(text)
            assert 0 < terminal.settle() - before < most, key


def test_a_change_from_outside_shows_by_itself(installed: Path, environ: dict[str, str], tmp_path: Path) -> None:
    """An environment is put below a directory that conda is told of, and then goes again."""
    envs = tmp_path / "more"
    envs.mkdir()
    environ |= {"CONDA_ENVS_DIRS": str(envs), "CONDATUI_WATCH_SECONDS": "0.2"}
    with _opened(installed, environ, rows=40) as terminal:
        (envs / "brand-new" / "conda-meta").mkdir(parents=True)
        (envs / "brand-new" / "conda-meta" / "history").touch()
        terminal.wait_for("brand-new")
        shutil.rmtree(envs / "brand-new")
        terminal.wait_for(lambda screen: "brand-new" not in screen)


@pytest.mark.parametrize("number", [signal.SIGTERM, *thorough([signal.SIGHUP])])
def test_a_lost_line_leaves_no_process_behind(
    installed: Path, environ: dict[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    """Not even a conda that hangs."""
    root = make_prefix(tmp_path / "hanging")
    root.package("conda", "24.7.1")
    root.write("bin/conda", f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 600\n").chmod(0o755)
    environ |= {"CONDA_EXE": str(root.path / "bin/conda")}
    with Terminal([str(installed / "condatui")], environ=environ) as terminal:
        terminal.wait_for(lambda _: (tmp_path / "pid").exists() and bool((tmp_path / "pid").read_text()))
        conda = psutil.Process(int((tmp_path / "pid").read_text()))
        os.kill(terminal.pid, number)
        assert terminal.wait_for_exit() == 128 + number
        assert psutil.wait_procs([conda], timeout=10)[1] == []


def test_a_signal_to_go_on_without_a_stop_leaves_the_terminal_as_it_was(
    installed: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    """As a terminal that goes away sends one, or somebody by hand."""
    code = tmp_path / "code"
    script = 'stty -g > "$0.before"; "$1"; echo $? > "$0"; stty -g > "$0.after"'
    with Terminal(["sh", "-c", script, str(code), str(installed / "condatui")], environ=environ) as terminal:
        terminal.wait_for("? help")
        (workbench,) = psutil.Process(terminal.pid).children()
        for _ in range(2):
            workbench.send_signal(signal.SIGCONT)
            terminal.settle()
        terminal.press("?")
        terminal.wait_for("type to filter")
        terminal.press("\x1b")
        terminal.wait_for("? help")
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
    assert code.read_text() == "0\n"
    before, after = (code.with_name(f"code.{each}").read_text() for each in ("before", "after"))
    assert before == after


def test_bad_keys_in_the_settings_are_said_before_anything_opens(
    installed: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    settings = tmp_path / "own" / "config" / "settings.yaml"
    settings.parent.mkdir(parents=True)
    settings.write_text("keys: {no.such.action: x}\n")
    with Terminal([str(installed / "condatui")], environ=environ) as terminal:
        assert terminal.wait_for_exit() == 2
        assert "no.such.action" in terminal.screen


@pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux here")
def test_in_tmux(installed: Path, environ: dict[str, str], tmp_path: Path) -> None:
    def tmux(*argv: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", str(tmp_path / "tmux"), "-f", "/dev/null", *argv],
            env=environ | {"TERM": "xterm-256color"},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    tmux("new-session", "-d", "-x", "80", "-y", "24", str(installed / "condatui"))
    try:
        deadline = time.monotonic() + 30
        while "Packages 22" not in (screen := tmux("capture-pane", "-p")):
            assert time.monotonic() < deadline, screen
        tmux("send-keys", "/", "vision", "Enter")
        while "1 of 2 · filter" not in (screen := tmux("capture-pane", "-p")):
            assert time.monotonic() < deadline, screen
        assert "vision-cuda" in screen
        tmux("send-keys", "y")
        while "Copied to tmux's buffer" not in (screen := tmux("capture-pane", "-p")):
            assert time.monotonic() < deadline, screen
        assert tmux("show-buffer").endswith("/envs/vision-cpu")
    finally:
        tmux("kill-server")
