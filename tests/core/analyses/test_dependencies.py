"""Dependencies and pins by the records alone, held against conda itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from condatui_core.analyses.consistency import consistency_findings
from condatui_core.analyses.dependencies import malformed_pins, unmet_dependencies
from condatui_core.records.package import MalformedPin, PackageRecord, UnmetDependency
from condatui_core.records.prefix import PrefixContents
from support.conda_oracle import CondaOracle

SPECS = [
    "numpy", "numpy *", "numpy 1.26", "numpy 1.26.*", "numpy 1.26*", "numpy >=1.23,<2.0a0", "numpy >=2|1.26.4",
    "numpy 1.26.4 py311_0", "numpy 1.26.4 py311*", "numpy * *_0", "numpy * py310_0", "numpy=1.26", "numpy==1.26",
    "numpy=1.26.4=py311_0", "numpy =1.26", "numpy !=1.26.4", "numpy[version='>=2']", "numpy[build=py3*]", "NumPy >=1",
    "numpy 1.26.4.*", "numpy ~=1.26.0", "numpy >1.26.4", "numpy 1.26.4|1.25 *_1",
    "numpy[build_number=0]", "numpy[build_number=1]", "numpy[build_number='>=1']", "numpy 1.26.4 ^py31.*$",
    "numpy 1.26.4 ^py30.*$", "numpy[subdir=noarch]", "numpy[subdir=osx-64]",
    "numpy[md5=0123456789abcdef0123456789abcdef]",
]  # fmt: skip


@pytest.fixture(scope="module")
def conda(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CondaOracle]:
    with CondaOracle(tmp_path_factory.mktemp("home")) as oracle:
        yield oracle


def record(name: str, version: str = "1.0", build: str = "0", **fields: object) -> PackageRecord:
    return PackageRecord(name=name, version=version, build=build, **fields)  # type: ignore[arg-type]


def unmet(*specs: str, constrains: tuple[str, ...] = ()) -> list[str]:
    scipy = record("scipy", depends=specs, constrains=constrains)
    numpy = record("numpy", "1.26.4", "py311_0", subdir="noarch")
    return [each.needs for each in unmet_dependencies((numpy, scipy))]


@pytest.mark.parametrize("spec", SPECS)
def test_a_dependency_is_met_where_conda_says_so(conda: CondaOracle, spec: str) -> None:
    assert (unmet(spec) == []) is conda.matches(spec, "numpy", "1.26.4", "py311_0")


def test_what_is_not_installed_is_not_met() -> None:
    scipy = record("scipy", depends=("libblas >=3.9",))
    assert unmet_dependencies((scipy,)) == (UnmetDependency(package="scipy", needs="libblas >=3.9"),)


def test_another_version_is_named() -> None:
    found = unmet_dependencies((record("numpy", "1.20", "h0"), record("scipy", depends=("numpy >=1.23",))))
    assert found == (UnmetDependency(package="scipy", needs="numpy >=1.23", has="numpy 1.20 h0"),)


@pytest.mark.parametrize(
    "spec", ["__glibc >=2.17", "__cuda", "git+https://host.example.org/x.git", "tool @ https://host.example.org/x.whl"]
)
def test_virtual_packages_and_urls_are_no_missing_packages(spec: str) -> None:
    assert unmet(spec) == []


@pytest.mark.parametrize("spec", ["numpy >=", "numpy ^(a+)+$", "", "!!"])
def test_what_cannot_be_read_counts_as_met(spec: str) -> None:
    assert unmet(spec) == []


def test_constraints_hold_only_for_what_is_installed() -> None:
    assert unmet(constrains=("numpy >=2", "pandas >=3", "numpy 1.26.*")) == ["numpy >=2"]


def test_pins_that_hold_nothing() -> None:
    pins = ("numpy 1.26.*", "nunpy 1.26.*", "!!")
    assert malformed_pins(pins, (record("numpy"),)) == (
        MalformedPin(line="nunpy 1.26.*", name="nunpy"),
        MalformedPin(line="!!", name=""),
    )


def test_the_findings_say_who_lacks_what() -> None:
    contents = PrefixContents(
        unmet=(
            UnmetDependency(package="scipy", needs="numpy >=1.23", has="numpy 1.20 h0"),
            UnmetDependency(package="scipy", needs="libblas"),
        ),
        malformed_pins=(MalformedPin(line="nunpy 1.*", name="nunpy"), MalformedPin(line="!!", name="")),
    )
    lacking, pins = consistency_findings(contents, "/envs/a b")
    assert (lacking.id, lacking.message) == ("unmet-dependencies", "1 package depends on what is not there: scipy")
    assert lacking.command == "conda install -p '/envs/a b' --update-deps scipy"
    assert lacking.evidence == (
        "scipy needs numpy >=1.23: numpy 1.20 h0 is here",
        "scipy needs libblas: it is not installed",
    )
    assert (pins.id, pins.message) == ("malformed-pins", "conda-meta/pinned may be wrong: nunpy 1.*, !!")
    assert pins.evidence == ("nunpy 1.*: nunpy is not installed", "!!: no spec")
