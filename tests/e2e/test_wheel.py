"""The wheel, installed into a clean environment: what a user meets first."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from condatui_core import __version__
from support.terminal import Terminal


def _condatui(installed: Path, *argv: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [installed / "condatui", *argv],
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_wheel_holds_both_packages_and_nothing_of_the_repository(installed: Path) -> None:
    (site_packages,) = installed.parent.glob("lib/python3.*/site-packages")
    assert (site_packages / "condatui_core" / "py.typed").is_file()
    assert list((site_packages / "condatui").rglob("*.tcss"))
    for name in ("core", "tui", "tests", "bench", "screenshots"):
        assert not (site_packages / name).exists()
    assert (installed.parent / "share/man/man1/condatui.1").is_file()


def test_version(installed: Path, nowhere: dict[str, str]) -> None:
    done = _condatui(installed, "--version", environ=nowhere)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split()[-1] == __version__


def test_list_without_any_conda_is_an_empty_document(installed: Path, nowhere: dict[str, str]) -> None:
    done = _condatui(installed, "list", "--json", environ=nowhere)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["conda"] is None
    assert document["environments"] == []


def test_without_a_terminal_the_workbench_says_what_to_do(installed: Path, nowhere: dict[str, str]) -> None:
    done = _condatui(installed, environ=nowhere)
    assert done.returncode == 2
    assert "condatui list" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_demo_says_which_extra_it_needs(installed: Path, nowhere: dict[str, str]) -> None:
    done = _condatui(installed, "demo", "--list", environ=nowhere)
    assert done.returncode == 2
    assert "condatui[demo]" in done.stderr


def test_the_workbench_opens_without_any_conda_and_quits(installed: Path, nowhere: dict[str, str]) -> None:
    with Terminal([str(installed / "condatui")], environ=nowhere) as terminal:
        terminal.wait_for("no conda")
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
