"""The smaller table, of TensorFlow, JAX and CuPy."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from condatui_core.gpu.diagnosis.rules import other_verdict
from condatui_core.records.gpu import CondaBuild, Driver, OtherFacts, StaticFacts, Verdict
from condatui_core.records.gpu_probe import (
    Available,
    Built,
    Counted,
    DeviceSeen,
    Imported,
    KernelRun,
    Over,
    ProbeBegun,
    ProbeRun,
    Why,
)
from support.gpu_facts import GPU_MACHINE, NO_GPU_MACHINE, PREFIX, ended, fails, static

JAX = OtherFacts(framework="jax", version="0.10.2", kind="cuda", build_cuda="12", source="jax 0.10.2")
TENSORFLOW = OtherFacts(framework="tensorflow", version="2.21.0", kind="cuda", source="tensorflow 2.21.0")
CUPY = OtherFacts(framework="cupy", version="14.2.0", kind="cuda", build_cuda="13", source="cupy-cuda13x 14.2.0")
TWO_CUPYS = ("cupy-cuda12x 14.2.0", "cupy-cuda13x 14.2.0")
CONDA_TENSORFLOW = CondaBuild(
    name="tensorflow-base", version="2.21.0", build="cpu_py311h1234567_0", channel="conda-forge", kind="cpu"
)
UNKNOWN_BACKEND = "Unknown backend: 'gpu' requested, but no platforms that are instances of gpu are present."


def blind(cuda: str | None, why: str = "", **fields: object) -> ProbeRun:
    """It was imported and sees no GPU."""
    stages = (ProbeBegun(), Imported(version="1.0"), Built(cuda=cuda), Available(), Why(message=why), Counted(), Over())
    return ended(*stages, **fields)


def verdict(
    facts: OtherFacts,
    driver: Driver = GPU_MACHINE,
    *runs: ProbeRun,
    platform: str = "linux",
    of: StaticFacts | None = None,
) -> Verdict:
    return other_verdict(facts, of or static(), driver, runs, platform=platform)


def test_what_computes_works() -> None:
    seen = (DeviceSeen(name="NVIDIA H200", capability=(9, 0)), KernelRun(right=True), Over())
    run = ended(ProbeBegun(), Imported(version="0.10.2"), Built(cuda="12"), Available(available=True), *seen)
    given = verdict(JAX, GPU_MACHINE, run)

    assert (given.id, given.kind, given.preliminary) == ("works", "works", False)
    assert given.message.startswith("CUDA works: JAX 0.10.2 (CUDA 12) on NVIDIA H200")


@pytest.mark.parametrize(
    ("facts", "driver", "run", "name", "kind"),
    [
        (replace(JAX, kind="cpu", build_cuda=""), GPU_MACHINE, blind(None), "cpu-on-gpu", "broken"),
        (replace(JAX, kind="cpu", build_cuda=""), NO_GPU_MACHINE, blind(None), "cpu-build", "elsewhere"),
        (JAX, NO_GPU_MACHINE, blind("12", UNKNOWN_BACKEND), "no-gpu", "elsewhere"),
        (JAX, GPU_MACHINE, blind("12", UNKNOWN_BACKEND), "no-cuda-libraries", "broken"),
        (CUPY, GPU_MACHINE, blind("13.0", "cudaErrorInsufficientDriver"), "driver-too-old", "broken"),
        (TENSORFLOW, replace(GPU_MACHINE, nvml_code=18), blind("12.5.1"), "driver-mismatch", "elsewhere"),
        (TENSORFLOW, replace(NO_GPU_MACHINE, hardware=True), blind("12.5.1"), "driver-not-loaded", "elsewhere"),
        (
            TENSORFLOW,
            GPU_MACHINE,
            blind("12.5.1", variables=(("CUDA_VISIBLE_DEVICES", "-1"),)),
            "hidden",
            "elsewhere",
        ),
        (
            TENSORFLOW,
            NO_GPU_MACHINE,
            blind("12.5.1", variables=(("CUDA_VISIBLE_DEVICES", "-1"),)),
            "no-gpu",
            "elsewhere",
        ),
        (TENSORFLOW, replace(GPU_MACHINE, init_code=999), blind("12.5.1"), "cuda-unknown-error", "elsewhere"),
        (TENSORFLOW, GPU_MACHINE, fails("no such thing"), "import-error", "broken"),
        (
            TENSORFLOW,
            GPU_MACHINE,
            fails("No module named 'tensorflow'", missing="tensorflow"),
            "no-tensorflow",
            "broken",
        ),
        (TENSORFLOW, GPU_MACHINE, ended(ProbeBegun(), exit_code=-4), "import-crash", "broken"),
    ],
)
def test_what_it_says_and_what_the_driver_says_come_to_a_verdict(
    facts: OtherFacts, driver: Driver, run: ProbeRun, name: str, kind: str
) -> None:
    given = verdict(facts, driver, run)

    assert (given.id, given.kind) == (name, kind), given
    assert "orch" not in f"{given.message} {given.remedy} {given.command}"


PIP = f"{PREFIX}/bin/python -m pip"


@pytest.mark.parametrize(
    ("facts", "cuda", "remedy", "command"),
    [
        (JAX, "12.6", "by pip", f"{PIP} install 'jax[cuda12]==0.10.2'"),
        (JAX, "13.0", "by pip", f"{PIP} install 'jax[cuda13]==0.10.2'"),
        (JAX, "11.4", "JAX needs a driver of CUDA 12 or later: 525.60.13", ""),
        (replace(JAX, version="0.4.1"), "12.6", "an upgrade from 0.4.1", f"{PIP} install -U 'jax[cuda12]'"),
        (
            replace(JAX, distributions=("jax-cuda13-plugin", "jax-cuda13-pjrt")),
            "12.6",
            "by pip",
            f"{PIP} uninstall -y jax-cuda13-plugin jax-cuda13-pjrt && {PIP} install 'jax[cuda12]==0.10.2'",
        ),
        (TENSORFLOW, "12.6", "by pip", f"{PIP} install 'tensorflow[and-cuda]==2.21.0'"),
        (TENSORFLOW, "11.4", "TensorFlow needs a driver of CUDA 12 or later: 525.60.13", ""),
        (
            replace(TENSORFLOW, version="2.14.1"),
            "11.4",
            "by pip",
            f"{PIP} install 'tensorflow[and-cuda]==2.14.1'",
        ),
        (
            replace(TENSORFLOW, version="2.12.0", distributions=("tensorflow-cpu",)),
            "12.6",
            "an upgrade from 2.12.0",
            f"{PIP} uninstall -y tensorflow-cpu && {PIP} install -U 'tensorflow[and-cuda]'",
        ),
        (
            replace(TENSORFLOW, conda=CONDA_TENSORFLOW),
            "12.6",
            "by name",
            f"conda install -p {PREFIX} 'tensorflow=*=*cuda*' 'cuda-version<=12.6'",
        ),
        (CUPY, "13.0", "by pip", f"{PIP} install 'cupy-cuda13x[ctk]==14.2.0'"),
        (
            replace(CUPY, distributions=("cupy-cuda13x",)),
            "12.6",
            "by pip",
            f"{PIP} uninstall -y cupy-cuda13x && {PIP} install 'cupy-cuda12x[ctk]==14.2.0'",
        ),
        (
            replace(CUPY, distributions=("cupy-cuda12x", "cupy-cuda13x"), duplicates=TWO_CUPYS),
            "12.6",
            "by pip",
            f"{PIP} uninstall -y cupy-cuda12x cupy-cuda13x && {PIP} install 'cupy-cuda12x[ctk]==14.2.0'",
        ),
        (CUPY, "11.4", "the last for CUDA 11: a downgrade", f"{PIP} install cupy-cuda11x nvidia-cuda-nvrtc-cu11"),
        (CUPY, "10.2", "CuPy needs a driver of CUDA 11 or later: 450.80.02", ""),
    ],
)
def test_each_gets_its_cuda_in_its_own_way(facts: OtherFacts, cuda: str, remedy: str, command: str) -> None:
    given = verdict(replace(facts, kind="cpu"), replace(GPU_MACHINE, cuda=cuda))

    assert given.command == command
    assert remedy in given.remedy


def test_two_packages_that_lie_over_each_other_are_named() -> None:
    both = replace(CUPY, duplicates=TWO_CUPYS)

    twice = "CuPy is installed twice, one over the other: cupy-cuda12x 14.2.0, cupy-cuda13x 14.2.0"
    assert verdict(both).notes == (f"{twice}; remove both, then install one",)


def test_parts_that_do_not_belong_together_are_told() -> None:
    mixed = replace(JAX, mismatch="jax-cuda12-pjrt 0.12.0.1, jax-cuda12-plugin 0.10.2")

    assert "several versions: jax-cuda12-pjrt 0.12.0.1" in verdict(mixed).notes[0]


CUPTI = """\
ERROR:2026-11-29 10:00:00,000:jax._src.xla_bridge:444: Jax plugin configuration error: Exception when calling \
jax_plugins.xla_cuda12.initialize()
Traceback (most recent call last):
  File "/env/lib/python3.11/site-packages/jax_plugins/xla_cuda12/__init__.py", line 201, in _version_check
    version = int(get_version())
