"""The proposal of a baseline: what most environments share, closed over what it needs, and always consistent."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from condatui_core.analyses.baseline_proposal import BaselineDraft, BaselineProposal, propose_baseline, request_of
from condatui_core.analyses.dependencies import unmet_dependencies
from condatui_core.analyses.match_specs import parse_match_spec
from condatui_core.records.environment import Environment
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import PackageRecord
from support.inventories import PYTORCH, inventory, loaded, package, pip_package

PYTHON = package("python", "3.11.7", depends=("openssl >=3.1,<4.0a0",))


def with_python(name: str, *packages: PackageRecord, **fields: object) -> Environment:
    return loaded(name, [PYTHON, *packages], (), python="3.11.7", **fields)


def openssl(version: str) -> PackageRecord:
    return package("openssl", version)


def versions(proposal: BaselineProposal) -> dict[str, str]:
    return {each.record.name: each.record.version for each in proposal.packages}


def propose(*environments: Environment, share: float = 0.5) -> BaselineProposal:
    proposal = propose_baseline(inventory(*environments), share=share)
    assert unmet_dependencies(proposal.records) == ()
    return proposal


def test_what_more_than_half_have_in_one_version_and_channel_is_proposed() -> None:
    ssl = openssl("3.2.0")
    found = propose(
        with_python("a", ssl, package("numpy", "1.26.4"), package("scipy", "1.14"), package("pandas", "2.2")),
        with_python("b", ssl, package("numpy", "1.26.4"), package("scipy", "1.13"), package("pandas", "2.2")),
        with_python("c", ssl, package("numpy", "1.26.3"), package("pandas", "2.2", PYTORCH)),
        with_python("d", ssl, package("numpy", "1.26.4")),
    )
    assert versions(found) == {"python": "3.11.7", "openssl": "3.2.0", "numpy": "1.26.4"}
    assert {each.record.name: each.environments for each in found.packages}["numpy"] == 3


def test_a_slimmed_copy_does_not_count_beside_what_it_was_made_from() -> None:
    whole = with_python("a", openssl("3.2.0"), package("numpy", "1.26.4"))
    assert whole.contents is not None
    copies = [replace(whole, prefix=f"/copy{each}", contents=replace(whole.contents, slimmed=())) for each in "12"]
    others = [with_python(each, openssl("3.2.0"), package("numpy", "1.26.3")) for each in "bc"]
    found = propose(whole, *copies, *others)
    assert versions(found)["numpy"] == "1.26.3"
    assert len(found.environments) == 3


def test_the_share_can_be_chosen() -> None:
    environments = [with_python(f"e{number}", openssl("3.2.0"), package("numpy", f"1.{number}")) for number in range(3)]
    assert "numpy" not in versions(propose(*environments))
    assert versions(propose(*environments, share=0.2))["numpy"] == "1.2", "of equally many the newest"


def test_only_environments_with_python_for_this_machine_that_are_no_base_count() -> None:
    found = propose(
        with_python("a", openssl("3.2.0"), package("numpy", "1.26.4")),
        with_python("base", openssl("3.2.0"), base=True),
        with_python("other", openssl("3.2.0"), foreign="win-64"),
        loaded("tools", [package("git")]),
        with_python("gone", openssl("3.2.0"), state="orphan"),
    )
    assert [each.prefix.rpartition("/")[2] for each in found.environments] == ["a"]
    assert versions(found)["numpy"] == "1.26.4"


def test_what_a_proposed_package_needs_comes_along_in_the_version_that_most_have() -> None:
    found = propose(
        with_python("a", openssl("3.1.0")),
        with_python("b", openssl("3.2.0")),
        with_python("c", openssl("3.2.0")),
        with_python("d", openssl("3.3.0")),
        with_python("e", openssl("3.0.0")),
    )
    assert versions(found) == {"python": "3.11.7", "openssl": "3.2.0"}
    assert {each.record.name: each.needed_by for each in found.packages} == {"python": "", "openssl": "python"}


def test_what_needs_something_that_cannot_be_had_is_left_out_and_said() -> None:
    app = package("app", "2.0", depends=("engine >=5",))
    found = propose(*(with_python(name, openssl("3.2.0"), app) for name in "abc"))
    assert "app" not in versions(found)
    assert [(each.name, each.version, each.why) for each in found.left_out] == [
        ("app", "2.0", "it needs engine >=5, and there is no such package")
    ]


def test_of_two_that_contradict_each_other_one_is_left_out() -> None:
    old = package("old", depends=("numpy <2",))
    numpy = package("numpy", "2.0")
    found = propose(
        with_python("a", openssl("3.2.0"), old, numpy),
        with_python("b", openssl("3.2.0"), old, numpy),
        with_python("c", openssl("3.2.0")),
    )
    assert versions(found)["numpy"] == "2.0"
    assert [each.name for each in found.left_out] == ["old"]
    assert "numpy 2.0" in found.left_out[0].why


def test_a_build_that_goes_with_the_others_is_taken_even_if_another_one_is_more_frequent() -> None:
    for_ten = package("numpy", "1.26.4", build="py310_0", depends=("python >=3.10,<3.11.0a0",))
    for_eleven = package("numpy", "1.26.4", build="py311_0", depends=("python >=3.11,<3.12.0a0",))
    ten = package("python", "3.10.14", depends=("openssl >=3.1,<4.0a0",))
    found = propose(
        with_python("a", openssl("3.2.0")),
        with_python("b", openssl("3.2.0")),
        with_python("c", openssl("3.2.0")),
        with_python("d", openssl("3.2.0"), for_eleven),
        loaded("e", [ten, openssl("3.2.0"), for_ten], python="3.10.14"),
        loaded("f", [ten, openssl("3.2.0"), for_ten], python="3.10.14"),
        share=0.4,
    )
    assert versions(found)["python"] == "3.11.7"
    assert {each.record.name: each.record.build for each in found.packages}["numpy"] == "py311_0"


def test_what_was_added_for_something_that_goes_again_goes_too() -> None:
    engine = package("engine", "5.0")
    app = package("app", "2.0", depends=("engine >=5", "nothing"))
    found = propose(
        with_python("a", openssl("3.2.0"), app, engine),
        with_python("b", openssl("3.2.0"), app),
        with_python("c", openssl("3.2.0")),
    )
    assert set(versions(found)) == {"python", "openssl"}


def test_it_says_what_of_each_environment_would_have_come_from_it() -> None:
    other = package("numpy", "1.26.4", build="h1_1")
    numpy = package("numpy", "1.26.4")
    found = propose(
        with_python("a", openssl("3.2.0"), numpy),
        with_python("b", openssl("3.2.0"), numpy),
        with_python("c", openssl("3.3.0"), other),
    )
    assert [(len(each.same), each.packages) for each in found.environments] == [(3, 3), (3, 3), (1, 3)]


def test_packages_of_pip_and_what_pip_has_replaced_count_for_nothing() -> None:
    wheel = package("torch", "2.5", "pypi")
    found = propose(*(loaded(name, [PYTHON, openssl("3.2.0"), wheel], [pip_package("x")], python="3") for name in "ab"))
    assert set(versions(found)) == {"python", "openssl"}


def test_without_environments_nothing_is_proposed() -> None:
    assert propose().packages == ()


@st.composite
def machines(draw: st.DrawFn) -> Sequence[Environment]:
    names = [f"p{number}" for number in range(6)]
    spec = st.builds(
        lambda name, relation, version: f"{name} {relation}{version}",
        st.sampled_from(names),
        st.sampled_from([">=", "<", "==", "!="]),
        st.integers(1, 3),
    )
    record = st.builds(
        lambda name, version, depends, build: package(
            name, str(version), depends=tuple(depends), build=f"h{build}_{build}"
        ),
        st.sampled_from(names),
        st.integers(1, 3),
        st.lists(spec, max_size=2),
        st.integers(0, 1),
    )
    made = draw(st.lists(st.lists(record, max_size=6, unique_by=lambda each: each.name), min_size=1, max_size=5))
    return [loaded(f"e{number}", packages, python="3.11") for number, packages in enumerate(made)]


@pytest.mark.parametrize("share", [0.0, 0.5])
@given(machines())
def test_whatever_the_environments_hold_it_comes_to_an_end_and_is_consistent(
    share: float, environments: Sequence[Environment]
) -> None:
    found = propose(*environments, share=share)
    proposed = {each.record.name for each in found.packages}
    assert proposed.isdisjoint(each.name for each in found.left_out)
    again = propose(*reversed(environments), share=share)
    assert (found.packages, found.left_out) == (again.packages, again.left_out)


def test_other_builds_of_what_is_proposed_are_told_once_with_what_their_archives_take() -> None:
    def numpy(build: str, version: str = "1.26.4", size: int = 100) -> PackageRecord:
        return package("numpy", version, build=build, archive_bytes=size)

    ssl = openssl("3.2.0")
    builds = ("py311_0", "py311_0", "py311_1", "py311_1", "py311_2")
    machine = inventory(
        *(with_python(f"e{number}", ssl, numpy(build)) for number, build in enumerate(builds)),
        with_python("newer", ssl, numpy("py311_0", "2.0.0", size=7)),
    )
    found = propose_baseline(machine)
    (chosen,) = [each.record.build for each in found.packages if each.record.name == "numpy"]
    assert [each.build for each in found.other_builds] == sorted({*builds} - {chosen}), "another version is wanted so"
    draft = BaselineDraft(proposal=found, format="yaml", text="", saved_bytes=0)
    assert draft.unneeded_archive_bytes == 200


def test_the_request_for_it_names_each_build_and_its_channels_and_requests_what_nothing_needs() -> None:
    environments = [
        with_python(name, openssl("3.2.0"), package("torch", "2.3.1", PYTORCH, depends=("python >=3.11",)))
        for name in "ab"
    ]
    proposal = propose_baseline(inventory(*environments))
    request = request_of(proposal, "/envs/new", ChannelConfig(channels=(PYTORCH,)))
    assert request.channels[0] == PYTORCH, "as conda is configured"
    assert set(request.channels) == {each.base_url for each in proposal.records}
    assert request.requested == ("python", "torch")
    assert len(request.specs) == 3
    wanted = [parse_match_spec(spec) for spec in request.specs]
    assert all(each and each.names_one_build for each in wanted)
    assert request.origin == "what more than 50 % of 2 environments have"
