"""The probe in real environments, with torch packages that do what real ones have been seen to do."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from condatui_core.gpu.probe.prober import Limits, Probe, Prober
from condatui_core.records.gpu_probe import (
    Available,
    Built,
    ConvolutionRun,
    Counted,
    CudnnRead,
    DeviceSeen,
    Imported,
    ImportFailed,
    KernelRun,
    Loaded,
    Over,
    ProbeBegun,
    ProbeRun,
    Stage,
    Why,
)
from condatui_sandbox import Sandbox
from support.fake_torch import A_GPU, CPU_BUILD, WORKING, FakeTorch, real_environment, site_packages
from support.gpu_facts import NO_DRIVER_TEXT
from support.prefixes import manifest
from support.processes import until

ENVIRON = {"PATH": os.environ["PATH"]}
GRACES = ((signal.SIGTERM, 0.3), (signal.SIGKILL, 20.0))
IGNORING = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
FOREVER = "import time; time.sleep(600)"


class Impatient(Limits, frozen=True, kw_only=True):
    """Has all the time of the world, but none after a stage of this kind."""

    after_stage: type[Stage]

    def after(self, stages: Sequence[Stage]) -> float:
        return 0.1 if stages and isinstance(stages[-1], self.after_stage) else 60


def patient() -> Limits:
    return Limits(to_import=60, a_stage=60)


def impatient(after: type[Stage]) -> Limits:
    return Impatient(to_import=60, a_stage=60, after_stage=after)


class AfterFile(Limits, frozen=True, kw_only=True):
    """Has no time left when there is this file."""

    file: str

    def after(self, stages: Sequence[Stage]) -> float:
        return 0.1 if os.path.exists(self.file) else 60


def impatient_after_daemon(bench: Bench) -> Limits:
    return AfterFile(to_import=60, a_stage=60, file=str(bench.pid_file))


class Bench:
    """An environment, and a prober for it."""

    def __init__(self, prefix: Path, scratch: Path) -> None:
        self.prefix = prefix
        self.scratch = scratch
        self.environ = dict(ENVIRON)
        self.told: list[Stage] = []

    def probe(self, **fields: str) -> Probe:
        return Probe(prefix=str(self.prefix), python=f"{self.prefix}/bin/python", **fields)  # type: ignore[arg-type]

    def prober(self, limits: Limits | None = None, **fields: object) -> Prober:
        return Prober(limits or patient(), self.environ, **{"graces": GRACES, **fields})  # type: ignore[arg-type]

    async def run(self, torch: FakeTorch | None, limits: Limits | None = None, **fields: object) -> ProbeRun:
        """Probe this torch; whatever it does, the environment is afterwards what it was before."""
        if torch:
            torch.install(self.prefix)
        before = manifest(self.prefix)
        run = await self.prober(limits, **fields).run(self.probe(), self.told.append)
        assert manifest(self.prefix) == before
        return run

    @property
    def pid_file(self) -> Path:
        return self.scratch / "pid"

    def ended(self) -> bool:
        """Whether the process that has left its pid is gone; one that nobody reaps counts as gone."""
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(int(self.pid_file.read_text())).status() == psutil.STATUS_ZOMBIE
        return True

    def descendant(self, code: str) -> str:
        """Code that starts a process which leaves its pid and then runs this code, and waits for that pid."""
        file = str(self.pid_file)
        descendant = (
            "import os\n"
            f"with open({file!r} + '~', 'w') as written: written.write(str(os.getpid()))\n"
            f"os.rename({file!r} + '~', {file!r})\n"
            f"{code}\n"
        )
        return (
            "import os, subprocess, sys, time\n"
            f"subprocess.Popen([sys.executable, '-c', {descendant!r}])\n"
            f"while not os.path.exists({file!r}): time.sleep(0.01)\n"
        )


@pytest.fixture
def bench(sandbox: Sandbox, tmp_path: Path) -> Iterator[Bench]:
    made = Bench(real_environment(sandbox, tmp_path), tmp_path)
    yield made
    if made.pid_file.exists():
        assert made.ended()


async def test_a_torch_that_works_says_so_stage_by_stage(bench: Bench) -> None:
    run = await bench.run(WORKING)
    assert [type(stage) for stage in run.stages] == [
        ProbeBegun,
        Imported,
        Built,
        Available,
        Counted,
        CudnnRead,
        DeviceSeen,
        KernelRun,
        ConvolutionRun,
        Loaded,
        Over,
    ]
    assert (run.ended, run.exit_code, run.stages) == ("exited", 0, tuple(bench.told))
    _, imported, built, available, counted, cudnn, device, kernel, convolution, *_ = run.stages
    assert isinstance(imported, Imported) and imported.version == "2.13.0+cu130"
    assert imported.file == str(site_packages(bench.prefix) / "torch/__init__.py")
    assert isinstance(built, Built) and (built.cuda, built.hip) == ("13.0", None)
    assert built.archs == ("sm_80", "sm_90", "compute_90")
    assert isinstance(available, Available) and available.available
    assert isinstance(counted, Counted) and counted.count == 1
    assert isinstance(cudnn, CudnnRead) and cudnn.version == 91002
    assert isinstance(device, DeviceSeen) and (device.name, device.capability) == ("NVIDIA H100", (9, 0))
    assert (device.total_bytes, device.free_bytes) == (80 << 30, 40 << 30)
    assert isinstance(kernel, KernelRun) and kernel.right
    assert isinstance(convolution, ConvolutionRun) and convolution.right


async def test_a_torch_that_sees_no_gpu_says_why_and_is_asked_once(bench: Bench) -> None:
    counting = f"open({str(bench.scratch / 'asked')!r}, 'a').write('x')"
    torch = FakeTorch(actions={"init": counting}, warnings=("CUDA initialization:\n  too old",))
    run = await bench.run(torch)
    (available,) = [stage for stage in run.stages if isinstance(stage, Available)]
    (why,) = [stage for stage in run.stages if isinstance(stage, Why)]
    assert (available.available, available.warnings) == (False, ("CUDA initialization: too old",))
    assert (why.kind, why.message) == ("RuntimeError", NO_DRIVER_TEXT)
    assert (bench.scratch / "asked").read_text() == "x"
    assert "too old" in run.stderr
    assert isinstance(run.stages[-1], Over)


async def test_a_cpu_build_is_not_asked_for_a_driver(bench: Bench) -> None:
    run = await bench.run(CPU_BUILD)
    assert not any(isinstance(stage, (Why, DeviceSeen)) for stage in run.stages)
    (built,) = [stage for stage in run.stages if isinstance(stage, Built)]
    assert built.cuda is None


async def test_no_torch_and_what_is_left_of_one(bench: Bench) -> None:
    run = await bench.run(None)
    _, failed, *_ = run.stages
    assert isinstance(failed, ImportFailed)
    assert (failed.kind, failed.missing) == ("ModuleNotFoundError", "torch")
    (site_packages(bench.prefix) / "torch/lib").mkdir(parents=True)
    run = await bench.run(None)
    _, failed, *_ = run.stages
    assert isinstance(failed, ImportFailed)
    assert (failed.kind, failed.missing) == ("", "")
    assert str(site_packages(bench.prefix) / "torch") in failed.message


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGILL, signal.SIGBUS, signal.SIGABRT])
async def test_a_crash_of_the_import(bench: Bench, number: signal.Signals) -> None:
    run = await bench.run(FakeTorch(before=f"import os; os.kill(os.getpid(), {int(number)})"))
    assert (run.ended, run.exit_code) == ("exited", -number)
    assert [type(stage) for stage in run.stages] == [ProbeBegun]
    assert "Fatal Python error" in run.stderr, "faulthandler tells where"


async def test_a_crash_in_a_kernel(bench: Bench) -> None:
    run = await bench.run(FakeTorch(available=True, devices=(A_GPU,), actions={"kernel": "os.kill(os.getpid(), 11)"}))
    assert run.exit_code == -signal.SIGSEGV
    assert isinstance(run.stages[-1], DeviceSeen)


async def test_a_kernel_that_fails_and_one_that_is_wrong(bench: Bench) -> None:
    failing = "raise RuntimeError('CUDA error: no kernel image is available\\n for execution on the device')"
    two = FakeTorch(available=True, devices=(A_GPU, A_GPU), actions={"kernel": failing}, wrong=("conv",))
    run = await bench.run(two)
    kernels = [stage for stage in run.stages if isinstance(stage, KernelRun)]
    assert [(each.index, each.right, each.kind) for each in kernels] == [
        (0, False, "RuntimeError"),
        (1, False, "RuntimeError"),
    ]
    assert kernels[0].message == "CUDA error: no kernel image is available for execution on the device"
    convolutions = [stage for stage in run.stages if isinstance(stage, ConvolutionRun)]
    assert [(each.right, each.kind) for each in convolutions] == [(False, ""), (False, "")]
    assert isinstance(run.stages[-1], Over)


async def test_an_import_that_exits(bench: Bench) -> None:
    run = await bench.run(FakeTorch(before="raise SystemExit('not on this machine')"))
    _, failed, *_ = run.stages
    assert isinstance(failed, ImportFailed)
    assert (failed.kind, failed.message) == ("SystemExit", "not on this machine")
    assert run.exit_code == 0


async def test_an_import_that_prints_garbage(bench: Bench) -> None:
    garbage = "import os; [os.write(1, os.urandom(1 << 20)) for _ in range(12)]; os.write(2, b'\\x1b[2J{}\\n')"
    run = await bench.run(FakeTorch(before=garbage))
    assert isinstance(run.stages[-1], Over)
    assert 0 < len(run.stdout) <= 10_000
    assert run.stderr == "\x1b[2J{}\n"


async def test_credentials_are_masked(bench: Bench) -> None:
    secret = "https://ada:secret@host/t/tk-1234/channel"
    run = await bench.run(FakeTorch(before=f"import os; os.write(1, {secret.encode()!r}); raise OSError({secret!r})"))
    _, failed, *_ = run.stages
    assert isinstance(failed, ImportFailed)
    assert failed.message == run.stdout == "https://***@host/t/<TOKEN>/channel"
    assert "secret@" not in failed.traceback


async def test_a_text_that_is_no_unicode(bench: Bench) -> None:
    run = await bench.run(FakeTorch(before="raise ImportError('\\udcff\\ud800')"))
    _, failed, *_ = run.stages
    assert isinstance(failed, ImportFailed) and failed.message == "??"


async def test_an_import_that_forks_is_told_of_once(bench: Bench) -> None:
    run = await bench.run(FakeTorch(before="import os; os.fork()"))
    assert len(run.stages) == len({type(stage) for stage in run.stages})
    assert isinstance(run.stages[-1], Over)


async def test_an_import_that_closes_all_files(bench: Bench) -> None:
    run = await bench.run(FakeTorch(before="import os; os.closerange(3, 200); os.chdir('/')"))
    assert isinstance(run.stages[-1], Over)


async def test_a_descendant_that_lives_on_is_ended(bench: Bench) -> None:
    run = await bench.run(FakeTorch(before=bench.descendant(FOREVER)))
    assert (run.ended, run.exit_code) == ("exited", 0)
    assert bench.ended()


async def test_a_descendant_that_has_left_the_session_is_ended(bench: Bench) -> None:
    run = await bench.run(FakeTorch(before=bench.descendant(f"os.setsid()\n{IGNORING}\n{FOREVER}")))
    assert (run.ended, run.exit_code) == ("exited", 0)
    assert bench.ended()


DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        code = "import os, time; made = open({file!r} + '~', 'w'); made.write(str(os.getpid())); made.close(); "
        code += "os.rename({file!r} + '~', {file!r}); time.sleep(600)"
        os.execve(sys.executable, [sys.executable, '-c', code], {{}})
    os._exit(0)
while not os.path.exists({file!r}): time.sleep(0.01)
"""
"""Code that starts a process without parent, session and variables, and waits until that has left its pid."""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process adopt orphans")
@pytest.mark.parametrize(("then", "ended"), [("", "exited"), (FOREVER, "timed-out")])
async def test_a_daemon_that_has_dropped_its_variables_is_ended(bench: Bench, then: str, ended: str) -> None:
    daemon = DAEMON.format(file=str(bench.pid_file))
    run = await bench.run(FakeTorch(before=f"{daemon}\n{then}"), impatient_after_daemon(bench) if then else None)
    assert run.ended == ended
    assert bench.ended()


