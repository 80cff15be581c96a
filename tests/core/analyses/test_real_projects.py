"""Environments of public projects: variants of one are alike, and no two projects are."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path

import pytest

from condatui_core.analyses.alike import alike_groups
from condatui_core.analyses.channels import channel_urls
from condatui_core.records.environment import Environment
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import PackageRecord
from support.alike_worlds import mirrored
from support.inventories import inventory, loaded, package
from support.tiers import thorough

_DATA = Path(__file__).parents[2] / "data" / "projects.txt"


def _projects() -> Mapping[str, tuple[PackageRecord, ...]]:
    """The packages of each project, by its name."""
    found: dict[str, list[PackageRecord]] = {}
    records: list[PackageRecord] = []
    for line in _DATA.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            records = found[line.strip("[]")] = []
        elif not line.startswith("#"):
            name, version, build, channel = line.split()
            [url] = channel_urls(channel, ChannelConfig())
            records.append(package(name, version, url, build=build))
    return {name: tuple(records) for name, records in found.items()}


PROJECTS = _projects()


def test_there_are_real_projects() -> None:
    assert len(PROJECTS) == 6
    assert min(map(len, PROJECTS.values())) > 40


def _variants(project: str, count: int, made: random.Random) -> Iterator[Environment]:
    """Copies with 2 to 8 % of the packages updated, from another channel or gone, or with as many more."""
    everything = [record for records in PROJECTS.values() for record in records]
    for number in range(count):
        records = PROJECTS[project]
        touched = set(made.sample(records, max(1, len(records) * made.randrange(2, 9) // 100)))
        kept = [each for record in records for each in _touched(record, record in touched, everything, made)]
        yield loaded(f"{project}-{number}", mirrored(kept) if made.random() < 0.5 else kept)


def _touched(
    record: PackageRecord, touched: bool, others: list[PackageRecord], made: random.Random
) -> list[PackageRecord]:
    how = made.choice(("update", "channel", "gone", "more")) if touched else ""
    if how == "update":
        return [package(record.name, f"{record.version}.post7", record.base_url)]
    if how == "channel":
        return [package(record.name, record.version, "https://conda.example.com/lab")]
    if how == "more":
        return [record, package(f"more-{made.choice(others).name}-for-{record.name}")]
    return [] if how == "gone" else [record]


@pytest.mark.parametrize("seed", [*range(5), *thorough(range(5, 20))])
def test_variants_group_with_their_project_and_projects_never_do(seed: int) -> None:
    made = random.Random(seed)
    environments = [loaded(name, records) for name, records in PROJECTS.items()]
    environments += [each for name in PROJECTS for each in _variants(name, 4, made)]
    made.shuffle(environments)
    groups = alike_groups(inventory(*environments))
    together = {frozenset((group.keeper, *(each.prefix for each in group.members))) for group in groups}
    prefix = environments[0].prefix.rpartition("/")[0]
    assert together == {
        frozenset((f"{prefix}/{name}", *(f"{prefix}/{name}-{number}" for number in range(4)))) for name in PROJECTS
    }


@pytest.mark.parametrize(("one", "other"), [*combinations(PROJECTS, 2)])
def test_no_two_projects_are_alike_at_any_threshold(one: str, other: str) -> None:
    assert alike_groups(inventory(loaded("a", PROJECTS[one]), loaded("b", PROJECTS[other])), threshold=0.5) == ()
