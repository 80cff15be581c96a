"""Which packages the user asked for."""

from __future__ import annotations

from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import History, PrefixContents, Revision

PYTHON = "conda-forge/linux-64::python==3.11.7=h1_0"


def test_a_clone_was_asked_for_as_a_whole_and_what_came_later_by_name() -> None:
    history = History(
        revisions=(
            Revision(number=0, command="conda create -n b --clone a", update_specs=(PYTHON,)),
            Revision(number=1, command="conda install -n b scipy", update_specs=("scipy",)),
        ),
        requested=(("python", PYTHON), ("scipy", "scipy")),
    )
    assert PrefixContents(history=history).requested_names == {"scipy"}


def test_what_was_asked_for_again_after_the_clone_counts() -> None:
    history = History(
        revisions=(
            Revision(number=0, command="conda create -n b --clone a", update_specs=(PYTHON,)),
            Revision(number=1, command="conda install -n b python=3.11", update_specs=("python=3.11",)),
        ),
        requested=(("python", "python=3.11"),),
    )
    assert PrefixContents(history=history).requested_names == {"python"}


def test_without_a_history_the_records_tell() -> None:
    asked = PackageRecord(name="numpy", version="1", build="0", requested_specs=("numpy",))
    pulled_in = PackageRecord(name="libblas", version="1", build="0")
    assert PrefixContents(packages=(asked, pulled_in)).requested_names == {"numpy"}
