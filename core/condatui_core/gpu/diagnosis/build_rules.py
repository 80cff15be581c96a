"""Rows 14 to 18 of the table: builds that are not for this machine's GPU."""

from __future__ import annotations

from condatui_core.gpu.diagnosis.evidence import Evidence
from condatui_core.gpu.diagnosis.remedies import cuda_build
from condatui_core.records.gpu import Verdict
from condatui_core.records.gpu_probe import Available, Built


def overwritten(case: Evidence) -> Verdict | None:
    """Row 14: a verdict of its own only while nothing was run; beside any other it is a note."""
    if case.run is not None or not case.torch.overwritten:
        return None
    message = f"Two PyTorch in one environment: {two_torches(case)}"
    command = f"{case.python} -m pip uninstall torch"
    remedy = "remove both, then install one"
    return case.verdict(14, "overwritten", "broken", message, remedy, command)


def two_torches(case: Evidence) -> str:
    """Which two they are, in a few words."""
    wheels = [each.partition(" (")[0] for each in case.torch.distributions]
    conda = case.torch.conda
    names = [f"conda's {conda.version} {conda.build}"] if conda else []
    names += [f"pip's {each}" for each in wheels] or [f"{case.version} lies over it"]
    return ", ".join(names)


def rocm(case: Evidence) -> Verdict | None:
    """Row 15."""
    if case.kind != "rocm" or (case.run is not None and case.stage(Available) is None):
        return None
    built = case.stage(Built)
    title = f"ROCm {(built.hip if built else '') or case.torch.build_rocm} build".replace("  ", " ")
    if case.available and case.right_kernels:
        return case.verdict(15, "rocm-works", "works", f"{title}: it works on {case.device_name}")
    if case.driver.present:
        message = f"{title}, which is for AMD GPUs; this machine has an NVIDIA one"
        return case.verdict(15, "rocm-on-nvidia", "broken", message, "install a CUDA build", cuda_build(case))
    if case.run is None:
        return None
    if case.available:
        return case.verdict(15, "rocm-broken", "broken", f"{title}: the test computation failed", case.kernel_trouble)
    remedy = "see that you may read /dev/kfd (groups render, video), and what HIP_VISIBLE_DEVICES and "
    remedy += "ROCR_VISIBLE_DEVICES say"
    here = "does not see the AMD GPU" if case.driver.amd_hardware else "no AMD GPU here"
    return case.verdict(15, "rocm-no-gpu", "elsewhere", f"{title}: {here}", remedy, "rocminfo")


def macos(case: Evidence) -> Verdict | None:
    """Row 16: on a Mac a `cpu` build may well use the GPU."""
    if case.platform != "darwin":
        return None
    stage = case.stage(Available)
    if stage is None:
        return case.verdict(
            16, "mps-untried", "works", f"{case.plain_title}: whether it sees the Apple GPU was not tried"
        )
    if stage.mps:
        return case.verdict(16, "mps-works", "works", f"{case.plain_title}: Apple GPU (MPS)")
    remedy = "MPS needs macOS 12.3 or later and a build for arm64"
    return case.verdict(16, "mps-absent", "elsewhere", f"{case.plain_title} sees no Apple GPU (MPS)", remedy)


def macos_cpu(case: Evidence) -> Verdict | None:
    """Row 16 for another framework: there is no CUDA on a Mac."""
    if case.platform != "darwin":
        return None
    return case.verdict(16, "no-cuda-on-mac", "elsewhere", f"{case.plain_title}: there is no CUDA on a Mac")


def cpu_without_gpu(case: Evidence) -> Verdict | None:
    """Row 17."""
    if case.kind not in ("cpu", "xpu") or not case.asked or case.driver.present:
        return None
    return case.verdict(17, "cpu-build", "elsewhere", f"{case.title}; no NVIDIA GPU here: nothing to fix")


def cpu_with_gpu(case: Evidence) -> Verdict | None:
    """Row 18; without a look at the machine, only that it is a CPU build."""
    if case.kind not in ("cpu", "xpu"):
        return None
    why = cpu_because(case)
    if not case.asked:
        return case.verdict(17, "cpu-build", "elsewhere", f"{case.title}{why}")
    what = "CPU-only build" if case.kind == "cpu" else "A build for Intel GPUs"
    message = f"{what}{why}: {case.gpu_words} unused"
    return case.verdict(18, "cpu-on-gpu", "broken", message, cpu_remedy(case), cuda_build(case))


def cpu_because(case: Evidence) -> str:
    """What made it a CPU build, in brackets."""
    if any(each.startswith("cpuonly") for each in case.torch.helpers):
        return " (cpuonly is installed)"
    if case.by_conda and case.torch.conda and case.torch.conda.kind == "cpu":
        return f" (conda's {case.torch.conda.build})"
    return f" (pip's {case.version})" if case.version.endswith("+cpu") else ""


def cpu_remedy(case: Evidence) -> str:
    """How to come from a CPU build to one for CUDA."""
    if any(each.startswith("cpuonly") for each in case.torch.helpers):
        return f"first `conda remove -p {case.prefix} cpuonly`, then install a CUDA build"
    if case.by_conda:
        return (
            "ask for a CUDA build by name; on a node without a GPU set CONDA_OVERRIDE_CUDA, or conda takes a CPU build"
        )
    return "install a CUDA build by pip" if case.framework != "torch" else "install a CUDA build from PyTorch's index"
