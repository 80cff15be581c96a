"""A command that is run and watched: what it opens is seen, and nothing of it is left."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from condatui_core.proc.child import ChildNotStartedError
from condatui_core.records.usage import Trace
from condatui_core.tracing.run import TracedCommand, trace
from support.processes import has_ended, until

GRACES = ((signal.SIGINT, 20.0), (signal.SIGKILL, 20.0))
LONG = 600
"""Seconds that a command of these tests may run at most: it ends before, or is ended."""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where a command runs; `env` in it is the environment."""
    (tmp_path / "env").mkdir()
    return tmp_path


def run(place: Path, *argv: str, seconds: float = LONG, **environ: str) -> Trace:
    return asyncio.run(traced(place, *argv, seconds=seconds, stop=None, **environ))


async def traced(
    place: Path, *argv: str, seconds: float = LONG, stop: asyncio.Event | None = None, **environ: str
) -> Trace:
    with (place / "output").open("ab") as output:
        command = TracedCommand(
            argv=argv,
            environ={"PATH": os.defpath, **environ},
            prefix=str(place / "env"),
            directory=str(place),
            output=output.fileno(),
            seconds=seconds,
            graces=GRACES,
        )
        return await trace(command, stop or asyncio.Event())


def python(place: Path, code: str, *options: str, seconds: float = LONG, **environ: str) -> Trace:
    return run(place, sys.executable, *options, "-c", code, seconds=seconds, **environ)


def names(paths: frozenset[str]) -> set[str]:
    """The names of files of code, whether their byte code was opened or their source."""
    return {os.path.basename(path).partition(".")[0] for path in paths}


def test_data_code_and_libraries_are_seen_and_output_passed_on(place: Path) -> None:
    (place / "env" / "data").write_text("x")
    library = place / "env" / "libmade.so.1"
    (extension,) = Path(msgspec.__file__).parent.glob("_core.*.so")
    shutil.copyfile(extension, library)
    seen = python(place, f"import wave, ctypes; ctypes.CDLL({str(library)!r}); open('env/data').read(); print('said')")
    assert (seen.end, seen.exit_code) == ("exited", 0)
    assert str(place / "env" / "data") in seen.opened
    assert "wave" in names(seen.opened)
    assert str(library) in seen.mapped
    assert seen.told == seen.ended and len(seen.told) == 1
    assert (place / "output").read_text() == "said\n"


def test_what_a_python_opened_that_another_one_started_is_seen(place: Path) -> None:
    code = (
        "import subprocess, sys; sys.exit(subprocess.call([sys.executable, '-c', 'import wave; raise SystemExit(3)']))"
    )
    seen = python(place, code)
    assert seen.exit_code == 3
    assert "wave" in names(seen.opened)
    assert len(seen.told) == 2


def test_a_forked_child_is_one_more_process(place: Path) -> None:
    seen = python(place, "import os\npid = os.fork()\nif pid: os.waitpid(pid, 0)\nelse: import wave; os._exit(0)")
    assert "wave" in names(seen.opened)
    assert len(seen.told) == 2
    assert len(seen.ended) == 1  # os._exit says nothing


def test_the_sitecustomize_of_the_environment_runs_as_ever(place: Path) -> None:
    own = place / "own"
    own.mkdir()
    (own / "sitecustomize.py").write_text("import sys; sys.mine = True")
    code = "import sys; print(sys.mine, sys.modules['sitecustomize'].__file__); print(len([*filter(HOOKS, sys.path)]))"
    code = code.replace("HOOKS", "lambda each: each.endswith('hook')")
    seen = python(place, code, PYTHONPATH=str(own))
    assert (place / "output").read_text() == f"True {own}/sitecustomize.py\n0\n"
    assert len(seen.told) == 1


def test_a_failing_sitecustomize_of_the_environment_fails_as_ever(place: Path) -> None:
    own = place / "own"
    own.mkdir()
    (own / "sitecustomize.py").write_text("raise ValueError('broken on purpose')")
    seen = python(place, "import wave", PYTHONPATH=str(own))
    assert "broken on purpose" in (place / "output").read_text()
    assert seen.exit_code == 0 and "wave" in names(seen.opened)


def test_a_program_that_closes_every_descriptor_gets_its_own_files_as_it_wrote_them(place: Path) -> None:
    (place / "env" / "data").write_text("x")
    code = (
        "import os; os.closerange(3, 64)\n"
        "mine = os.open('mine', os.O_WRONLY | os.O_CREAT)\n"
        "open('env/data').read(); import wave\n"
        "os.write(mine, b'mine')"
    )
    seen = python(place, code)
    assert (place / "mine").read_bytes() == b"mine"
    assert str(place / "env" / "data") in seen.opened


