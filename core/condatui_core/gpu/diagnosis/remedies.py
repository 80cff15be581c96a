"""The commands that put things right, by conda or by pip, whichever installed the framework."""

from __future__ import annotations

import re

from msgspec import Struct

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
_RELEASE = re.compile(r"\d+(?:\.\d+)+")
_A = {"downgrade": "a downgrade", "upgrade": "an upgrade"}
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


class CudaBuild(Struct, frozen=True):
    """How a build for the CUDA of this machine's driver is installed."""

    command: str = ""
    """Empty if no build runs on the driver."""
    caveat: str = ""
    """What else the command changes, or why there is none."""

    def remedy(self, advice: str) -> str:
        """Put the advice and its caveat into one line; without a command the advice to take a build is none."""
        return "; ".join(filter(None, (advice if self.command else "", self.caveat)))


def cuda_build(evidence: Evidence, *, whole: bool = False) -> CudaBuild:
    """Install a build for CUDA that the driver and the GPU of this machine can run.

    By minor version compatibility it may be newer than the driver, unless the driver must support it as a `whole`.
    """
    if evidence.by_conda:
        newest = newest_build(evidence.driver_cuda, evidence.capability)
        limit = f" 'cuda-version<={newest}'" if newest else ""
        return CudaBuild(f"conda install -p {evidence.prefix} 'pytorch=*=cuda*'{limit}")
    if evidence.framework == "torch":
        return _wheel(evidence, whole=whole)
    wheel = wheel_for(evidence.driver_cuda, evidence.capability) if evidence.driver_cuda else None
    cuda = wheel.cuda if wheel else ""
    specs = {
        "tensorflow": "'tensorflow[and-cuda]'",
        "jax": f"-U 'jax[cuda{(dotted(cuda) or (12,))[0]}]'",
        "cupy": _cupy(cuda),
    }
    return CudaBuild(f"{evidence.python} -m pip install {specs[evidence.framework]}")


def _wheel(evidence: Evidence, *, whole: bool) -> CudaBuild:
    """A wheel from one of PyTorch's indexes, with the companions that must be built for the same CUDA."""
    installed = evidence.version.partition("+")[0]
    if not evidence.driver_cuda:  # the wheel that pip takes unless told otherwise is a CUDA build
        return CudaBuild(_pip_torch(evidence, installed if _RELEASE.fullmatch(installed) else "", ""))
    wheel = wheel_for(evidence.driver_cuda, evidence.capability, installed, whole=whole)
    if wheel is None:
        return CudaBuild(
            caveat=f"no PyTorch wheel runs on a driver of CUDA {evidence.driver_cuda}: a newer driver is needed"
        )
    command = _pip_torch(evidence, wheel.version, wheel.cuda)
    if wheel.change:
        version = wheel.version.removesuffix(".*")
        nearest = "newest" if wheel.change == "downgrade" else "oldest"
        words = f"PyTorch {version} is the {nearest} with a build for this machine: {_A[wheel.change]} from {installed}"
        return CudaBuild(command, words)
    instead = f"a release in the place of {installed}" if installed and not wheel.version else ""
    return CudaBuild(command, instead)


def _pip_torch(evidence: Evidence, version: str, cuda: str) -> str:
    spec = f"torch=={version}" if version else "torch"
    packages = " ".join((f"'{spec}'" if "*" in spec else spec, *evidence.torch.companions))
    return f"{evidence.python} -m pip install --force-reinstall {packages}{_index(cuda)}"


def _index(cuda: str) -> str:
    return f" --index-url {_INDEX}/cu{cuda.replace('.', '')}" if cuda else ""


def _cupy(cuda: str) -> str:
    return f"cupy-cuda{(dotted(cuda) or (12,))[0]}x"


def newer_driver(evidence: Evidence) -> str:
    """Which driver would do."""
    needed = smallest_driver(evidence.build_cuda)
    return f"a driver of version {needed} or later" if needed else "a newer driver"
