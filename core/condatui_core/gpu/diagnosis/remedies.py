"""The commands that put things right, by conda or by pip, whichever installed the framework."""

from __future__ import annotations

from condatui_core.gpu.cuda_versions import dotted, smallest_driver
from condatui_core.gpu.diagnosis.cuda_builds import cuda_build, wheel_index
from condatui_core.gpu.diagnosis.evidence import Evidence

_CONDA_PIP: dict[str, tuple[str, str]] = {
    "libcudart": ("cuda-cudart", "nvidia-cuda-runtime"),
    "libcudnn": ("cudnn", "nvidia-cudnn-cu{major}"),
    "libcublas": ("libcublas", "nvidia-cublas"),
    "libcublasLt": ("libcublas", "nvidia-cublas"),
    "libcufft": ("libcufft", "nvidia-cufft"),
    "libcufile": ("libcufile", "nvidia-cufile"),
    "libcurand": ("libcurand", "nvidia-curand"),
    "libcusolver": ("libcusolver", "nvidia-cusolver"),
    "libcusparse": ("libcusparse", "nvidia-cusparse"),
    "libcusparseLt": ("cusparselt", "nvidia-cusparselt-cu{major}"),
    "libcupti": ("cuda-cupti", "nvidia-cuda-cupti"),
    "libnvrtc": ("cuda-nvrtc", "nvidia-cuda-nvrtc"),
    "libnvJitLink": ("libnvjitlink", "nvidia-nvjitlink"),
    "libnvToolsExt": ("cuda-nvtx", "nvidia-nvtx"),
    "libnccl": ("nccl", "nvidia-nccl-cu{major}"),
    "libnvshmem_host": ("libnvshmem3", "nvidia-nvshmem-cu{major}"),
    "libmkl_intel_lp64": ("mkl", "mkl"),
    "libiomp5": ("llvm-openmp", "intel-openmp"),
    "libomp": ("llvm-openmp", "intel-openmp"),
    "libgomp": ("libgomp", ""),
    "libstdc++": ("libstdcxx", ""),
}
"""By the library's name without `.so`: conda-forge's package, and pip's for CUDA 13.

For CUDA 12 and 11 all of NVIDIA's on PyPI end in `-cu12`, `-cu11`; for CUDA 13 only those that are marked here do.
"""


def library_package(library: str, evidence: Evidence) -> str:
    """The package that brings a library, as this environment's torch would have it; empty if unknown."""
    conda, pip = _CONDA_PIP.get(library.partition(".so")[0], ("", ""))
    if evidence.by_conda or not pip:
        return conda
    major = (dotted(evidence.build_cuda) or (12,))[0]
    if "{major}" in pip:
        return pip.format(major=major)
    return f"{pip}-cu{major}" if pip.startswith("nvidia-") and major < 13 else pip


def install(package: str, evidence: Evidence) -> str:
    """Install one package beside torch, by the same means."""
    if evidence.by_conda:
        return f"conda install -p {evidence.prefix} {package}"
    return f"{evidence.python} -m pip install {package}"


def reinstall(evidence: Evidence) -> str:
    """Reinstall the same framework in the same version."""
    version = evidence.torch.version.partition("+")[0]
    if evidence.by_conda:
        name = "pytorch" if evidence.framework == "torch" else evidence.framework
        spec = f"{name}={version}" if version else name
        return f"conda install -p {evidence.prefix} --force-reinstall {spec}"
    spec = f"{evidence.framework}=={version}" if version else evidence.framework
    if evidence.framework == "cupy":  # whose wheels are called after their CUDA
        return _reinstall_cupy(evidence, version)
    cuda = evidence.torch.build_cuda if evidence.framework == "torch" else ""
    return f"{evidence.python} -m pip install --force-reinstall {spec}{wheel_index(cuda)}"


def _reinstall_cupy(evidence: Evidence, version: str) -> str:
    """Reinstall the wheel that is there; of two that lie over each other neither is whole, so both go first."""
    installed = evidence.other.distributions if evidence.other else ()
    if evidence.other and evidence.other.duplicates:
        return cuda_build(evidence).command
    name = installed[0] if installed else f"cupy-cuda{(dotted(evidence.build_cuda) or (12,))[0]}x"
    return f"{evidence.python} -m pip install --force-reinstall {name}=={version}"


def newer_driver(evidence: Evidence) -> str:
    """Which driver would do."""
    needed = smallest_driver(evidence.build_cuda)
    return f"a driver of version {needed} or later" if needed else "a newer driver"
