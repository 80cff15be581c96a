"""`condatui pack` on a real sandbox."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tarfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from condatui.cli.invocation import Invocation
from condatui.cli.main import condatui
from condatui_sandbox import Sandbox
from support.fake_conda import program
from support.tiers import thorough

Run = Callable[..., Result]


@pytest.fixture
def run(sandbox: Sandbox, tmp_path: Path) -> Run:
    """Run `condatui pack` in an empty directory, with nobody at a terminal."""
    (tmp_path / "here").mkdir()

    def run(*arguments: str) -> Result:
        own = {"CONDATUI_HOME": str(tmp_path / "own"), "CONDATUI_USUAL_PLACES": "0"}
        invocation = Invocation(
            environ={**sandbox.environ, **own},
            home=sandbox.home,
            cwd=str(tmp_path / "here"),
            clock=lambda: datetime.now().astimezone(),
            terminal=False,
        )
        return CliRunner().invoke(condatui, ["pack", *arguments], obj=invocation)

    return run


def test_packs_and_says_what_the_receiver_runs(run: Run, tmp_path: Path) -> None:
    done = run("notebooks", "-o", "nb.tar.gz", "--yes", "--exclude", "share/*", "--threads", "2", "--level", "1")
    assert done.exit_code == 0, done.stderr
    assert "tar -xzf nb.tar.gz -C notebooks" in done.stdout
    with tarfile.open(tmp_path / "here" / "nb.tar.gz") as archive:
        assert "bin/conda-unpack" in archive.getnames()
    assert sorted(each.name for each in (tmp_path / "here").iterdir()) == ["nb.tar.gz", "nb.tar.gz.sha256"]
    assert "nb.tar.gz.sha256\n" in done.stdout
    again = run("notebooks", "-o", "nb.tar.gz", "--yes")
    assert again.exit_code == 3 and "exists already" in again.stderr


def test_lines_of_json_with_progress(run: Run) -> None:
    done = run("notebooks", "-o", "nb", "--format", "tar", "--yes", "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[0]["plan"]["steps"][0]["argv"][0] == "conda-pack"
    assert [each["event"]["name"] for each in lines[1:-1] if each["event"]["type"] == "stage"] == [
        "pack",
        "check",
        "place",
        "checksum",
    ]
    assert any(each["event"]["type"] == "progress" for each in lines[1:-1])
    assert len(lines[-1]["result"]["outcome"]["receiver"]) == 3


def test_a_blocker_says_what_stays_behind(run: Run, tmp_path: Path) -> None:
    done = run("pip-mix", "-o", "x.zip", "--yes")
    assert done.exit_code == 3
    assert "segtools" in done.stderr and "--ignore-editable" in done.stderr
    assert run("pip-mix", "-o", "x.zip", "--dry-run", "--ignore-editable").exit_code == 0
    assert not list((tmp_path / "here").iterdir())


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (("notebooks", "--yes"), 2),
        (("notebooks", "-o", "x.zip"), 3),
        *thorough(
            [
                (("notebooks", "-o", "x.rar", "--yes"), 2),
                (("notebooks", "-o", "x.zip", "--level", "11", "--yes"), 2),
                (("nobody", "-o", "x.zip", "--yes"), 2),
            ]
        ),
        (("half-cloned", "-o", "x.zip", "--yes"), 3),
    ],
)
def test_what_cannot_be(arguments: tuple[str, ...], exit_code: int, run: Run) -> None:
    done = run(*arguments)
    assert done.exit_code == exit_code
    assert done.stderr and "Traceback" not in done.stderr


_SLOW = """\
exec 3> {pipe}
echo begun >&3
sleep 600
"""


def _next(pipe: int) -> bytes:
    """What comes out of a pipe next; nothing when nobody holds its other end any more."""
    assert select.select([pipe], [], [], 60)[0], "it takes too long"
    return os.read(pipe, 100)


@pytest.mark.thorough
def test_a_kill_leaves_nothing_and_the_next_start_says_so(sandbox: Sandbox, tmp_path: Path) -> None:
    """A tool that packs for ever holds a pipe open; its end shows that everything has ended, the last process too."""
    pipe, place = tmp_path / "pipe", tmp_path / "place"
    os.mkfifo(pipe)
    place.mkdir()
    for tool in ("mksquashfs", "unsquashfs"):
        program(tmp_path / "bin" / tool, _SLOW.format(pipe=pipe))
    environ = {**sandbox.environ, "CONDATUI_HOME": str(tmp_path / "own"), "CONDATUI_USUAL_PLACES": "0"}
    environ["PATH"] = f"{tmp_path / 'bin'}:{environ['PATH']}"
    argv = [sys.executable, "-m", "condatui", "pack", "notebooks", "-o", str(place / "x.squashfs")]
    held = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with subprocess.Popen(
        [*argv, "--yes"], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as packing:
        assert _next(held) == b"begun\n"
        assert len(list(place.iterdir())) == 1
        packing.kill()
        assert _next(held) == b""
    os.close(held)
    assert not list(place.iterdir())
    told = subprocess.run([*argv, "--dry-run"], env=environ, capture_output=True, text=True, check=True).stderr
    assert "Pack notebooks" in told and "was interrupted" in told
    assert "was not written; nothing is left over" in told


def test_several_go_into_a_directory_by_one_plan(run: Run, tmp_path: Path) -> None:
    planned = run("notebooks", "train-pinned", "notebooks", "--dir", ".", "--format", "tar", "--dry-run")
    assert planned.exit_code == 0, planned.stderr
    assert "Pack 2 environments" in planned.stdout
    assert all(f"/here/{name}.tar" in "".join(planned.stdout.split()) for name in ("notebooks", "train-pinned"))
    assert list((tmp_path / "here").iterdir()) == []


@pytest.mark.parametrize("where", [(), ("-o", "a.tar", "--dir", "."), ("-o", "a.tar")])
def test_several_need_a_directory(run: Run, where: tuple[str, ...]) -> None:
    refused = run("notebooks", "train-pinned", *where, "--yes")
    assert (refused.exit_code, "go to --dir DIR" in refused.stderr) == (2, True)
