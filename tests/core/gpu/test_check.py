"""The check from one end to the other: real environments, torch packages and a driver of the tests' own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import psutil
import pytest
from msgspec import structs

from condatui_core.gpu.check import GpuCheck
from condatui_core.gpu.driver import read_driver
from condatui_core.gpu.examination import GpuProgress
from condatui_core.proc.runner import CommandLog
from condatui_core.records.environment import Environment
from condatui_core.records.gpu import Driver, GpuResult
from condatui_core.records.gpu_probe import ProbeBegun
from condatui_core.settings import Locations, Settings
from condatui_sandbox import Sandbox
from support.fake_torch import CPU_BUILD, WORKING, FakeTorch, real_environment, site_packages
from support.gpu_facts import COUNT_TEXT
from support.prefixes import manifest
from support.stub_cuda import build_stub_cuda

LATER = datetime.now(timezone.utc) + timedelta(hours=1)
"""When nothing here has been written just now any more."""
SETTINGS = Settings(gpu_import_seconds=60, gpu_stage_seconds=60)
SYMBOL = "/env/lib/libcusparse.so.12: undefined symbol: __nvJitLinkComplete_12_4, version libnvJitLink.so.12"


@pytest.fixture(scope="module")
def stub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of an NVIDIA driver that answers as its variables say."""
    return build_stub_cuda(tmp_path_factory.mktemp("driver"))


@pytest.fixture(scope="module")
def drivers() -> dict[str, Driver]:
    """What was read of the driver already, by its variables: it is the same for most examples."""
    return {}


class Bench:
    """A machine with one environment in which torch can be changed, and a check of it."""

    def __init__(self, prefix: Path, directory: Path) -> None:
        self.prefix = prefix
        self.directory = directory
        self.log = CommandLog()
        self.environ = {"PATH": os.environ["PATH"]}
        self.environment = Environment(name="env", prefix=str(prefix))
        self.asked = 0

    def check(self, settings: Settings = SETTINGS, driver: Driver | None = None) -> GpuCheck:
        """A check with this driver, or with the one that the variables lead to."""

        async def ask(environ: Mapping[str, str]) -> Driver:
            self.asked += 1
            return driver or await read_driver(environ)

        own = self.directory / "own"
        locations = Locations(home=self.directory, config=own, cache=own / "cache", state=own)
        return GpuCheck(
            settings,
            locations,
            environ=self.environ,
            clock=lambda: LATER,
            log=self.log,
            ask_driver=ask,
            platform="linux",
        )

    async def result(self, check: GpuCheck, *, anew: bool = True) -> GpuResult:
        *_, last = [each async for each in check.check([self.environment], anew=anew)]
        assert isinstance(last, GpuResult)
        return last


@pytest.fixture
def bench(sandbox: Sandbox, tmp_path: Path) -> Bench:
    return Bench(real_environment(sandbox, tmp_path), tmp_path)


@dataclass(frozen=True)
class Example:
    """What is the matter, and what the check must come to."""

    verdict: str
    torch: FakeTorch
    variables: Mapping[str, str] = field(default_factory=dict)


def failing(text: str, *, warned: bool = True) -> FakeTorch:
    """A torch that sees no GPU, for the reason that it gives."""
    warnings = (f"CUDA initialization: {text}",) if warned else ()
    return FakeTorch(version="2.6.0+cu126", cuda="12.6", why=text, warnings=warnings)


def computing(text: str, stage: str = "kernel") -> FakeTorch:
    """A torch whose computation fails, for the reason that it gives."""
    return replace(WORKING, version="2.6.0+cu126", cuda="12.6", actions={stage: f"raise RuntimeError({text!r})"})


def importing(code: str) -> FakeTorch:
    """A torch whose import does this."""
    return FakeTorch(before=code)


