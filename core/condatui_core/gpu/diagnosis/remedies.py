"""The commands that put things right, by conda or by pip, whichever installed the framework."""

from __future__ import annotations

from condatui_core.gpu.cuda_versions import dotted, newest_build, smallest_driver, wheel_for
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
_INDEX = "https://download.pytorch.org/whl"


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
        spec = f"pytorch={version}" if version else "pytorch"
        return f"conda install -p {evidence.prefix} --force-reinstall {spec}"
    spec = f"{evidence.framework}=={version}" if version else evidence.framework
    if evidence.framework == "cupy":  # whose wheels are called after their CUDA
        spec = _cupy(evidence.build_cuda)
    cuda = evidence.torch.build_cuda if evidence.framework == "torch" else ""
    return f"{evidence.python} -m pip install --force-reinstall {spec}{_index(cuda)}"


def cuda_build(evidence: Evidence) -> str:
    """Install a build for CUDA that the driver and the GPU of this machine can run."""
    if evidence.by_conda:
        newest = newest_build(evidence.driver_cuda, evidence.capability)
        limit = f" 'cuda-version<={newest}'" if newest else ""
        return f"conda install -p {evidence.prefix} 'pytorch=*=cuda*'{limit}"
    cuda = wheel_for(evidence.driver_cuda, evidence.capability) if evidence.driver_cuda else ""
    major = (dotted(cuda) or (12,))[0]
    specs = {
        "torch": f"--force-reinstall torch{_index(cuda)}",
        "tensorflow": "'tensorflow[and-cuda]'",
        "jax": f"-U 'jax[cuda{major}]'",
        "cupy": _cupy(cuda),
    }
    return f"{evidence.python} -m pip install {specs[evidence.framework]}"


def _index(cuda: str) -> str:
    return f" --index-url {_INDEX}/cu{cuda.replace('.', '')}" if cuda else ""


def _cupy(cuda: str) -> str:
    return f"cupy-cuda{(dotted(cuda) or (12,))[0]}x"


def newer_driver(evidence: Evidence) -> str:
    """Which driver would do."""
    needed = smallest_driver(evidence.build_cuda)
    return f"a driver of version {needed} or later" if needed else "a newer driver"
