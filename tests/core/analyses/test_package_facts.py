"""Why a package is in an environment: what it needs, who needs it, and what has changed it."""

from __future__ import annotations

from condatui_core.analyses.package_facts import DirectNeed, PackageFacts, package_facts
from condatui_core.records.package import Distribution, PackageRecord, ProvidedDistribution
from condatui_core.records.prefix import History, PrefixContents, Revision
from support.inventories import NOW, package, pip_package

LIBBLAS = package("libblas", "3.9")
NUMPY = package(
    "numpy",
    "2.0",
    depends=("libblas >=3.9,<4.0a0", "__glibc >=2.17", "gone"),
    provides=(ProvidedDistribution("numpy", "2.0", "x"),),
)
PANDAS = package("pandas", "2.2", depends=("numpy >=1.22",))
STRAY = package("stray")
LIGHTNING = pip_package("Lightning", "2.5", requires=("numpy>=1.20", "tqdm", "pandas; extra == 'all'"))
CONTENTS = PrefixContents(
    packages=(LIBBLAS, NUMPY, PANDAS, STRAY),
    distributions=(LIGHTNING, pip_package("helper"), pip_package("top", requires=("helper",))),
    history=History(
        requested=(("pandas", "pandas>=2"),),
        revisions=(
            Revision(number=0, at=NOW, command="conda create pandas", added=("numpy-1.26-0", "pandas-2.2-0")),
            Revision(number=1, at=NOW, command="conda install x", added=("x-1-0",)),
            Revision(number=2, at=NOW, command="conda update numpy", added=("numpy-2.0-0",), removed=("numpy-1.26-0",)),
        ),
    ),
)


def of(found: PackageRecord | Distribution) -> PackageFacts:
    return package_facts(CONTENTS, found)


def test_what_a_package_needs_stands_beside_what_is_installed_for_it() -> None:
    assert of(NUMPY).needs == (
        DirectNeed("libblas >=3.9,<4.0a0", "libblas 3.9"),
        DirectNeed("__glibc >=2.17", "", of_machine=True),
        DirectNeed("gone"),
    )
    assert of(LIGHTNING).needs == (DirectNeed("numpy>=1.20", "numpy 2.0"), DirectNeed("tqdm"))


def test_a_package_that_was_not_asked_for_has_the_way_down_from_one_that_was() -> None:
    assert of(LIBBLAS).chain == ("pandas", "numpy", "libblas")
    assert (of(LIBBLAS).requested, of(LIBBLAS).needed_by) == ((), ("numpy",))


def test_a_package_that_was_asked_for_says_how_and_needs_no_other_reason() -> None:
    assert (of(PANDAS).requested, of(PANDAS).chain) == (("pandas>=2",), ())


def test_pip_records_no_request_so_the_way_begins_at_what_nothing_needs() -> None:
    (helper,) = (each for each in CONTENTS.distributions if each.name == "helper")
    assert of(helper).chain == ("top", "helper")
    assert of(helper).needed_by == ("top",)


def test_what_nothing_needs_and_nobody_asked_for_has_no_reason() -> None:
    assert (of(STRAY).requested, of(STRAY).needed_by, of(STRAY).chain) == ((), (), ())


def test_packages_that_need_each_other_have_an_end() -> None:
    circle = (package("a", depends=("b",)), package("b", depends=("a",)))
    assert package_facts(PrefixContents(packages=circle), circle[0]).chain == ()


def test_the_revisions_that_brought_and_changed_it_are_told() -> None:
    assert [(revision.number, move.kind) for revision, move in of(NUMPY).moves] == [(0, "added"), (2, "up")]
    assert of(LIGHTNING).moves == ()