async def test_nothing_is_written_into_the_home_or_the_caches_of_the_user(bench: Bench) -> None:
    home = bench.scratch / "user"
    for each in (".cache", ".config", ".keras", ".cupy/kernel_cache", "tmp"):
        (home / each).mkdir(parents=True)
    bench.environ |= {
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "CUPY_CACHE_DIR": str(home / ".cupy/kernel_cache"),
        "KERAS_HOME": str(home / ".keras"),
    }
    writing = """
import os, tempfile
wanted = [os.path.expanduser('~/.nv/ComputeCache'), os.path.expanduser('~/.local/share'), tempfile.mkdtemp()]
wanted += [os.environ[name] for name in ('XDG_CACHE_HOME', 'XDG_CONFIG_HOME', 'CUPY_CACHE_DIR', 'KERAS_HOME')]
for directory in wanted:
    os.makedirs(directory, exist_ok=True)
    open(os.path.join(directory, 'written'), 'w').write('x')
"""
    before = manifest(home)
    run = await bench.run(FakeTorch(before=writing))
    assert isinstance(run.stages[-1], Over) and any(isinstance(each, Imported) for each in run.stages), run.stderr
    assert manifest(home) == before


@pytest.mark.parametrize("name", ["stages", "stdout", "stderr"])
async def test_a_probe_that_replaces_its_files_by_pipes_hangs_nobody(bench: Bench, name: str) -> None:
    replacing = f"""
import os
file = os.path.join(os.path.dirname(os.getcwd()), {name!r})
os.unlink(file)
os.mkfifo(file)
os.write(1, b'said')
"""
    after = ProbeBegun if name == "stages" else Over
    run = await bench.run(FakeTorch(before=replacing), impatient(after))
    assert run.ended == ("timed-out" if name == "stages" else "exited")
    assert run.stdout == "said"


