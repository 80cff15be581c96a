"""What is known of the GPUs of the machine and of what the environments come to on them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.finding import SEVERITIES, Finding

if TYPE_CHECKING:  # the first picture does without these
    from condatui_core.records.gpu import Driver, GpuResult
    from condatui_core.records.gpu_probe import Framework, Stage, Variant

GPU_FINDINGS = frozenset({"cpu-torch-on-gpu"})


class UnderCheck(Struct, frozen=True):
    """The check that is under way."""

    prefix: str
    framework: Framework = "torch"
    variant: Variant = "as-is"
    stage: Stage | None = None
    """The last one that is over; None before the first."""
    slow: bool = False
    """Whether it takes longer than one expects."""


class GpuState(Struct, frozen=True):
    """What is known at one moment; a later one replaces it whole."""

    driver: Driver | None = None
    """None until somebody had to know."""
    machine: str = ""
    """The GPUs of the machine in a few words; empty if there are none."""
    results: Mapping[str, GpuResult] = field(default_factory=dict)
    """By prefix: of checks, and what files alone tell where nothing was run yet."""
    findings: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)
    """By prefix."""
    at_work: UnderCheck | None = None
    waiting: tuple[str, ...] = ()
    """Prefixes that will be checked, in their order."""

    @property
    def checked(self) -> bool:
        """Whether anything was run, is or will be."""
        return bool(self.at_work or self.waiting) or any(each.main.runs for each in self.results.values())

    @property
    def telling(self) -> bool:
        """Whether there is anything to tell of the environments: one has a framework, or is checked for one."""
        return self.checked or any(each.main.verdict.kind != "absent" for each in self.results.values())

    def added_to(self, inventory: Inventory) -> Inventory:
        """The same inventory, in which environments have the findings of the GPU check as well."""
        return replace(inventory, environments=tuple(map(self._judged, inventory.environments)))

    def _judged(self, environment: Environment) -> Environment:
        others = (finding for finding in environment.findings if finding.id not in GPU_FINDINGS)
        own = self.findings.get(environment.prefix, ())
        findings = tuple(sorted((*others, *own), key=lambda finding: SEVERITIES.index(finding.severity)))
        return environment if findings == environment.findings else replace(environment, findings=findings)


class GpuSubject(Struct, frozen=True):
    """One environment and what is known of it."""

    environment: Environment
    state: GpuState
    now: datetime
    keys: str = "g"
    """What checks it."""

    @property
    def result(self) -> GpuResult | None:
        """What it came to; None if nothing is known yet."""
        return self.state.results.get(self.environment.prefix)

    @property
    def command(self) -> str:
        """The command that puts it right; empty if there is none."""
        result = self.result
        return result.main.verdict.command if result else ""

    @property
    def shown(self) -> tuple[object, ...]:
        """What decides how the tab looks."""
        prefix, state = self.environment.prefix, self.state
        at_work = state.at_work if state.at_work and state.at_work.prefix == prefix else None
        return prefix, self.environment.state, self.result, state.driver, at_work, prefix in state.waiting
