"""How the rules of the GPU diagnosis are tested: what was found out, and the verdict that it must come to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from condatui_core.gpu.diagnosis.evidence import Evidence
from condatui_core.gpu.diagnosis.rules import TORCH_RULES, rule_name, torch_verdict
from condatui_core.records.gpu import Driver, StaticFacts, VerdictClass
from condatui_core.records.gpu_probe import ProbeRun
from support.gpu_facts import GPU_MACHINE, static

CUDA_ENVIRONMENT = static()


@dataclass(frozen=True)
class Seen:
    """What was found out, and the verdict that it must come to."""

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
        return f"{self.id}-{self.says[:24]}"


def check(seen: Seen) -> None:
    """Assert that it comes to that, by the rule of that name."""
    verdict = torch_verdict(seen.static, seen.driver, seen.runs, platform=seen.platform)
    evidence = Evidence(seen.static, seen.driver, seen.runs, platform=seen.platform)
    deciding = next(rule for rule in TORCH_RULES if rule(evidence))

    assert (verdict.id, verdict.kind) == (seen.id, seen.kind), verdict
    assert rule_name(deciding) == seen.id
    assert seen.kind in documented_rules("The rules for PyTorch")[seen.id][1], "docs/gpu.md names another class"
    assert seen.says in verdict.message
    assert seen.helps in f"{verdict.remedy} {verdict.command}"
    assert "\n" not in verdict.message


def rule_names(*modules: str) -> set[str]:
    """The names of the rules for PyTorch in these modules."""
    return {rule_name(rule) for rule in TORCH_RULES if rule.__module__.rpartition(".")[2] in modules}


_ROW = re.compile(r"\| `(?P<name>[a-z-]+)` \|(?P<cells>.+)\|\n")


@cache
def documented_rules(heading: str) -> Mapping[str, tuple[str, ...]]:
    """The table of rules below a heading of docs/gpu.md, in its order: the other cells by the rule's name."""
    page = (Path(__file__).parents[2] / "docs/gpu.md").read_text()
    section = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [(match["name"], tuple(map(str.strip, match["cells"].split("|")))) for match in _ROW.finditer(section)]
    assert len(dict(rows)) == len(rows), "a rule is documented twice"
    return dict(rows)
