"""How a row of the table of verdicts is tested: what was seen, and what it must come to."""

from __future__ import annotations

from dataclasses import dataclass

from condatui_core.gpu.diagnosis.rules import torch_verdict
from condatui_core.records.gpu import Driver, StaticFacts, VerdictClass
from condatui_core.records.gpu_probe import ProbeRun
from support.gpu_facts import GPU_MACHINE, static

CUDA_ENVIRONMENT = static()


@dataclass(frozen=True)
class Seen:
    """What was found out, and the verdict that it must come to."""

    row: int
    id: str
    kind: VerdictClass
    says: str
    """Words of the message."""
    runs: tuple[ProbeRun, ...] = ()
    static: StaticFacts = CUDA_ENVIRONMENT
    driver: Driver = GPU_MACHINE
    helps: str = ""
    """Words of the remedy or the command."""
    platform: str = "linux"

    def __str__(self) -> str:
        return f"{self.row:02}-{self.id}-{self.says[:24]}"


def check(seen: Seen) -> None:
    """Assert that it comes to that."""
    verdict = torch_verdict(seen.static, seen.driver, seen.runs, platform=seen.platform)

    assert (verdict.row, verdict.id, verdict.kind) == (seen.row, seen.id, seen.kind), verdict
    assert seen.says in verdict.message
    assert seen.helps in f"{verdict.remedy} {verdict.command}"
    assert "\n" not in verdict.message
