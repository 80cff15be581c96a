"""What the GPU check has to say among the findings of an environment."""

from __future__ import annotations

from condatui_core.gpu.verdicts.case import Case
from condatui_core.gpu.verdicts.notes import evidence_of
from condatui_core.gpu.verdicts.rows_build import cpu_with_gpu
from condatui_core.records.finding import Finding
from condatui_core.records.gpu import Driver, StaticFacts


def gpu_findings(static: StaticFacts, driver: Driver | None, *, platform: str) -> tuple[Finding, ...]:
    """A finding for a torch without CUDA on a machine with an NVIDIA GPU; none where that is not sure."""
    if driver is None or not driver.present or platform == "darwin" or static.torch.presence != "installed":
        return ()
    case = Case(static, driver, platform=platform)
    verdict = cpu_with_gpu(case) if case.kind == "cpu" else None
    if verdict is None:
        return ()
    evidence = tuple(f"{what}: {text}" for what, text in evidence_of(case))
    remedy = f"{verdict.remedy}: {verdict.command}"
    return (
        Finding(id="cpu-torch-on-gpu", severity="warning", message=verdict.message, remedy=remedy, evidence=evidence),
    )