RuntimeError: operation cuptiGetVersion(&version) failed

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/env/lib/python3.11/site-packages/jax/_src/xla_bridge.py", line 442, in discover_pjrt_plugins
    plugin_module.initialize()
RuntimeError: Unable to load cuPTI. Is it installed?
"""


def jax_run(stderr: str) -> ProbeRun:
    return replace(blind("12", UNKNOWN_BACKEND, stderr=stderr), framework="jax")


def test_jax_says_itself_what_it_misses() -> None:
    given = verdict(JAX, GPU_MACHINE, jax_run(CUPTI))

    assert (given.id, given.kind) == ("no-cuda-libraries", "broken")
    assert given.message == "JAX 1.0 (CUDA 12) takes the CPU: Unable to load cuPTI. Is it installed?"
    assert given.command == f"{PIP} install nvidia-cuda-cupti-cu12"
    assert ("jax says", "Unable to load cuPTI. Is it installed?") in given.evidence


def test_jax_without_any_cuda_gets_all_of_it() -> None:
    given = verdict(JAX, GPU_MACHINE, jax_run(CUPTI.replace("cuPTI", "CUDA")))

    assert "Unable to load CUDA" in given.message
    assert given.command == f"{PIP} install 'jax[cuda12]==1.0'"


def test_another_reason_of_jax_is_shown_in_the_place_of_a_guess() -> None:
    given = verdict(JAX, GPU_MACHINE, jax_run(CUPTI.replace("Unable to load cuPTI. Is it installed?", "No luck today")))

    assert given.message.endswith("the driver is in order: No luck today")


@pytest.mark.parametrize("facts", [TENSORFLOW, replace(CUPY, build_cuda="12"), JAX])
def test_a_build_without_its_cuda_libraries_does_not_look_fine(facts: OtherFacts) -> None:
    lacking = replace(facts, cuda_libraries=False)
    untried, elsewhere = verdict(lacking), verdict(lacking, NO_GPU_MACHINE)

    assert (untried.id, untried.kind, untried.preliminary) == ("no-cuda-libraries", "broken", True)
    assert (elsewhere.id, elsewhere.kind) == ("no-gpu", "elsewhere")
    assert "fine" not in elsewhere.message
    assert verdict(replace(facts, cuda_libraries=True)).id == "untried"


def test_a_library_that_is_missed_by_the_first_kernel_is_named() -> None:
    trouble = "libnvrtc.so.13: cannot open shared object file: No such file or directory"
    seen = (DeviceSeen(name="NVIDIA H200"), KernelRun(kind="RuntimeError", message=trouble), Over())
    run = ended(ProbeBegun(), Imported(version="14.2.0"), Built(cuda="13.0"), Available(available=True), *seen)
    given = verdict(CUPY, GPU_MACHINE, run)

    assert (given.id, given.command) == ("missing-library", f"{PIP} install nvidia-cuda-nvrtc")


@pytest.mark.parametrize("facts", [TENSORFLOW, CUPY, JAX])
def test_the_evidence_names_the_framework_that_it_is_about(facts: OtherFacts) -> None:
    lines = verdict(facts, GPU_MACHINE, replace(blind("12", "it raised this"), framework=facts.framework)).evidence

    assert (f"{facts.framework} says", "it raised this") in lines
    assert "torch" not in " ".join(f"{what}: {text}" for what, text in lines)


def test_without_a_run_nothing_is_said_to_work() -> None:
    given = verdict(JAX)

    assert (given.id, given.preliminary) == ("untried", True)
    assert ("installed", "jax 0.10.2") in given.evidence


def test_there_is_no_cuda_on_a_mac() -> None:
    assert verdict(JAX, Driver(), platform="darwin").id == "no-cuda-on-mac"