WORKING_126 = replace(WORKING, version="2.6.0+cu126", cuda="12.6")
EXAMPLES = [
    Example("works", WORKING_126),
    Example("cpu-on-gpu", CPU_BUILD),
    Example("arch-missing", computing("CUDA error: no kernel image is available for execution on the device")),
    Example("ptx-too-new", computing("CUDA error: the provided PTX was compiled with an unsupported toolchain.")),
    Example("busy", computing("CUDA error: all CUDA-capable devices are busy or unavailable")),
    Example("gpu-full", computing("CUDA out of memory. Tried to allocate 20.00 MiB")),
    Example("cuda-library-mismatch", computing("cuDNN error: CUDNN_STATUS_NOT_INITIALIZED")),
    Example("kernel-wrong", replace(WORKING_126, wrong=("kernel",))),
    Example(
        "driver-too-old",
        failing("The NVIDIA driver on your system is too old (found version 12080). Please update your GPU driver"),
    ),
    Example("driver-mismatch", failing(COUNT_TEXT + "Error 803: system has unsupported display driver")),
    Example("forward-compatibility", failing(COUNT_TEXT + "Error 804: forward compatibility was attempted")),
    Example("fabric-manager", failing(COUNT_TEXT + "Error 802: system not yet initialized")),
    Example("stub-library", failing(COUNT_TEXT + "Error 34: CUDA driver is a stub library")),
    Example(
        "bad-visible-devices",
        failing(COUNT_TEXT + "Error 101: invalid device ordinal"),
        {"CUDA_VISIBLE_DEVICES": "0,0"},
    ),
    Example("hidden", failing("No CUDA GPUs are available", warned=False), {"CUDA_VISIBLE_DEVICES": ""}),
    Example("mig", failing("No CUDA GPUs are available", warned=False), {"STUB_NVML_MIG": "1"}),
    Example("cuda-unknown-error", failing("CUDA unknown error - this may be due to an incorrectly set up")),
    Example("import-error", importing("raise SystemExit('no licence')")),
    Example("import-error", importing("raise ValueError('a bad day')")),
    Example("missing-library", importing("raise ImportError('libcudnn.so.9: cannot open shared object file: No')")),
    Example("library-mismatch", importing(f"raise ImportError({SYMBOL!r})")),
    Example("corrupt", importing("raise ImportError('libtorch_cpu.so: file too short')")),
    Example("import-crash", importing("import os; os.kill(os.getpid(), 11)")),
    Example("import-crash", importing("import os; os.kill(os.getpid(), 4)")),
    Example("driver-crash", FakeTorch(actions={"is_available": "os.kill(os.getpid(), 11)"})),
    Example("works", replace(WORKING_126, before="import os; [os.write(n, os.urandom(9000)) for n in (1, 2)]")),
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.verdict)
async def test_what_a_check_comes_to(bench: Bench, stub: Path, drivers: dict[str, Driver], example: Example) -> None:
    example.torch.install(bench.prefix)
    bench.environ |= {"LD_LIBRARY_PATH": str(stub), **example.variables}
    its_own = str({name: value for name, value in example.variables.items() if name.startswith("STUB")})
    drivers[its_own] = drivers.get(its_own) or await read_driver(bench.environ)
    before = manifest(bench.prefix)
    result = await bench.result(bench.check(driver=drivers[its_own]))
    verdict = result.main.verdict
    assert verdict.id == example.verdict, verdict
    assert verdict.message and not verdict.preliminary
    assert manifest(bench.prefix) == before
    assert not psutil.Process().children(), "nothing is left running"


async def test_what_was_found_on_a_machine_with_a_gpu(bench: Bench, stub: Path) -> None:
    WORKING_126.install(bench.prefix)
    bench.environ["LD_LIBRARY_PATH"] = str(stub)
    result = await bench.result(bench.check())
    assert result.prefix == str(bench.prefix)
    assert (result.main.framework, result.main.version, result.main.build_cuda) == ("torch", "2.6.0+cu126", "12.6")
    assert result.driver and result.driver.cuda == "12.8"
    assert (result.at, result.from_cache) == (LATER, False)
    assert result.seconds > 0
    [run] = result.main.runs
    assert run.variables == (("LD_LIBRARY_PATH", str(stub)),)


async def test_progress_is_told_stage_by_stage(bench: Bench) -> None:
    WORKING.install(bench.prefix)
    *progress, result = [each async for each in bench.check(driver=Driver()).check([bench.environment])]
    assert isinstance(result, GpuResult)
    assert [each.stage for each in progress if isinstance(each, GpuProgress)] == [None, *result.main.runs[0].stages]


