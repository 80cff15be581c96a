"""What stands beside a verdict: notes, evidence, and which second run is worth while."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from condatui_core.gpu.check import gpu_findings
from condatui_core.gpu.diagnosis.rules import second_variant, torch_verdict
from condatui_core.records.gpu import Driver, Shadow, TorchFacts
from condatui_core.records.gpu_probe import KernelRun, Loaded, ProbeRun
from support.gpu_facts import (
    CPU_TORCH,
    CUDA_TORCH,
    GPU_MACHINE,
    NO_GPU_MACHINE,
    NO_GPUS_TEXT,
    PIP_TORCH,
    PREFIX,
    computes,
    fails,
    sees_none,
    static,
)

COMPUTES = computes()


def notes(run: ProbeRun = COMPUTES, torch: TorchFacts = CUDA_TORCH, driver: Driver | None = GPU_MACHINE) -> str:
    return "\n".join(torch_verdict(static(torch), driver, (run,), platform="linux").notes)


def test_what_works_without_more_ado_has_no_notes() -> None:
    assert notes() == ""


def test_two_torches_are_told_beside_any_verdict() -> None:
    both = replace(CUDA_TORCH, distributions=PIP_TORCH.distributions, overwritten=("x",))

    assert "two PyTorch in one environment: conda's 2.6.0" in notes(torch=both)


def test_a_torch_that_shadows_this_one_is_told() -> None:
    shadow = Shadow(path="/home/ann/.local/lib/python3.11/site-packages/torch", version="2.1.0")

    assert "imports torch 2.1.0 of /home/ann/.local" in notes(torch=replace(CUDA_TORCH, shadows=(shadow,)))


def test_a_build_newer_than_the_driver_within_a_major_is_told() -> None:
    assert "the driver supports CUDA 12.4" in notes(driver=replace(GPU_MACHINE, cuda="12.4"))


def test_a_gpu_that_nothing_was_compiled_for_is_told() -> None:
    run = computes()
    stages = tuple(
        replace(each, archs=("sm_75", "sm_80", "compute_80")) if hasattr(each, "archs") else each for each in run.stages
    )

    assert "nothing was compiled for sm_90" in notes(replace(run, stages=stages))


def test_gpus_that_failed_beside_one_that_works_are_told() -> None:
    run = computes(KernelRun(right=True), KernelRun(index=1, message="uncorrectable ECC error"))

    assert "GPU 1: uncorrectable ECC error" in notes(run)
    assert "a convolution failed" in notes(run)


def test_a_numpy_that_does_not_fit_is_told() -> None:
    assert "numpy<2" in notes(computes(stderr="UserWarning: Failed to initialize NumPy: _ARRAY_API not found"))


def test_cuda_libraries_from_elsewhere_are_told_and_those_of_the_driver_are_not() -> None:
    foreign = Loaded(
        paths=("/usr/local/cuda/lib64/libcublas.so.12", "/usr/lib/libcuda.so.560.35.03", f"{PREFIX}/lib/libcudnn.so.9")
    )

    assert notes(computes(more=(foreign,))) == (
        "CUDA libraries from outside the environment: /usr/local/cuda/lib64/libcublas.so.12"
    )


def test_a_preload_is_told() -> None:
    assert "LD_PRELOAD" in notes(replace(computes(), variables=(("LD_PRELOAD", "/x.so"),)))


def test_the_evidence_names_build_driver_devices_and_words() -> None:
    run = replace(sees_none(NO_GPUS_TEXT), variables=(("CUDA_VISIBLE_DEVICES", ""),))
    evidence = torch_verdict(static(), GPU_MACHINE, (run,), platform="linux").evidence

    assert ("version.py", "torch 2.6.0, CUDA 12.6") in evidence
    assert ("conda", "pytorch 2.6.0 cuda126_mkl_py311_hcada2b2_300 from conda-forge") in evidence
    assert ("driver", "560.35.03, CUDA 12.6") in evidence
    assert ("GPU", "0: NVIDIA H200") in evidence
    assert ("torch says", NO_GPUS_TEXT) in evidence
    assert ("CUDA_VISIBLE_DEVICES", "") in evidence


@pytest.mark.parametrize(
    ("run", "variant"),
    [
        (fails("libcublas.so.12: undefined symbol: x"), "no-ld-library-path"),
        (fails("libcudnn.so.9: cannot open shared object file"), "no-ld-library-path"),
        (fails("no such thing"), None),
        (sees_none(NO_GPUS_TEXT), "no-cuda-visible-devices"),
        (sees_none("Found no NVIDIA driver on your system."), None),
        (computes(), None),
    ],
)
def test_only_a_run_that_failed_that_way_is_repeated(run: ProbeRun, variant: str | None) -> None:
    both = (("CUDA_VISIBLE_DEVICES", ""), ("LD_LIBRARY_PATH", "/x"))

    assert second_variant(replace(run, variables=both)) == variant
    assert second_variant(run) is None


def test_an_environment_of_another_platform_has_no_finding_about_this_machine() -> None:
    assert gpu_findings(static(CPU_TORCH, foreign="linux-aarch64"), GPU_MACHINE, platform="linux") == ()


def test_a_cpu_build_beside_a_gpu_is_a_finding() -> None:
    (finding,) = gpu_findings(static(CPU_TORCH), GPU_MACHINE, platform="linux")

    assert (finding.id, finding.severity) == ("cpu-torch-on-gpu", "warning")
    assert "NVIDIA H200 unused" in finding.message
    assert "pytorch=*=*cuda*" in str(finding.remedy)


@pytest.mark.parametrize(
    ("torch", "driver", "platform"),
    [
        (CUDA_TORCH, GPU_MACHINE, "linux"),
        (CPU_TORCH, NO_GPU_MACHINE, "linux"),
        (CPU_TORCH, None, "linux"),
        (CPU_TORCH, GPU_MACHINE, "darwin"),
        (replace(CPU_TORCH, presence="absent"), GPU_MACHINE, "linux"),
    ],
)
def test_it_is_a_finding_only_where_it_is_sure(torch: TorchFacts, driver: Driver | None, platform: str) -> None:
    assert gpu_findings(static(torch), driver, platform=platform) == ()
