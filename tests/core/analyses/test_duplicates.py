"""The finding `duplicate`: for each member of a group, with what differs; the same environments otherwise."""

from __future__ import annotations

from msgspec.structs import replace

from condatui_core.analyses.alike import alike_groups
from condatui_core.analyses.duplicates import with_duplicates
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.finding import Finding
from condatui_core.remedy import SeeDuplicates
from condatui_core.text import percent
from support.alike_worlds import changed, numbered, packages_of
from support.inventories import environment, finding, inventory, loaded, package


def _told(*environments: Environment, threshold: float = 0.9) -> Inventory:
    machine = inventory(*environments)
    return with_duplicates(machine, alike_groups(machine, threshold=threshold))


def _finding(machine: Inventory, name: str) -> Finding:
    [found] = [each for one in machine.environments if one.name == name for each in one.findings]
    return found


def test_a_member_says_to_which_it_is_alike_how_much_and_why_that_one_stays() -> None:
    told = _told(loaded("hub", numbered(50), frozen=True), loaded("twin", numbered(50)))
    assert told.environments[0].findings == ()
    assert _finding(told, "twin") == Finding(
        id="duplicate",
        severity="note",
        message="alike to hub, 100 %",
        label="hub 100 %",
        evidence=("identical", "hub would stay: frozen, holds all of the others"),
        remedy=SeeDuplicates(),
        source="alike",
    )


def test_the_evidence_names_what_differs() -> None:
    own = [*changed(numbered(50), 3)[:48], package("wandb")]
    told = _told(loaded("hub", numbered(50), frozen=True), loaded("member", own), threshold=0.5)
    assert _finding(told, "member").evidence == (
        "differs in 3 packages, has 1 more, lacks 2",
        "lib000 2.0, there 1.0",
        "lib001 2.0, there 1.0",
        "lib002 2.0, there 1.0",
        "has besides: wandb",
        "lacks: lib048, lib049",
        "hub would stay: frozen",
    )


def test_the_evidence_of_many_differences_is_short_and_begins_with_what_was_requested() -> None:
    keeper = numbered(50)
    asked = package("lib040", "2.0", requested_specs=("lib040",))
    own = [*changed(keeper, 12)[:40], asked, *keeper[41:]]
    told = _told(loaded("hub", keeper, frozen=True), loaded("member", own), threshold=0.5)
    evidence = _finding(told, "member").evidence
    assert evidence[1] == "lib040 2.0, there 1.0"
    assert evidence[9] == "and 5 more"
    assert len(evidence) == 11


def test_other_builds_and_channels_are_told() -> None:
    keeper = [package("a", build="0"), package("b"), package("c")]
    own = [package("a", build="1"), package("b"), package("c", base_url="https://conda.example.com/own")]
    told = _told(loaded("hub", keeper, frozen=True), loaded("member", own), threshold=0.5)
    assert _finding(told, "member").evidence[1:3] == ("c 1.0 from another channel", "other builds: a")
    same = _told(loaded("hub", keeper[:2], frozen=True), loaded("member", own[:2]))
    assert _finding(same, "member").evidence[0] == "identical but for 1 build"


def test_other_findings_stay_and_an_older_one_goes() -> None:
    stale = finding("stale", "note")
    machine = inventory(loaded("hub", numbered(9), frozen=True), loaded("twin", numbered(9), findings=(stale,)))
    told = with_duplicates(machine, alike_groups(machine))
    assert [each.id for each in told.environments[1].findings] == ["stale", "duplicate"]
    assert with_duplicates(told, alike_groups(told)) == told
    assert with_duplicates(told, ()) == machine


def test_environments_of_no_group_are_the_same_objects() -> None:
    machine = inventory(environment("unread"), loaded("single", packages_of("ab")))
    told = with_duplicates(machine, ())
    assert all(one is other for one, other in zip(told.environments, machine.environments, strict=True))
    assert told == replace(machine)


def test_only_what_is_the_same_is_a_hundred_percent() -> None:
    assert [percent(share) for share in (1.0, 0.9999, 0.98, 0.29, 0.5)] == ["100 %", "99 %", "98 %", "29 %", "50 %"]