async def test_a_probe_that_links_its_files_elsewhere_changes_nothing_there(bench: Bench) -> None:
    precious = bench.scratch / "precious"
    precious.write_bytes(b"x" * (9 << 20))
    linking = f"""
import os
for name in ('stdout', 'stderr'):
    file = os.path.join(os.path.dirname(os.getcwd()), name)
    os.unlink(file)
    os.symlink({str(precious)!r}, file)
"""
    run = await bench.run(FakeTorch(before=linking))
    assert isinstance(run.stages[-1], Over)
    assert precious.stat().st_size == 9 << 20
    assert run.stdout == ""


async def test_an_import_that_takes_for_ever(bench: Bench) -> None:
    run = await bench.run(FakeTorch(before=FOREVER), impatient(ProbeBegun))
    assert (run.ended, run.exit_code, run.limit) == ("timed-out", -signal.SIGTERM, 0.1)
    assert [type(stage) for stage in run.stages] == [ProbeBegun]
    assert "torch/__init__.py" in run.stderr, "faulthandler tells where it was"


async def test_an_import_that_ignores_sigterm(bench: Bench) -> None:
    run = await bench.run(
        FakeTorch(before=f"{IGNORING}\n{bench.descendant(FOREVER)}\n{FOREVER}"), impatient(ProbeBegun)
    )
    assert (run.ended, run.exit_code) == ("timed-out", -signal.SIGKILL)
    assert bench.ended()


