"""Nothing to check, probes that did not end, imports that fail. By the texts that real PyTorch prints."""

from __future__ import annotations

import signal

import pytest
from msgspec.structs import replace

from condatui_core.records.gpu import OtherFacts, TorchFacts
from condatui_core.records.gpu_probe import Available, Built, Counted, DeviceSeen, Imported, ProbeBegun, ProbeRun
from support.gpu_facts import GPU_MACHINE, PIP_TORCH, PREFIX, computes, ended, fails, imported, static
from support.gpu_rules import Seen, check, rule_names

LIBRARY_PATH = ("LD_LIBRARY_PATH", "/usr/local/cuda-12.1/lib64")
NVJITLINK = (
    f"{PREFIX}/lib/python3.11/site-packages/torch/lib/../../nvidia/cusparse/lib/libcusparse.so.12: undefined symbol: "
    "__nvJitLinkComplete_12_4, version libnvJitLink.so.12"
)


def crash(number: int, *stages: object, stderr: str = "") -> ProbeRun:
    return ended(ProbeBegun(), *stages, exit_code=-number, stderr=stderr)  # type: ignore[arg-type]


def slow(*stages: object, limit: float = 60.0) -> ProbeRun:
    return ended(ProbeBegun(), *stages, ended="timed-out", exit_code=-signal.SIGTERM, limit=limit)  # type: ignore[arg-type]


BUILT, YES, NO = Built(cuda="12.6"), Available(available=True), Available(available=False)
BROKEN_PATH = replace(fails(NVJITLINK), variables=(LIBRARY_PATH,))
WITHOUT_PATH = replace(computes(), variant="no-ld-library-path")


