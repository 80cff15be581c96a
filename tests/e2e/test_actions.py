"""Every action from the keyboard, on a real conda in a real terminal, judged by the disk."""

from __future__ import annotations

import os
import signal
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import yaml

from condatui_sandbox import Sandbox
from support.dying_job import dying_conda
from support.sandboxes import manifest
from support.terminal import Terminal
from support.tiers import thorough

MakeCopy = Callable[..., Sandbox]


@contextmanager
def opened(installed: Path, box: Sandbox, columns: int = 100, rows: int = 30) -> Iterator[Terminal]:
    """The workbench on a sandbox, everything read; what it keeps outlives it."""
    environ = {**box.environ, "CONDATUI_HOME": str(box.home / ".condatui"), "CONDATUI_USUAL_PLACES": "0"}
    with Terminal([str(installed / "condatui")], environ=environ, columns=columns, rows=rows) as terminal:
        terminal.wait_for("conda 24.7.1")
        terminal.wait_for(lambda screen: not any(word in screen for word in ("reading", "asking", "measuring")))
        yield terminal


def go_to(terminal: Terminal, name: str) -> None:
    """Put the cursor on an environment by its name."""
    terminal.press(f"/{name}")
    terminal.wait_for(f"/{name}")
    terminal.press("\r")
    terminal.wait_for("1 of 1 ")


def run(terminal: Terminal) -> None:
    """Have the plan carried out once it is there."""
    terminal.wait_for("enter run")
    terminal.press("\r")


def name_file(terminal: Terminal, suggested: str, file: Path) -> None:
    """Answer with another file than the one that is suggested."""
    terminal.wait_for(suggested)
    terminal.press("\t\x15")
    terminal.wait_for(lambda screen: suggested not in screen)
    terminal.press(f"{file}\r")


def files(prefix: Path) -> dict[str, tuple[int, bytes]]:
    """Mode and content of every file of a prefix, its links by where they lead."""
    found = {}
    for path in prefix.rglob("*"):
        if path.is_symlink():
            found[str(path)] = (0, os.fsencode(os.readlink(path)))
        elif path.is_file():
            found[str(path)] = (path.stat().st_mode, path.read_bytes())
    return found


def test_clone(installed: Path, sandbox_copy: MakeCopy) -> None:
    box = sandbox_copy("vision-cpu")
    with opened(installed, box) as terminal:
        go_to(terminal, "vision-cpu")
        terminal.press("n")
        terminal.wait_for("Clone an environment")
        terminal.press("a-copy\r")
        run(terminal)
        terminal.wait_for("a-copy was made")
        terminal.press("\x1b")
        terminal.wait_for(lambda screen: "a-copy  " in screen and "filter `" not in screen)
    source, clone = box.prefixes["vision-cpu"], box.prefixes["vision-cpu"].with_name("a-copy")
    records = [{each.name for each in (prefix / "conda-meta").glob("*.json")} for prefix in (source, clone)]
    assert records[0] == records[1]
    assert (clone / "conda-meta" / "history").is_file()


def test_export_and_pack(installed: Path, sandbox_copy: MakeCopy, tmp_path: Path) -> None:
    box = sandbox_copy("vision-cpu")
    with opened(installed, box) as terminal:
        go_to(terminal, "vision-cpu")
        terminal.press("e")
        terminal.wait_for("name: vision-cpu")
        name_file(terminal, "vision-cpu.yml", tmp_path / "e.yml")
        run(terminal)
        terminal.wait_for("e.yml was written")
        terminal.press("e")
        terminal.wait_for("name: vision-cpu")
        name_file(terminal, "vision-cpu.yml", tmp_path / "e.yml")
        terminal.wait_for("enter replace the file")
        terminal.press("\x1b")
        terminal.wait_for("enter go on")
        terminal.press("\x1b")
        terminal.wait_for("p pack")
        terminal.press("p")
        terminal.wait_for("Pack vision-cpu")
        name_file(terminal, "vision-cpu.tar.gz", tmp_path / "p.tar.gz")
        run(terminal)
        terminal.wait_for("was packed")
        terminal.press("4")
        terminal.wait_for("The receiver runs:")
        terminal.wait_for("bin/conda-unpack")
    assert yaml.safe_load((tmp_path / "e.yml").read_text())["name"] == "vision-cpu"
    with tarfile.open(tmp_path / "p.tar.gz") as archive:
        assert {"bin/python", "bin/conda-unpack"} <= {name.removeprefix("./") for name in archive.getnames()}


def test_remove_and_undo(installed: Path, sandbox_copy: MakeCopy) -> None:
    box = sandbox_copy("try-again-final-v2")
    prefix = box.prefixes["try-again-final-v2"]
    before = files(prefix)
    with opened(installed, box) as terminal:
        go_to(terminal, "try-again-final-v2")
        terminal.press("d")
        run(terminal)
        terminal.wait_for("was removed")
        terminal.wait_for("No environment matches")
        assert not prefix.exists()
        terminal.press("u")
        terminal.wait_for("Bring back try-again-final-v2")
        run(terminal)
        terminal.wait_for("is back")
        terminal.wait_for("43+1")  # its row
    assert files(prefix) == before