async def test_a_driver_that_does_not_answer(bench: Bench) -> None:
    run = await bench.run(FakeTorch(actions={"is_available": "time.sleep(600)"}), impatient(Built))
    assert run.ended == "timed-out"
    assert isinstance(run.stages[-1], Built)


async def test_a_kernel_that_does_not_end(bench: Bench) -> None:
    torch = FakeTorch(available=True, devices=(A_GPU,), actions={"kernel": "time.sleep(600)"})
    run = await bench.run(torch, impatient(DeviceSeen))
    assert run.ended == "timed-out"
    assert isinstance(run.stages[-1], DeviceSeen)


async def test_one_that_cannot_be_ended_is_given_up_and_reaped_later(bench: Bench) -> None:
    graces = ((signal.SIGTERM, 0.05), (signal.SIGKILL, 0.05))
    FakeTorch(before=FOREVER).install(bench.prefix)
    prober = bench.prober(impatient(ProbeBegun), graces=graces, send=lambda group, number: None)
    run = await prober.run(bench.probe())
    assert (run.ended, run.exit_code) == ("stuck", None)
    assert run.pid and run.process_state
    stuck = psutil.Process(run.pid)
    stuck.kill()
    # Its first thread may be a zombie while another one still ends, and then there is nothing to reap yet.
    await until(lambda: os.waitid(os.P_PID, stuck.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None)
    FakeTorch(before="raise SystemExit").install(bench.prefix)
    await prober.run(bench.probe())
    assert not stuck.is_running()


async def test_a_task_that_is_cancelled_leaves_nothing_running(bench: Bench) -> None:
    FakeTorch(before=f"{bench.descendant(FOREVER)}\n{FOREVER}").install(bench.prefix)
    running = asyncio.create_task(bench.prober().run(bench.probe()))
    await until(bench.pid_file.exists)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert bench.ended()


async def test_a_task_that_is_cancelled_while_it_starts_leaves_nothing_running(bench: Bench) -> None:
    FakeTorch(before=FOREVER).install(bench.prefix)
    for turns in range(8):
        running = asyncio.create_task(bench.prober().run(bench.probe()))
        for _ in range(turns):
            await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert not psutil.Process().children()


async def test_a_probe_whose_starter_is_no_more_ends_itself(bench: Bench) -> None:
    FakeTorch(before=FOREVER).install(bench.prefix)
    argv = bench.probe().argv(str(bench.scratch / "result"), seconds=0.1)
    process = await asyncio.create_subprocess_exec(*argv, stderr=asyncio.subprocess.PIPE)
    _, stderr = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 1
    assert b"torch/__init__.py" in stderr, "it tells where it was"


async def test_only_one_runs_at_a_time(bench: Bench) -> None:
    WORKING.install(bench.prefix)
    prober = bench.prober()
    told: list[tuple[int, Stage]] = []

    def teller(number: int) -> Callable[[Stage], None]:
        return lambda stage: told.append((number, stage))

    first, second = (prober.run(bench.probe(), teller(number)) for number in (1, 2))
    runs = await asyncio.gather(first, second)
    assert [number for number, _ in told] == [1] * len(runs[0].stages) + [2] * len(runs[1].stages)


async def test_a_python_that_does_not_start(bench: Bench) -> None:
    python = bench.prefix / "bin/python"
    python.unlink()
    run = await bench.run(None)
    assert (run.ended, run.exit_code) == ("not-started", None)
    assert "No such file" in run.error
    python.write_text("neither a program nor a script")
    python.chmod(0o755)
    assert "Exec format" in (await bench.run(None)).error
    python.write_text("#!/bin/sh\necho 'libpython3.11.so.1.0: cannot open shared object file' >&2\nexit 127\n")
    run = await bench.run(None)
    assert (run.ended, run.exit_code, run.stages) == ("exited", 127, ())
    assert "libpython" in run.stderr


async def test_nothing_of_the_users_own_is_imported(bench: Bench) -> None:
    elsewhere = bench.scratch / "elsewhere"
    elsewhere.mkdir()
    for module in ("torch.py", "json.py", "sitecustomize.py"):
        (elsewhere / module).write_text("raise SystemExit('the wrong one')")
    bench.environ |= {"PYTHONPATH": str(elsewhere), "PYTHONHOME": "/nowhere", "PYTHONSTARTUP": "/nowhere"}
    with _working_directory(elsewhere):
        run = await bench.run(WORKING)
    assert isinstance(run.stages[-1], Over)


async def test_the_variables_are_the_users_and_are_told(bench: Bench) -> None:
    seen = bench.scratch / "seen"
    bench.environ |= {
        "CUDA_VISIBLE_DEVICES": "",
        "LD_LIBRARY_PATH": "/nowhere",
        "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
    }
    writing = f"import json, os; open({str(seen)!r}, 'w').write('\\n'.join(sorted(os.environ)) + os.getcwd())"
    run = await bench.run(FakeTorch(before=writing))
    assert dict(run.variables) == {
        "CUDA_VISIBLE_DEVICES": "",
        "LD_LIBRARY_PATH": "/nowhere",
        "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
    }
    *names, directory = seen.read_text().split("\n")
    assert "CUDA_VISIBLE_DEVICES" in names
    assert "PYTORCH_NVML_BASED_CUDA_CHECK" not in names
    assert not Path(directory.removeprefix(names[-1])).exists(), "where it ran is gone with it"


def test_a_python_without_an_isolated_mode_is_asked_otherwise() -> None:
    probe = Probe(prefix="/opt/env", python="/opt/env/bin/python", python_version="2.7.18")
    assert probe.argv("/tmp/result")[:4] == ("/opt/env/bin/python", "-E", "-s", "-B")
    modern = Probe(prefix="/opt/env", python="/opt/env/bin/python", python_version="3.11.9")
    assert modern.argv("/tmp/result")[:5] == ("/opt/env/bin/python", "-I", "-B", "-X", "faulthandler")


def test_an_import_may_take_longer_than_a_stage() -> None:
    limits = Limits(to_import=120, a_stage=60)
    assert limits.after([]) == limits.after([ProbeBegun()]) == 120
    assert limits.after([ProbeBegun(), Imported()]) == 60


class _working_directory:  # noqa: N801 - contextlib.chdir came with Python 3.11
    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def __enter__(self) -> None:
        self._before = os.getcwd()
        os.chdir(self._directory)

    def __exit__(self, *_: object) -> None:
        os.chdir(self._before)
