"""What is worth knowing beside a verdict, and what it was concluded from."""

from __future__ import annotations

from collections.abc import Iterator

from condatui_core.gpu.cuda_versions import fit
from condatui_core.gpu.diagnosis.build_rules import two_torches
from condatui_core.gpu.diagnosis.evidence import Evidence
from condatui_core.gpu.diagnosis.kernel_rules import arch
from condatui_core.records.gpu import Verdict
from condatui_core.records.gpu_probe import Built, ConvolutionRun, CudnnRead, DeviceSeen, ImportFailed, KernelRun

_OLD_NUMPY = ("compiled using NumPy 1.x", "Failed to initialize NumPy")


def notes_of(evidence: Evidence, verdict: Verdict) -> Iterator[str]:
    """What else is worth knowing, a line each."""
    torch = evidence.torch
    if torch.overwritten and verdict.about != "overwritten":
        yield f"two PyTorch in one environment: {two_torches(evidence)}; remove both, then install one"
    for shadow in torch.shadows:
        version = f" {shadow.version}" if shadow.version else ""
        yield f"`python` typed here imports torch{version} of {shadow.path} instead ({shadow.by})"
    if torch.leftovers and verdict.about != "leftovers":
        yield f"remains of another torch: {', '.join(torch.leftovers)}"
    if evidence.variable("LD_PRELOAD"):
        yield "LD_PRELOAD is set; the check ran without it"
    if verdict.kind == "works" and evidence.build_cuda:
        yield from _beside_success(evidence)


def _beside_success(evidence: Evidence) -> Iterator[str]:
    if fit(evidence.build_cuda, evidence.driver.cuda) == "minor":
        yield (
            f"the driver supports CUDA {evidence.driver.cuda}, this build is for {evidence.build_cuda}: "
            "what is compiled on the spot (Triton, NVRTC, PTX) may fail"
        )
    yield from _by_ptx(evidence)
    for kernel in evidence.stages_of(KernelRun):
        if not kernel.right:
            yield f"GPU {kernel.index}: {kernel.message or 'a wrong result'}"
    failed = [each for each in evidence.stages_of(ConvolutionRun) if not each.right]
    if failed:
        yield f"a convolution failed, which is cuDNN's work: {failed[0].message or 'a wrong result'}"
    elif (cudnn := evidence.stage(CudnnRead)) and cudnn.message:
        yield f"cuDNN: {cudnn.message}"
    if evidence.run and any(text in evidence.run.stderr for text in _OLD_NUMPY):
        yield _numpy_words(evidence)
    if evidence.strange_libraries:
        yield f"CUDA libraries from outside the environment: {', '.join(evidence.strange_libraries[:3])}"


def _numpy_words(evidence: Evidence) -> str:
    if evidence.framework != "torch":
        return f"{evidence.name} was compiled for NumPy 1 and NumPy 2 is installed: numpy<2, or a newer {evidence.name}"
    return "torch and numpy do not fit together, `tensor.numpy()` fails: numpy<2, or torch 2.3 or later"


def _by_ptx(evidence: Evidence) -> Iterator[str]:
    """Name the GPUs for which nothing was compiled, so that their kernels are compiled when they are first used."""
    built = evidence.stage(Built)
    for seen in evidence.stages_of(DeviceSeen):
        if built and built.archs and seen.capability and not _compiled_for(seen.capability, built.archs):
            yield f"nothing was compiled for {arch(seen.capability)}: kernels come from PTX, the first use takes longer"


def _compiled_for(capability: tuple[int, int], archs: tuple[str, ...]) -> bool:
    """Whether there is code of the same major that is not for a newer minor."""
    codes = [each.removeprefix("sm_").rstrip("af") for each in archs if each.startswith("sm_")]
    versions = [(int(code[:-1]), int(code[-1])) for code in codes if code.isdigit() and len(code) > 1]
    return any(major == capability[0] and minor <= capability[1] for major, minor in versions)


def evidence_of(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """What the verdict was concluded from, as (what, text) pairs."""
    yield from _files(evidence)
    yield from _driver(evidence)
    if evidence.run is None:
        return
    yield from (pair for pair in evidence.run.variables if pair[0] != "LD_PRELOAD")
    failed = evidence.stage(ImportFailed)
    if failed:
        yield "import", f"{failed.kind}: {failed.message}" if failed.kind else "a directory without a module"
    elif evidence.reason:
        yield f"{evidence.framework} says", evidence.reason
    if evidence.kernel_trouble:
        yield "computation", evidence.kernel_trouble
    if evidence.run.exit_code:
        yield "exit code", str(evidence.run.exit_code)
    if evidence.second:
        yield "second run", f"{evidence.second.variant}: {_second(evidence)}"


def _second(evidence: Evidence) -> str:
    assert evidence.second
    return "it worked" if evidence.second_worked(evidence.second.variant) else "it failed as well"


def _files(evidence: Evidence) -> Iterator[tuple[str, str]]:
    torch = evidence.torch
    if torch.known_by:
        words = f"CUDA {torch.build_cuda}".strip() if torch.kind == "cuda" else torch.kind
        yield torch.known_by, f"{evidence.framework} {torch.version}, {words}"
    if torch.conda:
        yield "conda", f"{torch.conda.name} {torch.conda.version} {torch.conda.build} from {torch.conda.channel}"
    yield from (("pip", each) for each in torch.distributions)
    if torch.helpers:
        yield "also", ", ".join(torch.helpers)
    yield from (("overwritten", each) for each in torch.overwritten)
    yield from (("remains", each) for each in torch.leftovers)


def _driver(evidence: Evidence) -> Iterator[tuple[str, str]]:
    driver = evidence.driver
    if driver.version or driver.cuda:
        yield "driver", f"{driver.version or 'of unknown version'}, CUDA {driver.cuda or 'unknown'}"
    elif evidence.asked:
        yield "driver", driver.library_error or "none"
    if driver.kernel_version and driver.library_version and driver.kernel_version != driver.library_version:
        yield "versions", f"kernel module {driver.kernel_version}, libcuda {driver.library_version}"
    for name, code in (("cuInit", driver.init_code), ("NVML", driver.nvml_code)):
        if code:
            yield name, f"error {code}"
    if driver.smi_text:
        yield "nvidia-smi", driver.smi_text
    if driver.error:
        yield "driver", driver.error
    yield from (("GPU", f"{each.index}: {each.name}{', MIG on' if each.mig else ''}") for each in driver.devices)
