"""Rules for builds that are not for this machine's GPU: two at once, ROCm, macOS, CPU."""

from __future__ import annotations

from msgspec.structs import replace

from condatui_core.gpu.diagnosis.cuda_builds import cuda_build
from condatui_core.gpu.diagnosis.evidence import Evidence
from condatui_core.records.gpu import Verdict
from condatui_core.records.gpu_probe import Available, Built


def overwritten(evidence: Evidence) -> Verdict | None:
    """`overwritten`: two PyTorch lie over each other. A verdict only while nothing was run; later it is a note."""
    if evidence.run is not None or not evidence.torch.overwritten:
        return None
    message = f"Two PyTorch in one environment: {two_torches(evidence)}"
    command = f"{evidence.python} -m pip uninstall torch"
    verdict = evidence.verdict("overwritten", "broken", message, "remove both, then install one", command)
    return replace(verdict, about="overwritten")


def two_torches(evidence: Evidence) -> str:
    """Which two they are, in a few words."""
    wheels = [each.partition(" (")[0] for each in evidence.torch.distributions]
    conda = evidence.torch.conda
    names = [f"conda's {conda.version} {conda.build}"] if conda else []
    names += [f"pip's {each}" for each in wheels] or [f"{evidence.version} lies over it"]
    return ", ".join(names)


def rocm_works(evidence: Evidence) -> Verdict | None:
    """`rocm-works`: a build for AMD GPUs computed right on one."""
    if not _is_rocm(evidence) or not evidence.available or not evidence.right_kernels:
        return None
    message = f"{_rocm_title(evidence)}: it works on {evidence.device_name}"
    verdict = evidence.verdict("rocm-works", "works", message)
    return replace(verdict, about="rocm-build")


def rocm_on_nvidia(evidence: Evidence) -> Verdict | None:
    """`rocm-on-nvidia`: a build for AMD GPUs on a machine with an NVIDIA one."""
    if not _is_rocm(evidence) or not evidence.driver.present:
        return None
    message = f"{_rocm_title(evidence)}, which is for AMD GPUs; this machine has an NVIDIA one"
    build = cuda_build(evidence)
    verdict = evidence.verdict("rocm-on-nvidia", "broken", message, build.remedy("install a CUDA build"), build.command)
    return replace(verdict, about="rocm-build")


def rocm_broken(evidence: Evidence) -> Verdict | None:
    """`rocm-broken`: a build for AMD GPUs sees one and cannot compute on it."""
    if not _is_rocm(evidence) or not evidence.available:
        return None
    message = f"{_rocm_title(evidence)}: the test computation failed"
    verdict = evidence.verdict("rocm-broken", "broken", message, evidence.kernel_trouble)
    return replace(verdict, about="rocm-build")


def rocm_no_gpu(evidence: Evidence) -> Verdict | None:
    """`rocm-no-gpu`: a build for AMD GPUs sees none."""
    if not _is_rocm(evidence) or evidence.run is None:
        return None
    here = "does not see the AMD GPU" if evidence.driver.amd_hardware else "no AMD GPU here"
    remedy = (
        "see that you may read /dev/kfd (groups render, video), and what HIP_VISIBLE_DEVICES and "
        "ROCR_VISIBLE_DEVICES say"
    )
    verdict = evidence.verdict("rocm-no-gpu", "elsewhere", f"{_rocm_title(evidence)}: {here}", remedy, "rocminfo")
    return replace(verdict, about="rocm-build")


def _is_rocm(evidence: Evidence) -> bool:
    """Whether it is a build for AMD GPUs whose run, if there is one, has come as far as asking for them."""
    return evidence.kind == "rocm" and (evidence.run is None or evidence.stage(Available) is not None)


def _rocm_title(evidence: Evidence) -> str:
    built = evidence.stage(Built)
    return f"ROCm {(built.hip if built else '') or evidence.torch.build_rocm} build".replace("  ", " ")