EXAMPLES = [
    Seen(
        "foreign-platform",
        "elsewhere",
        "built for another platform, linux-aarch64",
        (ended(ended="not-started", exit_code=None, error="Exec format error"),),
        static=static(foreign="linux-aarch64"),
    ),
    Seen("foreign-platform", "elsewhere", "osx-arm64", static=static(foreign="osx-arm64")),
    Seen("foreign-platform", "elsewhere", "win-64", static=static(TorchFacts(), python="", foreign="win-64")),
    Seen("no-torch", "absent", "No PyTorch here", static=static(TorchFacts(), foreign="linux-aarch64")),
    Seen("works", "works", "CUDA works", (computes(),), static=static(foreign="linux-aarch64")),
    Seen("no-python", "absent", "No Python in this environment", static=static(python="")),
    Seen(
        "python-broken",
        "broken",
        "Exec format error",
        (ended(ended="not-started", exit_code=None, error="Exec format error"),),
    ),
    Seen(
        "python-broken",
        "broken",
        "No module named 'encodings'",
        (ended(exit_code=1, stderr="Fatal Python error\nModuleNotFoundError: No module named 'encodings'\n"),),
    ),
    Seen("python-broken", "broken", "not within 120 s", (ended(ended="timed-out", limit=120.0),)),
    Seen("no-torch", "absent", "No PyTorch here", static=static(TorchFacts())),
    Seen(
        "no-torch",
        "absent",
        "but jax 0.4.35",
        static=static(TorchFacts(), others=(OtherFacts(framework="jax", version="0.4.35"),)),
    ),
    Seen("no-torch", "absent", "No PyTorch", (fails("No module named 'torch'", missing="torch"),)),
    Seen(
        "torch-leftover",
        "broken",
        "Remains of a removed PyTorch",
        static=static(TorchFacts(presence="leftover", leftovers=(f"{PREFIX}/lib/python3.11/site-packages/~orch",))),
        helps="~orch",
    ),
    Seen("torch-leftover", "broken", "Remains", (fails("torch has no file", kind=""),)),
    Seen(
        "stuck",
        "elsewhere",
        "Stuck inside the NVIDIA driver (pid 4711, state D)",
        (ended(*imported(), ended="stuck", exit_code=None, pid=4711, process_state="D"),),
        helps="reboot",
    ),
    Seen(
        "stuck",
        "elsewhere",
        "while torch is imported (pid 4711, state D)",
        (ended(ProbeBegun(), ended="stuck", exit_code=None, pid=4711, process_state="D"),),
    ),
    Seen("slow-import", "broken", "Importing torch takes more than 120 s", (slow(limit=120.0),), helps="local"),
    Seen("driver-silent", "elsewhere", "does not answer", (slow(Imported(), BUILT),), helps="nvidia-smi"),
    Seen("driver-silent", "elsewhere", "does not answer", (slow(Imported(), BUILT, NO),)),
    Seen("kernel-silent", "elsewhere", "A GPU kernel did not end in 60 s", (slow(BUILT, YES, DeviceSeen()),)),
    Seen("kernel-silent", "elsewhere", "did not end in 60 s", (slow(BUILT, YES, Counted(count=1)),)),
    Seen("import-crash", "broken", "`import torch` dies of SIGILL", (crash(signal.SIGILL),), helps="AVX"),
    Seen("import-crash", "broken", "SIGBUS", (crash(signal.SIGBUS),), helps="cut short"),
    Seen("import-crash", "broken", "SIGSEGV", (crash(signal.SIGSEGV),), helps="conda and pip"),
    Seen("import-crash", "broken", "SIGKILL", (crash(signal.SIGKILL),), helps="memory"),
    Seen(
        "import-crash",
        "broken",
        "SIGABRT",
        (crash(signal.SIGABRT, stderr="OMP: Error #15: Initializing libiomp5.so, but found libiomp5.so"),),
        helps="libiomp5",
    ),
    Seen("driver-crash", "broken", "asking for GPUs, the process dies of SIGSEGV", (crash(11, Imported(), BUILT),)),
    Seen(
        "driver-crash",
        "elsewhere",
        "asking for GPUs",
        (crash(11, Imported(), BUILT),),
        driver=replace(GPU_MACHINE, init_code=None, crashed=True, error="libcuda crashed when asked (signal 11)"),
        helps="reinstall the driver nvidia-smi",
    ),
    Seen("driver-crash", "broken", "computing on the GPU", (crash(11, BUILT, YES, DeviceSeen()),)),
    Seen("driver-crash", "broken", "ends with code 3", (ended(*imported(), exit_code=3),)),
    Seen(
        "missing-library",
        "broken",
        "PyTorch needs libcudnn.so.9, which is not here",
        (fails("libcudnn.so.9: cannot open shared object file: No such file or directory"),),
        helps=f"conda install -p {PREFIX} cudnn",
    ),
    Seen(
        "missing-library",
        "broken",
        "libcusparseLt.so.0",
        (fails("libcusparseLt.so.0: cannot open shared object file: No such file or directory"),),
        static=static(PIP_TORCH),
        helps="pip install nvidia-cusparselt-cu13",
    ),
    Seen(
        "missing-library",
        "broken",
        "libcublas.so.13",
        (fails("libcublas.so.13: cannot open shared object file: No such file or directory"),),
        static=static(PIP_TORCH),
        helps="pip install nvidia-cublas",
    ),
    Seen(
        "missing-library",
        "broken",
        "libtorch_cuda.so",
        (fails("libtorch_cuda.so: cannot open shared object file: No such file or directory"),),
        helps="mixed",
    ),
    Seen(
        "ld-library-path",
        "elsewhere",
        "LD_LIBRARY_PATH breaks PyTorch",
        (BROKEN_PATH, WITHOUT_PATH),
        helps="unset LD_LIBRARY_PATH",
    ),
    Seen("library-mismatch", "broken", "do not fit together", (fails(NVJITLINK),), helps="--force-reinstall"),
    Seen(
        "library-mismatch",
        "broken",
        "do not fit together",
        (fails("libtorch_cpu.so: undefined symbol: iJIT_NotifyEvent"),),
        helps="mkl<2024.1",
    ),
    Seen(
        "library-mismatch",
        "broken",
        "do not fit together",
        (fails("/lib/libstdc++.so.6: version `GLIBCXX_3.4.32' not found (required by libtorch.so)"),),
    ),
    Seen("corrupt", "broken", "damaged", (fails(f"{PREFIX}/lib/libtorch_cpu.so: file too short"),)),
    Seen("corrupt", "broken", "damaged", (fails("libc10.so: invalid ELF header"),)),
    Seen(
        "corrupt",
        "broken",
        "damaged",
        (fails("No module named 'torch.version'", kind="ModuleNotFoundError", missing="torch.version"),),
        helps="--force-reinstall",
    ),
    Seen("import-error", "broken", "fails: no such thing", (fails("no such thing", kind="SystemExit"),)),
    Seen("import-error", "broken", "ends Python with code 0", (ended(ProbeBegun(), exit_code=0),)),
]


@pytest.mark.parametrize("seen", EXAMPLES, ids=str)
def test_what_was_seen_comes_to_this_verdict(seen: Seen) -> None:
    check(seen)


def test_every_rule_has_an_example() -> None:
    assert {seen.id for seen in EXAMPLES} - {"works"} == rule_names("start_rules")
