"""Builds for the CUDA of this machine's driver, of each framework by the means that installed it."""

from __future__ import annotations

import re

from msgspec import Struct

from condatui_core.gpu.cuda_versions import Wheel, dotted, newest_build, smallest_driver, wheel_for
from condatui_core.gpu.diagnosis.evidence import Evidence
from condatui_core.records.gpu import CondaBuild

_RELEASE = re.compile(r"\d+(?:\.\d+)+")
_A = {"downgrade": "a downgrade", "upgrade": "an upgrade"}
_INDEX = "https://download.pytorch.org/whl"


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
        return _conda_build(evidence)
    if evidence.framework == "torch":
        return _wheel(evidence, whole=whole)
    return {"tensorflow": _tensorflow, "jax": _jax, "cupy": _cupy}[evidence.framework](evidence)


def _conda_build(evidence: Evidence) -> CudaBuild:
    """The same package in a build with CUDA, however its channel names those: `cuda126_…`, `py3.12_cuda12.4_…`."""
    conda = evidence.torch.conda
    if conda and conda.channel == "pytorch":
        return _pytorch_channel(evidence, conda)
    newest = newest_build(evidence.driver_cuda, evidence.capability)
    limit = f" 'cuda-version<={newest}'" if newest else ""
    package = {"torch": "pytorch", "tensorflow": "tensorflow", "jax": "jaxlib", "cupy": "cupy"}[evidence.framework]
    spec = package if package == "cupy" else f"'{package}=*=*cuda*'"
    return CudaBuild(f"conda install -p {evidence.prefix} {spec}{limit}")


def _pytorch_channel(evidence: Evidence, conda: CondaBuild) -> CudaBuild:
    """The channel `pytorch`, which ended with PyTorch 2.5, chooses the CUDA by the package pytorch-cuda."""
    wheel = wheel_for(evidence.driver_cuda, evidence.capability, conda.version, until="2.5")
    if not evidence.driver_cuda or wheel is None or dotted(conda.version) < (1, 13):
        return CudaBuild(f"conda install -p {evidence.prefix} -c pytorch 'pytorch=*=*cuda*'")
    spec = f"'pytorch={wheel.version or '*'}=*cuda*' pytorch-cuda={wheel.cuda}"
    command = f"conda install -p {evidence.prefix} -c pytorch -c nvidia {spec}"
    return CudaBuild(command, _change(wheel, conda.version))


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
        return CudaBuild(command, _change(wheel, installed))
    instead = f"a release in the place of {installed}" if installed and not wheel.version else ""
    return CudaBuild(command, instead)


def _pip_torch(evidence: Evidence, version: str, cuda: str) -> str:
    spec = f"torch=={version}" if version else "torch"
    packages = " ".join((f"'{spec}'" if "*" in spec else spec, *evidence.torch.companions))
    return f"{evidence.python} -m pip install --force-reinstall {packages}{wheel_index(cuda)}"


def wheel_index(cuda: str) -> str:
    """The option by which pip takes PyTorch from the index of a CUDA; empty without one."""
    return f" --index-url {_INDEX}/cu{cuda.replace('.', '')}" if cuda else ""


def _change(wheel: Wheel, installed: str) -> str:
    """Say what another version means; empty if it stays."""
    if not wheel.change:
        return ""
    version = wheel.version.removesuffix(".*")
    nearest = "newest" if wheel.change == "downgrade" else "oldest"
    return f"PyTorch {version} is the {nearest} with a build for this machine: {_A[wheel.change]} from {installed}"


def _tensorflow(evidence: Evidence) -> CudaBuild:
    """The extra `and-cuda`, which came with 2.14; from 2.15 on it is for CUDA 12."""
    release = dotted(evidence.version)[:2]
    if _driver_major(evidence) < (11 if release == (2, 14) else 12):
        return _needs_driver("TensorFlow", 12)
    uninstall = _uninstall(evidence, keep=("tensorflow",))
    if release < (2, 14):
        command = f"{uninstall}{evidence.python} -m pip install -U 'tensorflow[and-cuda]'"
        return CudaBuild(command, f"2.14 is the first that brings its CUDA: an upgrade from {evidence.version}")
    return CudaBuild(f"{uninstall}{evidence.python} -m pip install 'tensorflow[and-cuda]=={evidence.version}'")


def _jax(evidence: Evidence) -> CudaBuild:
    """The extra for the driver's major, in the place of the plugin for another one."""
    driver_major = _driver_major(evidence)
    if driver_major < 12:
        return _needs_driver("JAX", 12)
    old_gpu = evidence.capability is not None and evidence.capability < (7, 5)
    major = 13 if driver_major >= 13 and not old_gpu else 12
    since = {12: (0, 4, 30), 13: (0, 8)}[major]
    keeps = dotted(evidence.version) >= since
    spec = f"'jax[cuda{major}]=={evidence.version}'" if keeps else f"-U 'jax[cuda{major}]'"
    uninstall = _uninstall(evidence, keep=(f"jax-cuda{major}-plugin", f"jax-cuda{major}-pjrt"))
    caveat = "" if keeps else f"an upgrade from {evidence.version}"
    return CudaBuild(f"{uninstall}{evidence.python} -m pip install {spec}", caveat)


def _cupy(evidence: Evidence) -> CudaBuild:
    """The wheel for the driver's major, with the toolkit that it needs; two wheels lie over each other."""
    driver_major = _driver_major(evidence)
    if driver_major < 11:
        return _needs_driver("CuPy", 11)
    major = min(driver_major, 13)
    wheel = f"cupy-cuda{major}x"
    uninstall = _uninstall(evidence, keep=(wheel,))
    if major == 11:
        caveat = "CuPy 13 is the last for CUDA 11" + (": a downgrade" if dotted(evidence.version) >= (14,) else "")
        return CudaBuild(f"{uninstall}{evidence.python} -m pip install {wheel} nvidia-cuda-nvrtc-cu11", caveat)
    keeps = dotted(evidence.version) >= (14,)
    spec = f"'{wheel}[ctk]=={evidence.version}'" if keeps else f"-U '{wheel}[ctk]'"
    caveat = "" if keeps else f"14 is the first that brings its toolkit: an upgrade from {evidence.version}"
    return CudaBuild(f"{uninstall}{evidence.python} -m pip install {spec}", caveat)


def _driver_major(evidence: Evidence) -> int:
    """The major of the CUDA that the driver supports; 12 if that is not known."""
    return (dotted(evidence.driver_cuda) or (12,))[0]


def _needs_driver(name: str, major: int) -> CudaBuild:
    return CudaBuild(caveat=f"{name} needs a driver of CUDA {major} or later: {smallest_driver(str(major))}")


def _uninstall(evidence: Evidence, *, keep: tuple[str, ...]) -> str:
    """Remove the packages that would lie over the new one, as the first half of a command."""
    installed = evidence.other.distributions if evidence.other else ()
    going = [name for name in installed if name not in keep]
    if len(installed) > len(going) and evidence.other and evidence.other.duplicates:
        going = list(installed)  # what the removed one shares with the kept one goes as well, so that both must
    return f"{evidence.python} -m pip uninstall -y {' '.join(going)} && " if going else ""
