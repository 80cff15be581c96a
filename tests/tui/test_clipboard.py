"""Where copied texts go, with stand-ins for tmux, with a real tmux, and as a terminal behind GNU screen sees it."""

from __future__ import annotations

import re
import shutil
import subprocess
from base64 import b64decode
from pathlib import Path

import pytest

from condatui import clipboard
from condatui.clipboard import clipboard_sequence, load_tmux_buffer, through_screen
from support.fake_workbench import FakeWorkbench
from support.inventories import inventory, loaded
from support.pilots import Driver, opened
from support.terminal import plain_environ

SPEC = "numpy=1.26.4=py311h64a7726_0"


def tmux_that(path: Path, *, does: str) -> dict[str, str]:
    """The variables of a program in a tmux whose command is a script."""
    script = path / "tmux"
    script.write_text(f"#!/bin/sh\n{does}\n")
    script.chmod(0o755)
    return {"TMUX": "/tmp/tmux-0/default,1,0", "PATH": f"{path}:/usr/bin:/bin"}


async def test_in_tmux_its_buffer_gets_the_text(tmp_path: Path) -> None:
    environ = tmux_that(tmp_path, does=f"echo $* > {tmp_path}/argv; exec cat > {tmp_path}/buffer")
    assert await load_tmux_buffer(b"caf\xc3\xa9 x", environ) == ""
    assert (tmp_path / "argv").read_text() == "load-buffer -w -\n"
    assert (tmp_path / "buffer").read_bytes() == b"caf\xc3\xa9 x"


async def test_a_tmux_too_old_to_pass_it_on_gets_it_all_the_same(tmp_path: Path) -> None:
    refuse = f'case "$*" in *-w*) echo "unknown option -- w" >&2; exit 1;; esac; exec cat > {tmp_path}/buffer'
    assert await load_tmux_buffer(SPEC.encode(), tmux_that(tmp_path, does=refuse)) == ""
    assert (tmp_path / "buffer").read_text() == SPEC


async def test_a_tmux_that_fails_hangs_or_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = tmux_that(tmp_path, does="echo 'no server running' >&2; exit 1")
    assert await load_tmux_buffer(b"x", failing) == "no server running"
    monkeypatch.setattr(clipboard, "_SECONDS", 0.05)
    assert await load_tmux_buffer(b"x", tmux_that(tmp_path, does="exec sleep 600")) == "no answer"
    (tmp_path / "tmux").unlink()
    gone = await load_tmux_buffer(b"x", {"TMUX": "/tmp/tmux-0/default,1,0", "PATH": str(tmp_path)})
    assert gone == "No such file or directory"


@pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux here")
async def test_a_tmux_with_its_default_settings_has_it_in_its_buffer(tmp_path: Path) -> None:
    def tmux(*argv: str) -> str:
        command = ["tmux", "-S", str(tmp_path / "socket"), "-f", "/dev/null", *argv]
        environ = plain_environ(TERM="xterm-256color", HOME=str(tmp_path))
        return subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout

    tmux("new-session", "-d", "sleep 600")
    try:
        assert tmux("show", "-gv", "set-clipboard") == "external\n"
        around = tmux("display-message", "-p", "#{socket_path},#{pid},0").strip()
        assert await load_tmux_buffer(SPEC.encode(), plain_environ(TMUX=around)) == ""
        assert tmux("show-buffer") == SPEC
    finally:
        tmux("kill-server")


@pytest.mark.parametrize("size", [10, 70_000])
def test_screen_gets_the_sequence_in_pieces_that_it_passes_on(size: int) -> None:
    pieces = list(through_screen(clipboard_sequence(b"x" * size)))
    assert all(re.fullmatch(r"\x1bP[^\x1b].*\x1b\\|\x1bP\x1b.*\x1b\\", piece, re.DOTALL) for piece in pieces)
    assert max(map(len, pieces)) <= 256
    passed_on = "".join(piece[2:-2] for piece in pieces)
    assert b64decode(passed_on.removeprefix("\x1b]52;c;").removesuffix("\a")) == b"x" * size


def bench(environ: dict[str, str]) -> FakeWorkbench:
    workbench = FakeWorkbench(inventory(loaded("alpha")))
    workbench.environ = environ
    return workbench


def written(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is written to the terminal from now on."""
    sequences: list[str] = []
    monkeypatch.setattr(driver.app._driver, "write", sequences.append)
    return sequences


async def test_the_user_is_told_where_it_went(tmp_path: Path) -> None:
    environ = tmux_that(tmp_path, does=f"exec cat > {tmp_path}/buffer")
    async with opened(workbench=bench(environ)) as driver:
        await driver.press("y")
        await driver.until(lambda: "Copied to tmux's buffer: /opt/miniforge3/envs/alpha" in driver.text)
        assert (tmp_path / "buffer").read_text() == "/opt/miniforge3/envs/alpha"
        assert driver.app.clipboard == "/opt/miniforge3/envs/alpha"


async def test_what_tmux_does_not_take_goes_to_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(workbench=bench(tmux_that(tmp_path, does="exit 3")), size=(140, 30)) as driver:
        sequences = written(driver, monkeypatch)
        await driver.press("y")
        await driver.until(lambda: "as tmux did not take it (exit code 3)" in driver.text)
        assert clipboard_sequence(b"/opt/miniforge3/envs/alpha") in sequences


async def test_in_screen_it_goes_through_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(workbench=bench({"STY": "1234.pts-0.gpu07"})) as driver:
        sequences = written(driver, monkeypatch)
        await driver.press("y")
        assert "Sent through screen to the terminal's clipboard: /opt/miniforge3/envs/alpha" in driver.text
        assert "".join(through_screen(clipboard_sequence(b"/opt/miniforge3/envs/alpha"))) in sequences


async def test_a_text_that_is_too_large_goes_nowhere() -> None:
    said: list[str] = []
    async with opened(workbench=bench({})) as driver:
        copied = driver.app.session.clipboard
        copied.copy("x" * 70_001, "", said.append)
        assert copied.text == ""
        copied.copy("one\x1b[31m\ntwo\nthree", "", said.append)
    assert said == [
        "70 KB are too much for a terminal's clipboard.",
        "Sent to the terminal's clipboard: one\\x1b[31m (3 lines)",
    ]


def test_every_place_tells_where_a_copy_has_gone() -> None:
    """Only the clipboard itself knows: who says `Copied` on its own says so where nothing has arrived."""
    package = Path(clipboard.__file__).parent
    calls = {
        str(file.relative_to(package)) for file in package.rglob("*.py") if "copy_to_clipboard" in file.read_text()
    }
    assert calls == {"app.py"}
