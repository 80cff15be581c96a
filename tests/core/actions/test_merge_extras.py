"""What a merge adds and moves, and what stands against it, by records made by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from condatui_core.actions.merge.extras import (
    Extras,
    conflicts_of,
    extras_of,
    moves_of,
    requests_that_change,
)
from condatui_core.actions.merge.plan import plan
from condatui_core.conda.parsers import SolvedPackage
from condatui_core.records.environment import KeepMark
from condatui_core.records.job import PackageMove
from condatui_core.records.package import PackageRecord, ProvidedDistribution, Replacement
from condatui_core.records.prefix import History, PrefixContents
from condatui_core.records.request import MergeRequest
from support.inventories import package, pip_package
from support.prefixes import make_prefix
from support.removals import RemovalMachine


def contents(*packages: PackageRecord, pip: tuple[str, ...] = (), asked: tuple[str, ...] = ()) -> PrefixContents:
    distributions = tuple(pip_package(*each.split("=")) for each in pip)
    history = History(requested=tuple((each.partition("=")[0], each) for each in asked))
    return PrefixContents(packages=packages, distributions=distributions, history=history)


def planned(*packages: PackageRecord) -> tuple[SolvedPackage, ...]:
    return tuple(SolvedPackage(name=each.name, version=each.version, build=each.build) for each in packages)


def names(extras: Extras) -> tuple[list[str], list[str]]:
    return [each.name for each in extras.packages], [each.name for each in extras.distributions]


def test_what_is_requested_and_lacking_is_added() -> None:
    member = contents(
        package("click"), package("numpy"), package("wandb", depends=("click",)), asked=("numpy", "wandb")
    )
    assert names(extras_of(member, contents(package("numpy", "2.0")))) == (["wandb"], [])


def test_without_any_request_what_no_other_package_needs_is_added() -> None:
    member = contents(package("click"), package("numpy"), package("wandb", depends=("click >=7",)))
    assert names(extras_of(member, contents(package("numpy")))) == (["wandb"], [])


def test_what_pip_has_installed_comes_with_what_it_needs_of_conda() -> None:
    needed = ProvidedDistribution("PyYAML", "6.0", "lib/python3.11/site-packages/PyYAML-6.0.dist-info")
    requires = ("pyyaml>=5", "colorama; sys_platform == 'win32'", "click; extra == 'cli'", "not a requirement!")
    member = contents(package("pyyaml", provides=(needed,)), package("click"), package("numpy"), asked=("numpy",))
    member = replace(member, distributions=(pip_package("trl", requires=requires), pip_package("Tim_M")))
    keeper = contents(package("numpy"), pip=("tim-m=9",))
    assert names(extras_of(member, keeper)) == (["pyyaml"], ["trl"])


def test_what_the_keeper_has_of_pip_is_not_added_by_conda() -> None:
    needed = ProvidedDistribution("torch", "2.5", "lib/python3.11/site-packages/torch.dist-info")
    member = contents(package("pytorch", "2.5", provides=(needed,)), asked=("pytorch",))
    keeper = contents(pip=("torch=2.6",))
    assert names(extras_of(member, keeper)) == ([], [])
    move = PackageMove(name="pytorch", change="up", before="2.5", after="2.6", requested=True)
    assert moves_of(member, keeper, ()) == (move,)


def test_moves_are_newer_older_rebuilt_gone_and_new() -> None:
    member = contents(
        *(package(name, "1.10") for name in ("down", "same", "up")),
        package("gone", "3"),
        package("rebuilt", build="a"),
        pip=("einops=1.0", "trl=0.9"),
        asked=("up=1.10", "gone"),
    )
    keeper = contents(pip=("trl=0.10",))
    after = planned(
        package("down", "1.9"),
        package("new"),
        package("rebuilt", build="b"),
        package("same", "1.10"),
        package("up", "2"),
    )
    moves = moves_of(member, keeper, after)
    assert [(each.name, each.change, each.before, each.after, each.requested) for each in moves] == [
        ("gone", "gone", "3", "", True),
        ("trl", "up", "0.9", "0.10", True),
        ("up", "up", "1.10", "2", True),
        ("down", "down", "1.10", "1.9", False),
        ("rebuilt", "build", "1.0", "1.0", False),
        ("new", "new", "", "1.0", False),
    ]
    assert requests_that_change(member, moves) == {"up": "up=1.10"}


def test_a_package_that_pip_has_replaced_moves_once_by_what_one_imports() -> None:
    conda = ProvidedDistribution("numpy", "1.26", "lib/python3.11/site-packages/numpy-1.26.dist-info")
    of_conda = package("numpy", "1.26", provides=(conda,))
    replacement = Replacement(package="numpy", distribution="numpy", conda_version="1.26", pip_version="2.0")
    both = replace(contents(of_conda, pip=("numpy=2.0",)), replaced=(replacement,))
    plain = contents(package("numpy", "2.1", provides=(conda,)))
    keeper = replace(plain, distributions=(pip_package("numpy", "2.1", owner="numpy"),))
    there = moves_of(both, keeper, planned(*keeper.packages))
    assert [(each.before, each.after, each.change, each.pip) for each in there] == [("2.0", "2.1", "up", True)]
    back = moves_of(plain, both, planned(of_conda))
    assert [(each.before, each.after, each.change, each.pip) for each in back] == [("2.1", "2.0", "down", False)]


def test_conflicts_are_found_through_what_comes_with_an_extra() -> None:
    member = contents(
        package("app", depends=("lib >=1", "numpy >=1")), package("lib", depends=("numpy <2", "zlib")), asked=("app",)
    )
    keeper = contents(package("numpy", "2.1"), package("zlib"))
    extras = extras_of(member, keeper)
    assert conflicts_of(extras, member, keeper) == ("lib 1.0 needs numpy <2; the keeper has 2.1 (h0_0)",)


# What stands against it


@pytest.fixture
def machine(tmp_path: Path) -> RemovalMachine:
    machine = RemovalMachine(tmp_path)
    for name in ("keeper", "member"):
        machine.make(name)
    return machine


async def blockers(
    machine: RemovalMachine, member: str = "member", keeper: str = "keeper", target: str = ""
) -> list[str]:
    path = str(machine.envs / target) if target else ""
    request = MergeRequest(keeper=str(machine.envs / keeper), member=str(machine.envs / member), target=path)
    return [each.id for each in (await plan(request, machine.context())).blockers]


async def test_an_environment_is_not_merged_into_itself(machine: RemovalMachine) -> None:
    assert "same-environment" in await blockers(machine, keeper="member")


async def test_what_the_user_keeps_is_not_merged(machine: RemovalMachine) -> None:
    machine.environments = [
        replace(each, keep=KeepMark(note="mine")) if each.name == "member" else each for each in machine.environments
    ]
    assert "kept" in await blockers(machine)


async def test_what_is_frozen_is_not_merged(machine: RemovalMachine) -> None:
    (machine.envs / "member/conda-meta/frozen").write_text("{}")
    assert "frozen" in await blockers(machine)


async def test_what_another_tool_manages_is_not_merged(machine: RemovalMachine) -> None:
    (machine.envs / "member/conda-meta/pixi").write_text("{}")
    assert "managed-by" in await blockers(machine)


async def test_a_half_made_keeper_is_none(machine: RemovalMachine) -> None:
    (machine.envs / "keeper/.condatui-clone").write_text("{}")
    assert "half-made" in await blockers(machine)


async def test_environments_of_two_condas_are_not_merged(machine: RemovalMachine) -> None:
    machine.environments = [
        replace(each, installation=None) if each.name == "member" else each for each in machine.environments
    ]
    assert "other-conda" in await blockers(machine)


async def test_a_taken_target_is_not_replaced(machine: RemovalMachine) -> None:
    (machine.envs / "new").mkdir()
    assert "target-exists" in await blockers(machine, target="new")
    assert "target-exists" not in await blockers(machine)


async def test_a_member_that_is_gone_is_not_merged(machine: RemovalMachine) -> None:
    assert "not-an-environment" in await blockers(machine, member="nowhere")


async def test_files_of_pip_for_another_python_are_not_carried_over(tmp_path: Path) -> None:
    machine = RemovalMachine(tmp_path)
    keeper = make_prefix(machine.envs / "keeper", python="3.12")
    keeper.pip_install("httpx")
    machine.note(keeper.path)
    member = machine.make("member")
    assert "other-python" not in await blockers(machine), "there is nothing to carry over"
    member.pip_install("einops")
    assert "other-python" in await blockers(machine)


async def test_files_of_pip_replace_none_of_the_keeper(tmp_path: Path) -> None:
    machine = RemovalMachine(tmp_path)
    keeper, member = machine.make("keeper"), machine.make("member")
    member.pip_install("einops")
    assert "pip-over-conda" not in await blockers(machine)
    keeper.write("lib/python3.11/site-packages/einops/__init__.py", "mine")
    assert "pip-over-conda" in await blockers(machine)