def mps_untried(evidence: Evidence) -> Verdict | None:
    """`mps-untried`: on a Mac, where a `cpu` build may well use the GPU, nothing was run yet."""
    if evidence.platform != "darwin" or evidence.stage(Available) is not None:
        return None
    message = f"{evidence.plain_title}: whether it sees the Apple GPU was not tried"
    verdict = evidence.verdict("mps-untried", "works", message)
    return replace(verdict, about="mps-build")


def mps_works(evidence: Evidence) -> Verdict | None:
    """`mps-works`: on a Mac, torch sees the Apple GPU."""
    stage = evidence.stage(Available)
    if evidence.platform != "darwin" or stage is None or not stage.mps:
        return None
    verdict = evidence.verdict("mps-works", "works", f"{evidence.plain_title}: Apple GPU (MPS)")
    return replace(verdict, about="mps-build")


def mps_absent(evidence: Evidence) -> Verdict | None:
    """`mps-absent`: on a Mac, torch sees no Apple GPU."""
    if evidence.platform != "darwin":
        return None
    message = f"{evidence.plain_title} sees no Apple GPU (MPS)"
    verdict = evidence.verdict(
        "mps-absent", "elsewhere", message, "MPS needs macOS 12.3 or later and a build for arm64"
    )
    return replace(verdict, about="mps-build")


def no_cuda_on_mac(evidence: Evidence) -> Verdict | None:
    """`no-cuda-on-mac`: a framework other than torch on a Mac."""
    if evidence.platform != "darwin":
        return None
    return evidence.verdict("no-cuda-on-mac", "elsewhere", f"{evidence.plain_title}: there is no CUDA on a Mac")


def cpu_build(evidence: Evidence) -> Verdict | None:
    """`cpu-build`: a build without CUDA where there is no NVIDIA GPU, or where the driver was not asked."""
    if evidence.kind not in ("cpu", "xpu") or evidence.driver.present:
        return None
    words = "; no NVIDIA GPU here: nothing to fix" if evidence.asked else cpu_because(evidence)
    verdict = evidence.verdict("cpu-build", "elsewhere", f"{evidence.title}{words}")
    return replace(verdict, about="cpu-build")


def cpu_on_gpu(evidence: Evidence) -> Verdict | None:
    """`cpu-on-gpu`: a build without CUDA beside an NVIDIA GPU."""
    if evidence.kind not in ("cpu", "xpu") or not evidence.driver.present:
        return None
    what = "CPU-only build" if evidence.kind == "cpu" else "A build for Intel GPUs"
    message = f"{what}{cpu_because(evidence)}: {evidence.gpu_words} unused"
    build = cuda_build(evidence)
    verdict = evidence.verdict("cpu-on-gpu", "broken", message, build.remedy(cpu_remedy(evidence)), build.command)
    return replace(verdict, about="cpu-build")


def cpu_because(evidence: Evidence) -> str:
    """What made it a CPU build, in brackets."""
    if any(each.startswith("cpuonly") for each in evidence.torch.helpers):
        return " (cpuonly is installed)"
    if evidence.by_conda and evidence.torch.conda and evidence.torch.conda.kind == "cpu":
        return f" (conda's {evidence.torch.conda.build})"
    return f" (pip's {evidence.version})" if evidence.version.endswith("+cpu") else ""


def cpu_remedy(evidence: Evidence) -> str:
    """How to come from a CPU build to one for CUDA."""
    if any(each.startswith("cpuonly") for each in evidence.torch.helpers):
        return f"first `conda remove -p {evidence.prefix} cpuonly`, then install a CUDA build"
    if evidence.by_conda:
        return (
            "ask for a CUDA build by name; on a node without a GPU set CONDA_OVERRIDE_CUDA, or conda takes a CPU build"
        )
    return (
        "install a CUDA build by pip" if evidence.framework != "torch" else "install a CUDA build from PyTorch's index"
    )