async def test_a_library_path_that_breaks_the_import_is_found_by_a_second_run(bench: Bench) -> None:
    breaking = f"import os\nif os.environ.get('LD_LIBRARY_PATH'): raise ImportError({SYMBOL!r})"
    FakeTorch(before=breaking).install(bench.prefix)
    bench.environ["LD_LIBRARY_PATH"] = "/usr/local/cuda-12.1/lib64"
    result = await bench.result(bench.check(driver=Driver()))
    assert result.main.verdict.id == "ld-library-path"
    assert [run.variant for run in result.main.runs] == ["as-is", "no-ld-library-path"]


async def test_hidden_gpus_are_found_by_a_second_run(bench: Bench, stub: Path) -> None:
    hiding = "known['available'] = os.environ.get('CUDA_VISIBLE_DEVICES') is None"
    torch = replace(
        WORKING,
        why="No CUDA GPUs are available",
        actions={"is_available": f"from torch.behaviour import known; {hiding}"},
    )
    torch.install(bench.prefix)
    bench.environ |= {"LD_LIBRARY_PATH": str(stub), "CUDA_VISIBLE_DEVICES": "-1"}
    result = await bench.result(bench.check())
    assert result.main.verdict.id == "hidden"
    assert "1 is there" in result.main.verdict.message
    assert "sees a GPU" in result.main.verdict.remedy
    assert [run.variant for run in result.main.runs] == ["as-is", "no-cuda-visible-devices"]


async def test_variables_of_the_environment_are_applied(bench: Bench) -> None:
    WORKING.install(bench.prefix)
    (bench.prefix / "conda-meta/state").write_text('{"env_vars": {"CUDA_VISIBLE_DEVICES": "3", "A=B": "x"}}')
    result = await bench.result(bench.check(driver=Driver()))
    assert result.main.runs[0].variables == (("CUDA_VISIBLE_DEVICES", "3"),)


async def test_what_files_tell_takes_no_run_and_no_driver(bench: Bench) -> None:
    check = bench.check(driver=Driver())
    result = await bench.result(check)
    assert (result.main.verdict.id, result.main.runs) == ("no-torch", ())
    (site_packages(bench.prefix) / "torch/lib").mkdir(parents=True)
    assert (await bench.result(check)).main.verdict.id == "torch-leftover"
    assert not bench.log.runs


async def test_at_once_it_is_said_what_files_and_driver_tell(bench: Bench) -> None:
    CPU_BUILD.install(bench.prefix)
    result = await bench.check(driver=Driver(hardware=True)).preliminary(bench.environment)
    assert (result.main.verdict.id, result.main.verdict.preliminary) == ("cpu-on-gpu", True)
    assert not bench.log.runs


async def test_the_driver_is_asked_once(bench: Bench) -> None:
    WORKING.install(bench.prefix)
    check = bench.check(driver=Driver())
    await asyncio.gather(check.driver(), check.driver(), check.preliminary(bench.environment))
    assert bench.asked == 1


async def test_a_framework_without_torch_is_the_main_one(bench: Bench) -> None:
    package = site_packages(bench.prefix) / "cupy"
    package.mkdir()
    runtime = "runtimeGetVersion=lambda: 12090, getDeviceCount=lambda: 1 / 0"
    (package / "__init__.py").write_text(
        f"from types import SimpleNamespace as Space\n__version__ = '14.2.0'\ncuda = Space(runtime=Space({runtime}))\n"
    )
    dist_info = site_packages(bench.prefix) / "cupy_cuda12x-14.2.0.dist-info"
    dist_info.mkdir()
    (dist_info / "METADATA").write_text("Metadata-Version: 2.1\nName: cupy-cuda12x\nVersion: 14.2.0\n")
    result = await bench.result(bench.check(driver=Driver(library_error="libcuda.so.1: cannot open")))
    assert (result.main.framework, result.main.version, result.others) == ("cupy", "14.2.0", ())
    assert result.main.verdict.id == "no-gpu"
    WORKING.install(bench.prefix)
    result = await bench.result(bench.check(driver=Driver()))
    assert [result.main.framework, *(each.framework for each in result.others)] == ["torch", "cupy"]
    assert result.main.verdict.id == "works"


