"""What decides about a finding is a field with a type: its public id only names it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import condatui_core
from condatui_core.analyses.cleanup.candidates import candidates
from condatui_core.gpu.check import gpu_findings
from condatui_core.records.finding import blocker, merged
from condatui_core.records.finding import finding as finding_of_action
from support.gpu_facts import CPU_TORCH, GPU_MACHINE, static
from support.inventories import finding, inventory, loaded


def test_findings_of_one_source_replace_each_other_whatever_they_are_called() -> None:
    mine, disk, gpu = finding("disk-unreadable"), finding("odd", source="disk"), finding("odder", "error", source="gpu")
    newer = finding("new", "note", source="disk")
    assert merged((gpu, mine, disk), (newer,), source="disk") == (gpu, mine, newer)
    assert merged((gpu, mine, disk), (), source="gpu") == (mine, disk)


def test_findings_of_an_action_say_that_they_are() -> None:
    assert finding_of_action("frozen", "note", "It is frozen.").source == "action"
    assert blocker("base", "It is the base.").source == "action"


def test_actions_and_journals_make_their_findings_by_the_functions_that_say_so() -> None:
    core = Path(condatui_core.__file__).parent
    calls = [
        f"{file}:{node.lineno}"
        for package in ("actions", "jobs")
        for file in (core / package).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Finding"
    ]
    assert calls == []


@pytest.mark.parametrize(("role", "count"), [("", 0), ("in-use", 0), ("unused", 1), ("remains", 1)])
def test_a_reason_to_clean_up_is_one_by_its_role_and_not_by_its_id(role: str, count: int) -> None:
    found = candidates(inventory(loaded("a", findings=(finding("stale", "note", cleanup=role),))), costs={})
    assert len(found) == count


def test_findings_of_the_gpu_check_say_that_they_are() -> None:
    found = gpu_findings(static(CPU_TORCH), GPU_MACHINE, platform="linux")
    assert [(each.id, each.source) for each in found] == [("cpu-torch-on-gpu", "gpu")]
