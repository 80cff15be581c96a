"""What the plan of a rollback says of packages that only their channels have, or nobody."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from condatui_core.actions.rollback import plan as rollback
from condatui_core.conda.answer import CondaAnswer
from condatui_core.errors import CondaError
from condatui_core.records.job import Plan
from condatui_core.records.request import RollbackRequest
from condatui_core.remedy import AllowDownloads
from support.fake_channels import FakeChannels
from support.prefixes import FakePrefix
from support.removals import RemovalMachine

NAMES = ("a", "b")


@pytest.fixture
def machine(tmp_path: Path) -> RemovalMachine:
    return RemovalMachine(tmp_path)


@pytest.fixture
def prefix(machine: RemovalMachine) -> FakePrefix:
    """An environment from which two packages went, of which nothing on the machine knows any more."""
    made = machine.make("nlp")
    made.revision(*(f"+conda-forge/linux-64::{each}-1.0-0" for each in NAMES))
    made.revision(*(f"-conda-forge/linux-64::{each}-1.0-0" for each in NAMES), command="conda remove")
    return made


async def planned(machine: RemovalMachine, prefix: FakePrefix, conda: FakeChannels, *, offline: bool = False) -> Plan:
    context = replace(machine.context(), ask_conda=conda)
    return await rollback.plan(RollbackRequest(prefix=str(prefix), revision=1, offline=offline), context)


async def test_conda_finds_the_archives_and_their_checksums(machine: RemovalMachine, prefix: FakePrefix) -> None:
    plan = await planned(machine, prefix, FakeChannels(*NAMES))
    assert plan.blockers == ()
    assert plan.rollback
    assert plan.rollback.archives == tuple(
        f"https://conda.anaconda.org/conda-forge/linux-64/{each}-1.0-0.conda#{'d' * 32}" for each in NAMES
    )
    assert dict(plan.facts)["to download"] == "2 packages, 2.0 KB"


async def test_what_no_channel_has_stands_against_it_by_name(machine: RemovalMachine, prefix: FakePrefix) -> None:
    (found,) = (await planned(machine, prefix, FakeChannels("a"))).blockers
    assert (found.id, found.evidence) == ("no-source", ("conda-forge::b-1.0-0",))
    assert found.message == "conda does not find 1 package of revision 1 at their channels."


async def test_offline_no_channel_is_asked_and_downloads_have_to_be_allowed(
    machine: RemovalMachine, prefix: FakePrefix
) -> None:
    conda = FakeChannels(*NAMES)
    (found,) = (await planned(machine, prefix, conda, offline=True)).blockers
    assert (found.id, found.remedy, conda.asked) == ("download", AllowDownloads(), [])


async def test_a_conda_that_cannot_say_stands_against_it_in_its_own_words(
    machine: RemovalMachine, prefix: FakePrefix
) -> None:
    class Hanging(FakeChannels):
        """A conda that waits for a network."""

        async def __call__(
            self, argv: Sequence[str], *, environ: Mapping[str, str], seconds: float | None
        ) -> CondaAnswer:
            raise CondaError("conda did not answer within 600 seconds.", "$ conda create\x1b[2J")

    (found,) = (await planned(machine, prefix, Hanging())).blockers
    assert found.id == "no-answer"
    assert found.evidence == ("conda did not answer within 600 seconds.", "$ conda create\\x1b[2J")


async def test_of_what_names_no_channel_nobody_is_asked(machine: RemovalMachine) -> None:
    old = machine.make("old")
    old.revision("+a-1.0-0", at="2014-05-06 07:08:09")
    old.revision("-a-1.0-0", at="2014-05-07 07:08:09")
    conda = FakeChannels("a")
    (found,) = (await planned(machine, old, conda)).blockers
    assert (found.id, found.evidence, conda.asked) == ("no-source", ("a-1.0-0",), [])


@pytest.mark.parametrize("cached", [True, False])
async def test_what_another_python_needs_linked_again_has_to_be_on_this_machine_too(
    machine: RemovalMachine, cached: bool
) -> None:
    prefix = machine.make("nlp")
    machine.cache("libpython")
    prefix.package("libpython", noarch="python")
    prefix.revision("-conda-forge/linux-64::python-3.11.9-h123_0_cpython", "+conda-forge/linux-64::libpython-1.0-0")
    prefix.revision("+conda-forge/linux-64::python-3.11.9-h123_0_cpython")
    if not cached:
        for each in (machine.root / "pkgs").glob("libpython*"):
            shutil.rmtree(each) if each.is_dir() else each.unlink()
    plan = await planned(machine, prefix, FakeChannels())
    assert plan.blockers == ()
    assert plan.rollback
    assert plan.rollback.added == ("libpython-1.0-0",)
    assert any("--offline" in step.argv for step in plan.steps if "--file" in step.argv) is cached