async def test_one_that_crashes_does_not_harm_another(bench: Bench, sandbox: Sandbox) -> None:
    good = real_environment(sandbox, bench.directory / "good")
    FakeTorch(before="import os; os.kill(0, 9)").install(bench.prefix)
    WORKING.install(good)
    environments = [bench.environment, Environment(name="good", prefix=str(good))]
    told = [each async for each in bench.check(driver=Driver()).check(environments)]
    results = [each for each in told if isinstance(each, GpuResult)]
    assert [each.main.verdict.id for each in results] == ["import-crash", "works"]


async def test_every_run_is_in_the_log_as_it_can_be_run_by_hand(bench: Bench) -> None:
    importing("import os; os.write(2, b'so long'); os._exit(3)").install(bench.prefix)
    await bench.result(bench.check(driver=Driver()))
    [run] = bench.log.runs
    assert (run.outcome, run.exit_code, run.started) == ("failed", 3, LATER)
    assert run.message == "so long"
    process = await asyncio.create_subprocess_exec(*run.argv, stdout=asyncio.subprocess.PIPE)
    stdout, _ = await process.communicate()
    assert b'"stage": "start"' in stdout


async def test_to_cancel_ends_what_runs_and_checks_no_other(bench: Bench) -> None:
    FakeTorch(before="import time; time.sleep(600)").install(bench.prefix)
    check = bench.check(driver=Driver())
    told = []
    async for each in check.check([bench.environment, bench.environment]):
        told.append(each)
        if isinstance(each, GpuProgress) and isinstance(each.stage, ProbeBegun):
            check.cancel()
    assert not any(isinstance(each, GpuResult) for each in told)
    assert not psutil.Process().children()
    assert [run.outcome for run in bench.log.runs] == ["cancelled"]
    WORKING.install(bench.prefix)
    assert (await bench.result(check)).main.verdict.id == "works"


async def test_to_leave_a_check_ends_what_runs(bench: Bench) -> None:
    FakeTorch(before="import time; time.sleep(600)").install(bench.prefix)
    async with aclosing(bench.check(driver=Driver()).check([bench.environment])) as told:
        async for each in told:
            if isinstance(each, GpuProgress) and isinstance(each.stage, ProbeBegun):
                break
    assert not psutil.Process().children()


async def test_the_event_loop_goes_on_while_a_check_runs(bench: Bench) -> None:
    """A probe that forks, keeps its files open, ignores SIGTERM and prints without end: keys are answered all along."""
    awful = "import os, signal; signal.signal(15, signal.SIG_IGN); os.fork()\nwhile True: os.write(1, b'x' * 65536)"
    FakeTorch(before=awful).install(bench.prefix)
    settings = Settings(gpu_import_seconds=1, gpu_stage_seconds=1)
    turns = 0
    checking = asyncio.create_task(bench.result(bench.check(settings, driver=Driver())))
    while not checking.done():
        await asyncio.sleep(0.01)
        turns += 1
    assert turns > 20
    assert checking.result().main.runs[0].ended == "timed-out"
    assert checking.result().main.verdict.id == "slow-import"
    assert not psutil.Process().children()


async def test_what_was_found_is_remembered_as_long_as_it_holds(bench: Bench) -> None:
    WORKING.install(bench.prefix)
    found = await bench.result(bench.check(driver=Driver()))
    check = bench.check(driver=Driver())
    remembered = await asyncio.to_thread(check.remembered, bench.environment)
    assert remembered == structs.replace(found, from_cache=True)
    runs = len(bench.log.runs)
    assert await bench.result(check, anew=False) == remembered
    assert len(bench.log.runs) == runs
    assert not (await bench.result(check)).from_cache
    CPU_BUILD.install(bench.prefix)
    assert check.remembered(bench.environment) is None
    assert not (await bench.result(check, anew=False)).from_cache


async def test_what_hangs_on_the_driver_is_checked_again(bench: Bench) -> None:
    failing(COUNT_TEXT + "Error 802: system not yet initialized").install(bench.prefix)
    check = bench.check(driver=Driver(hardware=True))
    await bench.result(check)
    assert check.remembered(bench.environment) is not None
    assert not (await bench.result(check, anew=False)).from_cache
