"""What the policy says of an environment that is about to be made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from msgspec.structs import replace as replace_fields

from condatui_core.actions.policy_warnings import packages_of, policy_warnings
from condatui_core.actions.protocol import JobContext
from condatui_core.prefixes.probe import user_name
from condatui_core.records.prefix import PrefixContents
from condatui_core.settings import Settings
from support.contexts import made_context
from support.inventories import inventory, loaded, package

NEW = PrefixContents(packages=(package("readline", license="GPL-3.0-only"),))
RULES = """
format: 1
names: (proj|exp)-.+
forbidden_licenses: [GPL*]
required_packages: [python]
forbidden_packages: [readline]
max_environments_per_user: 1
max_bytes_per_user: 1G
max_inodes_per_user: 1
forbidden_findings: [note]
"""


def context_with(home: Path, policy: str) -> JobContext:
    (home / "policy.yaml").write_text(policy)
    mine = loaded("proj-a", owner=user_name(1000))
    return replace(made_context(inventory(mine), home), settings=Settings(policy=str(home / "policy.yaml")))


def rules(prefix: str, contents: PrefixContents, context: JobContext, *, whole: bool = True) -> list[str]:
    found = tuple(policy_warnings(prefix, contents, context, whole=whole))
    assert {each.severity for each in found} <= {"warning"}
    return [each.evidence[0].rpartition(" ")[2] for each in found]


def test_it_warns_of_each_rule_that_the_new_environment_would_not_keep(tmp_path: Path) -> None:
    context = context_with(tmp_path, RULES)
    assert rules("/envs/try", NEW, context) == [
        "names",
        "forbidden_licenses",
        "required_packages",
        "forbidden_packages",
        "max_environments_per_user",
    ]
    assert rules("/envs/exp-a", PrefixContents(packages=(package("python"),)), context) == ["max_environments_per_user"]


def test_of_a_dry_run_neither_licenses_nor_what_lacks_are_judged(tmp_path: Path) -> None:
    found = packages_of([("readline", "8.2", "h0_0", None)])
    assert rules("/envs/exp-a", found, context_with(tmp_path, RULES), whole=False) == [
        "forbidden_packages",
        "max_environments_per_user",
    ]


def test_the_environment_that_it_replaces_does_not_count_twice(tmp_path: Path) -> None:
    context = context_with(tmp_path, "format: 1\nmax_environments_per_user: 1\n")
    (mine,) = context.inventory.environments
    assert rules(mine.prefix, NEW, context) == []
    others = replace_fields(context.inventory, environments=(replace_fields(mine, owner="somebody"),))
    assert rules("/envs/b", NEW, replace(context, inventory=others)) == []


def test_a_policy_that_is_none_is_told_and_hinders_nothing(tmp_path: Path) -> None:
    (told,) = policy_warnings("/envs/a", NEW, context_with(tmp_path, "format: 1\nnope: 1\n"))
    assert told.severity == "warning"
    assert told.message == f"A policy has no `nope`: In {tmp_path}/policy.yaml, line 2"
    assert list(policy_warnings("/envs/a", NEW, made_context(inventory(), tmp_path))) == []


def test_what_a_dry_run_adds_is_judged_but_for_its_licenses(tmp_path: Path) -> None:
    policy = "format: 1\nallowed_licenses: [MIT]\nforbidden_packages: [readline]\nrequired_packages: [python]\n"
    context = context_with(tmp_path, policy)
    there = PrefixContents(packages=(package("numpy", license="MIT"),))
    assert rules("/envs/a", there, context) == ["required_packages"]
    coming = packages_of([("readline", "8.2", "h0_0", None), ("python", "3.12.1", "h0_0", None)]).packages
    found = [each.evidence[0].rpartition(" ")[2] for each in policy_warnings("/envs/a", there, context, coming=coming)]
    assert found == ["forbidden_packages"]
