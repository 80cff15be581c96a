"""docs/gpu.md has every rule of the GPU diagnosis, in the order in which they are tried, and no other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from condatui_core.gpu.cuda_versions import WHEELS
from condatui_core.gpu.diagnosis.rules import OTHER_RULES, TORCH_RULES, Rule, rule_name
from condatui_core.records.gpu import VerdictClass
from support.gpu_rules import documented_rules

PYTORCH = "The rules for PyTorch"
OTHERS = "The rules for TensorFlow, JAX and CuPy"


@pytest.mark.parametrize(("heading", "rules"), [(PYTORCH, TORCH_RULES), (OTHERS, OTHER_RULES)])
def test_every_rule_is_documented_in_its_order(heading: str, rules: tuple[Rule, ...]) -> None:
    assert list(documented_rules(heading)) == [rule_name(rule) for rule in rules]


@pytest.mark.parametrize("name", documented_rules(PYTORCH))
def test_a_rule_says_when_it_holds_and_what_that_rests_on(name: str) -> None:
    when, kind, message, *others = documented_rules(PYTORCH)[name]

    assert len(others) == 2
    assert when != "–" and message != "–"
    assert kind.split(",")[0] in get_args(VerdictClass)


def test_the_indexes_of_wheels_are_documented() -> None:
    page = (Path(__file__).parents[3] / "docs/gpu.md").read_text()
    expected: dict[str, list[str]] = {}
    for each in WHEELS:
        versions = each.first if each.first == each.last else f"{each.first} – {each.last}"
        expected.setdefault(f"cu{each.cuda.replace('.', '')}", []).append(versions)

    assert dict(re.findall(r"^\| (cu\d+) \| (.+) \|$", page, re.MULTILINE)) == {
        index: ", ".join(versions) for index, versions in expected.items()
    }