@pytest.mark.thorough
def test_a_restore_point_is_brought_back_and_deleted(installed: Path, sandbox_copy: MakeCopy) -> None:
    box = sandbox_copy("notebooks")
    prefix = box.prefixes["notebooks"]
    with opened(installed, box, columns=80, rows=24) as terminal:
        go_to(terminal, "notebooks")
        terminal.press("d")
        run(terminal)
        terminal.wait_for("was removed")
        terminal.press("5")
        terminal.wait_for("everything is here")
        terminal.press("\r")
        run(terminal)
        terminal.wait_for("notebooks is back")
        assert (prefix / "conda-meta" / "history").is_file()
        terminal.press("d")
        run(terminal)
        terminal.wait_for("There are no restore points")
    points = box.home / ".condatui" / "state" / "restore"
    assert [each for each in points.iterdir() if each.is_dir()] == []


def test_clean(installed: Path, sandbox_copy: MakeCopy) -> None:
    box = sandbox_copy("vision-cpu")
    cache = box.root_prefix / "pkgs"
    with opened(installed, box) as terminal:
        terminal.press("3")
        terminal.wait_for("archives  ")
        terminal.press("\x1b[H")
        while "▌  archives  " not in terminal.wait_for("▌"):
            row = next(line for line in terminal.screen.splitlines() if line.startswith("▌"))
            terminal.press("j")
            terminal.wait_for(lambda screen, row=row: row not in screen)  # type: ignore[misc]
        terminal.press("\r")
        run(terminal)
        terminal.wait_for("from 1 cache")
        terminal.wait_for(lambda screen: "archives  " not in screen)
    assert not [*cache.glob("*.conda"), *cache.glob("*.tar.bz2")]
    assert [each for each in cache.iterdir() if (each / "info").is_dir()]


def test_base_and_a_blocked_plan_are_refused_in_words(installed: Path, sandbox_copy: MakeCopy) -> None:
    box = sandbox_copy("prod-frozen")
    before = manifest(box.prefixes["prod-frozen"])
    with opened(installed, box) as terminal:
        terminal.press("d")
        terminal.wait_for("base is never removed")
        go_to(terminal, "prod-frozen")
        terminal.press("d")
        terminal.wait_for("prod-frozen is frozen")
        terminal.press("\x1b")
        terminal.wait_for("d remove")
    assert manifest(box.prefixes["prod-frozen"]) == before


@pytest.mark.parametrize("number", [signal.SIGHUP, *thorough([signal.SIGTERM])])
def test_a_lost_line_ends_the_job_in_order_and_the_next_start_says_what_is_there(
    installed: Path, sandbox_copy: MakeCopy, number: signal.Signals
) -> None:
    box = sandbox_copy("vision-cpu")
    with opened(installed, box) as terminal:
        go_to(terminal, "vision-cpu")
        terminal.press("n")
        terminal.wait_for("Clone an environment")
        terminal.press("lost\r")
        run(terminal)
        terminal.wait_for("jobs ●1")
        started = psutil.Process(terminal.pid).children(recursive=True)
        os.kill(terminal.pid, number)
        assert terminal.wait_for_exit() == 128 + number
        assert psutil.wait_procs(started, timeout=10)[1] == []
    with opened(installed, box) as terminal:
        terminal.press("4")
        terminal.wait_for("Clone vision-cpu to lost")
        screen = terminal.wait_for(lambda text: "interrupted" in text or "cancelled" in text or "was made" in text)
        made = box.prefixes["vision-cpu"].with_name("lost")
        assert ("half-made" in screen or "lost was made" in screen) is made.exists(), screen


def test_after_a_kill_the_next_start_says_what_is_there_and_clears_it_away(
    installed: Path, sandbox_copy: MakeCopy
) -> None:
    box = sandbox_copy("vision-cpu")
    made = box.prefixes["vision-cpu"].with_name("lost")
    with dying_conda(box, "install", "os.link", str(made), 100, with_parent=True), opened(installed, box) as terminal:
        go_to(terminal, "vision-cpu")
        terminal.press("n")
        terminal.wait_for("Clone an environment")
        terminal.press("lost\r")
        run(terminal)
        assert terminal.wait_for_exit() == -signal.SIGKILL
    assert made.exists()
    with opened(installed, box) as terminal:
        terminal.wait_for("half-made")
        terminal.press("4")
        terminal.wait_for("enter: Remove the half-made")
        terminal.press("\r")
        run(terminal)
        terminal.wait_for("lost was removed")
    assert not made.exists()


def test_leaving_while_a_job_is_at_work_asks(installed: Path, sandbox_copy: MakeCopy) -> None:
    box = sandbox_copy("vision-cpu")
    with opened(installed, box) as terminal:
        go_to(terminal, "vision-cpu")
        terminal.press("n")
        terminal.wait_for("Clone an environment")
        terminal.press("left\r")
        terminal.wait_for("enter run")
        terminal.press("\r")
        terminal.wait_for("jobs ●1")
        terminal.press("q")
        terminal.wait_for("cancel and leave")
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
    with opened(installed, box) as terminal:
        terminal.press("4")
        terminal.wait_for("You cancelled it.")
        assert "interrupted" not in terminal.screen
