"""What an update from a file takes out: never what pip's part needs, be it there or only coming."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from condatui_core.actions.create import plan as create_plan
from condatui_core.actions.from_file import asked_of
from condatui_core.actions.pip_part import PipComing
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.update import plan as update_plan
from condatui_core.actions.update.moves import moves_between, moves_by_pip
from condatui_core.actions.update.prune import NONE, Unneeded, unneeded, why_they_stay, with_coming
from condatui_core.conda.answer import CondaAnswer
from condatui_core.environment_files.asked import Asked
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.installation import ChannelConfig, Installation
from condatui_core.records.job import PackageMove, Plan
from condatui_core.records.package import PackageRecord, ProvidedDistribution
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.request import CreateRequest, UpdateRequest
from support.contexts import made_context
from support.fake_conda import answer
from support.inventories import environment, inventory, package, pip_package
from support.prefixes import FakePrefix

REQUESTS = ("certifi", "charset-normalizer", "idna", "urllib3")
"""What requests needs."""


def shipping(name: str, version: str = "1.0", *depends: str) -> PackageRecord:
    """A conda package that ships the distribution of its own name."""
    return package(name, version, depends=depends, provides=(ProvidedDistribution(name, version, f"{name}.dist-info"),))


START = PrefixContents(
    packages=(
        package("python", "3.11.9"),
        package("pip", "24.2", depends=("python",)),
        shipping("requests", "2.32.3", *REQUESTS),
        *(shipping(name) for name in ("certifi", "charset-normalizer", "urllib3")),
        shipping("idna", "3.10"),
    ),
    distributions=(pip_package("einops", "0.8.0"), pip_package("idna", "3.10", owner="idna")),
)
HTTPX = PipComing(name="httpx", version="0.28", requires=("anyio", "certifi", "idna", "httpcore==1.*"))
HTTPCORE = PipComing(name="httpcore", version="1.0", requires=("certifi", "h11>=0.16"), asked=False)


def asked(tmp_path: Path, requirement: str) -> Asked:
    file = tmp_path / "asked.yml"
    file.write_text(f"dependencies: [python, pip, {{pip: [{requirement}]}}]\n")
    return asked_of(str(file), ChannelConfig())


# From records


def test_what_is_coming_keeps_what_it_needs_though_pip_does_not_list_it(tmp_path: Path) -> None:
    after = with_coming(START, (HTTPX, HTTPCORE))
    found = unneeded(after, asked(tmp_path, "httpx"))
    assert found == Unneeded(frozenset({"requests", "charset-normalizer", "urllib3"}), frozenset({"einops"}))
    before_pip = unneeded(START, asked(tmp_path, "httpx"))
    assert why_they_stay(after, before_pip, found) == (
        "certifi 1.0: httpcore needs it",
        "idna 3.10: httpx needs it",
    )


def test_through_conda_too_and_each_says_who_needs_it(tmp_path: Path) -> None:
    after = with_coming(START, [PipComing(name="requests-toolbelt", version="1.0", requires=("requests<3",))])
    found = unneeded(after, asked(tmp_path, "requests-toolbelt"))
    assert found == Unneeded(frozenset(), frozenset({"einops"}))
    lines = why_they_stay(after, Unneeded(frozenset({*REQUESTS, "requests"}), frozenset()), found)
    assert lines[0] == "certifi 1.0: requests needs it"
    assert "requests 2.32.3: requests-toolbelt needs it" in lines
    assert len(lines) == len(REQUESTS) + 1


def test_what_pip_puts_its_own_in_the_place_of_stays_since_the_files_are_pips_then(tmp_path: Path) -> None:
    coming = (
        PipComing(name="httpx", version="0.28", requires=("idna>=3.20",)),
        PipComing(name="idna", version="3.20", asked=False),
    )
    after = with_coming(START, coming)
    found = unneeded(after, asked(tmp_path, "httpx"))
    assert "idna" not in found.packages
    before_pip = unneeded(START, asked(tmp_path, "httpx"))
    assert why_they_stay(after, before_pip, found) == ("idna 3.10: pip puts idna in its place",)
    assert moves_by_pip(START, coming) == (
        PackageMove(name="httpx", change="new", after="0.28", requested=True, pip=True),
        PackageMove(name="idna", change="up", before="3.10", after="3.20", pip=True),
    )


def test_nothing_stays_for_what_goes_anyway() -> None:
    assert why_they_stay(START, NONE, NONE) == ()


def test_what_has_really_changed_is_counted_of_conda_and_of_pip() -> None:
    after = with_coming(START, (HTTPX, PipComing(name="einops", version="0.9")))
    assert [(each.name, each.change) for each in moves_between(START, after)] == [("einops", "up"), ("httpx", "new")]


# What the plan says


REPORT = {
    "install": [
        {"metadata": {"name": "httpx", "version": "0.28", "requires_dist": ["certifi", "idna"]}, "requested": True},
        {"metadata": {"name": "h11", "version": "0.16"}, "requested": False},
    ]
}


@pytest.fixture
def prefix(tmp_path: Path) -> FakePrefix:
    """An environment with what requests needs, by conda."""
    made = FakePrefix(tmp_path / "envs" / "web")
    made.package("python", "3.11.9")
    made.package("pip", "24.2", depends=["python"])
    for name in REQUESTS:
        made.python_package(name)
    made.package("requests", "2.32.3", depends=[*REQUESTS])
    made.write("conda-meta/history")
    return made


async def planned(prefix: FakePrefix, report: object, requirement: str = "httpx") -> Plan:
    file, home = prefix.path.parent / "asked.yml", prefix.path.parent.parent
    file.write_text(f"channels: [conda-forge]\ndependencies: [python, pip, {{pip: [{requirement}]}}]\n")
    request = UpdateRequest(prefixes=(str(prefix),), file=str(file), prune=True)
    return await update_plan.plan(request, answering(home, prefix, report))


def answering(home: Path, prefix: FakePrefix, report: object) -> JobContext:
    """Surroundings with a conda that has nothing to do, and a pip that reports this, or cannot say."""
    conda = Installation(executable=str(home / "bin/conda"), root_prefix=str(home), version="26.7.1")
    known = environment("web", prefix=str(prefix), installation=str(home), contents=read_prefix(str(prefix)))

    async def ask(argv: Sequence[str], *, environ: Mapping[str, str], seconds: float | None) -> CondaAnswer:
        if "pip" in argv[:3]:
            return answer(report, exit_code=0 if report else 2)
        return answer({"success": True, "message": "All requested packages already installed."})

    return replace(made_context(inventory(known, installations=(conda,)), home), ask_conda=ask)


async def test_the_plan_spares_what_is_needed_says_why_and_stars_only_what_is_asked_for(prefix: FakePrefix) -> None:
    plan = await planned(prefix, REPORT)
    assert {each.name for each in plan.moves if each.change == "gone"} == {"requests", "charset-normalizer", "urllib3"}
    assert {each.name: each.requested for each in plan.moves if each.pip} == {"httpx": True, "h11": False}
    assert dict(plan.facts)["web keeps"] == "certifi 1.0: httpx needs it\nidna 1.0: httpx needs it"
    assert plan.needs_at_least
    (removal,) = [step.argv for step in plan.steps if "remove" in step.argv]
    assert "--force-remove" in removal, "conda would clean up what it thinks nobody needs: idna and certifi"
    assert not {"pip-unknown", "pip-replaces"} & {each.id for each in plan.warnings}


async def test_what_pip_puts_in_place_of_condas_is_told(prefix: FakePrefix) -> None:
    more = {"metadata": {"name": "idna", "version": "3.20"}, "requested": False}
    plan = await planned(prefix, {"install": [*REPORT["install"], more]})
    (found,) = [each for each in plan.warnings if each.id == "pip-replaces"]
    assert found.evidence == ("idna 1.0 by 3.20",)
    assert [(each.change, each.before) for each in plan.moves if each.name == "idna"] == [("up", "1.0")]


async def test_where_pip_cannot_say_what_comes_the_plan_says_so(prefix: FakePrefix) -> None:
    plan = await planned(prefix, None)
    (found,) = [each for each in plan.warnings if each.id == "pip-unknown"]
    assert found.message == "What 1 requirement for pip will bring is not listed here."
    assert "though it may be listed as going" in found.evidence[1]


async def test_what_is_there_leaves_pip_nothing_to_do_and_nothing_unmeasured(prefix: FakePrefix) -> None:
    prefix.pip_install("httpx", requires=["certifi"])
    plan = await planned(prefix, None)
    assert not plan.needs_at_least
    assert "pip-unknown" not in [each.id for each in plan.warnings]


async def test_a_new_environment_has_no_pip_to_ask_and_its_plan_says_so(prefix: FakePrefix) -> None:
    home = prefix.path.parent.parent
    file = home / "asked.yml"
    file.write_text("channels: [conda-forge]\ndependencies: [python, pip, {pip: [timm]}]\n")
    request = CreateRequest(target=str(home / "envs" / "new"), file=str(file))
    plan = await create_plan.plan(request, answering(home, prefix, REPORT))
    (found,) = [each for each in plan.warnings if each.id == "pip-unknown"]
    assert found.evidence == ("pip can be asked only once the environment is there.",)
    assert plan.needs_at_least
