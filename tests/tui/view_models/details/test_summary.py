from __future__ import annotations

from condatui.cli.pages.environments import summary_text
from support.inventories import NOW, environment, research


def test_an_environment_in_three_lines() -> None:
    assert summary_text(research(), NOW).plain.splitlines() == [
        "research",
        "/opt/miniforge3/envs/research",
        "python 3.10.14 · 3 conda packages and 2 of pip · ~4.1 GB by their records · created 90 d ago",
    ]


def test_what_holds_of_it_stands_beside_the_name() -> None:
    prod = environment("prod", base=True, frozen=True, writable=False, state="broken", aliases=("/envs/current",))
    assert summary_text(prod, NOW).plain.splitlines()[:2] == [
        "prod · base of its installation · frozen · not writable · broken",
        "/opt/miniforge3/envs/prod ← /envs/current",
    ]