def test_no_byte_code_is_written_and_what_the_command_writes_is_told(place: Path) -> None:
    (place / "env" / "module.py").write_text("")
    code = "import sys; sys.path.insert(0, 'env'); import module; open('env/made', 'w').write('x')"
    seen = python(place, code)
    assert sorted(path.name for path in (place / "env").iterdir()) == ["made", "module.py"]
    assert seen.written == {str(place / "env" / "made")}


def test_a_command_that_fails_says_how_and_what_it_opened_is_there(place: Path) -> None:
    seen = python(place, "import wave; raise SystemExit(7)")
    assert (seen.end, seen.exit_code) == ("exited", 7)
    assert "wave" in names(seen.opened)
    killed = python(place, "import os, wave; os.kill(os.getpid(), 9)")
    assert (killed.end, killed.exit_code) == ("exited", -9)
    assert "wave" in names(killed.opened)
    assert not killed.ended


FOR_EVER = "import os, signal, sys, wave\n{start}\nopen('pids', 'a').write(str(os.getpid()) + ' ')\nsignal.pause()"


def left(place: Path) -> list[int]:
    return [pid for pid in map(int, (place / "pids").read_text().split()) if not has_ended(pid)]


def test_a_command_that_never_ends_is_ended_at_its_limit_with_its_descendants(place: Path) -> None:
    start = "if os.fork() == 0: os.setsid()"
    seen = python(place, FOR_EVER.format(start=start), seconds=1.0)
    assert seen.end == "timed-out"
    assert "wave" in names(seen.opened)
    assert len((place / "pids").read_text().split()) == 2
    assert left(place) == []
    assert len(seen.processes) == 2


async def test_a_command_that_is_stopped_ends_in_order(place: Path) -> None:
    stop = asyncio.Event()
    code = FOR_EVER.format(start="signal.signal(signal.SIGINT, lambda *_: sys.exit(5))")
    working = asyncio.ensure_future(traced(place, sys.executable, "-c", code, stop=stop))
    await until((place / "pids").exists)
    stop.set()
    seen = await working
    assert (seen.end, seen.exit_code) == ("stopped", 5)
    assert seen.ended == seen.told
    assert left(place) == []


async def test_cancelled_it_leaves_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = place / "tmp"
    notes.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(notes))
    working = asyncio.ensure_future(traced(place, sys.executable, "-c", FOR_EVER.format(start="")))
    await until((place / "pids").exists)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert left(place) == []
    assert list(notes.iterdir()) == []


def test_an_isolated_python_tells_nothing_and_is_seen_from_outside(place: Path) -> None:
    seen = python(place, "import signal, _ctypes; signal.pause()", "-I", seconds=1.0)
    assert not seen.told
    assert {each.program for each in seen.processes} == {os.path.realpath(sys.executable)}
    assert any("_ctypes" in path for path in seen.mapped)


def test_a_program_that_is_no_python_is_seen_from_outside(place: Path) -> None:
    seen = run(place, "/bin/sh", "-c", "read line < /dev/zero", seconds=0.3)
    assert seen.end == "timed-out"
    assert [os.path.basename(each.program) for each in seen.processes] == [
        os.path.basename(os.path.realpath("/bin/sh"))
    ]


def test_what_is_not_there_is_not_started(place: Path) -> None:
    with pytest.raises(ChildNotStartedError):
        run(place, "no-such-program")


def test_it_reads_from_nothing(place: Path) -> None:
    assert python(place, "import sys; sys.exit(len(sys.stdin.read()))").exit_code == 0


def test_the_hook_is_quiet_where_nobody_listens(place: Path) -> None:
    """As in a Python that somebody starts with the variables of a trace that is long over."""
    from condatui_core.tracing.notes import HOOK

    environ = {"PYTHONPATH": str(HOOK), "CONDATUI_TRACE": "/no/such/place", "CONDATUI_TRACE_PREFIXES": "/"}
    done = subprocess.run([sys.executable, "-c", "import wave"], env=environ, capture_output=True, check=True)
    assert done.stderr == b""


@pytest.mark.parametrize(
    "code",
    [
        "import os, shutil; shutil.rmtree(os.environ['CONDATUI_TRACE'])",
        "import os, shutil; place = os.environ['CONDATUI_TRACE']; shutil.rmtree(place); open(place, 'w').close()",
        "import os, shutil; place = os.environ['CONDATUI_TRACE']; shutil.rmtree(place); os.symlink(os.getcwd(), place)",
    ],
)
def test_a_command_that_takes_away_what_is_noted_is_seen_in_part(place: Path, code: str) -> None:
    (place / "tmp").mkdir()
    seen = python(place, code)
    assert (seen.end, seen.exit_code) == ("exited", 0)
    assert seen.overflowed


def test_what_a_command_notes_of_itself_is_not_believed(place: Path) -> None:
    code = "import os; open(os.environ['CONDATUI_TRACE'] + '/x', 'w').write('p' + '1' * 9000 + '\\0q\\0o\\0e-1\\0')"
    seen = python(place, code)
    assert len(seen.told) == len(seen.ended) == 1
