"""Whether a version meets a spec, held against conda itself."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from condatui_core.analyses.match_specs import parse_match_spec
from condatui_core.analyses.specs import build_matches, exact_spec, meets, satisfies_conda
from condatui_core.records.package import PackageRecord
from support.conda_oracle import CondaOracle
from support.inventories import CONDA_FORGE, package
from support.tiers import examples

SPECS = [
    "*", "1.2", "==1.2", "=1.2", "1.2.*", "1.2*", "=1.2.*", "1.*.1", "1.2.1a*", "!=1.2", "!=1.2.*", "~=1.2", "~=1.2.1",
    "<2", "<=1.2", ">=1.2", ">=1.2.*", ">=1!0", ">1.2,<2", ">=1.2,!=1.2.1",
    "1.0|1.2|2.0", ">=1.2,<2|1.0.*", "(1.0|1.2),>0.5",
]  # fmt: skip
VERSIONS = [
    "0.9", "1.0", "1.0.5", "1.2", "1.2.0", "1.2.1", "1.20", "1.3", "2",
    "1.2.1a1", "1.2a1", "2.0rc1", "1!0.1", "1.2post1",
]  # fmt: skip
BROKEN = ["", ">=", "=>1", "1.2,", "|1", "(1.2", "1.2)", "1..2", "~=1", "~=1.2.*", "<>1", ">=1 ,, <2", "!"]

operators = st.sampled_from(["", "=", "==", "!=", ">=", "<=", ">", "<", "~="])
bounds = st.sampled_from(["1", "1.2", "1.2.0", "1.2.*", "1.2*", "2", "1.2a", "1.2rc1", "*"])
# `~=1` has no series to be compatible with: conda finds that out only if what stands before it is met.
conditions = st.tuples(operators, bounds).map("".join).filter(lambda spec: spec not in ("~=1", "~=2", "~=*"))
specs = st.lists(st.tuples(conditions, st.sampled_from([",", "|"])), min_size=1, max_size=4).map(
    lambda parts: "".join(condition + join for condition, join in parts)[:-1]
)


@pytest.fixture(scope="module")
def conda(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CondaOracle]:
    with CondaOracle(tmp_path_factory.mktemp("home")) as oracle:
        yield oracle


def test_every_form_of_spec_means_what_it_means_to_conda(conda: CondaOracle) -> None:
    for spec, version in product(SPECS, VERSIONS):
        assert satisfies_conda(version, spec) == conda.match(version, spec), (version, spec)


@settings(max_examples=examples(600), deadline=None)
@given(version=st.sampled_from(VERSIONS), spec=specs)
def test_any_spec_means_what_it_means_to_conda(conda: CondaOracle, version: str, spec: str) -> None:
    assert satisfies_conda(version, spec) == conda.match(version, spec)


@pytest.mark.parametrize("spec", BROKEN)
def test_a_broken_spec_is_neither_met_nor_missed(spec: str) -> None:
    assert satisfies_conda("1.2", spec) is None


@pytest.mark.parametrize(
    "spec",
    ["^(a+)+$", "1.2|^(1|1)*$", r"^(.)\1$", "^.*.*.*.*x$", "^(?=1)$", "^1{9}{9}$", "(" * 5000, "1|" * 5000 + "1"],
)
def test_what_could_take_for_ever_is_not_tried(spec: str) -> None:
    assert satisfies_conda("1.2", spec) is None


@pytest.mark.parametrize(
    ("text", "name", "version", "constraint", "build"),
    [
        ("numpy", "numpy", "", "*", ""),
        ("numpy=1.26", "numpy", "", "=1.26", ""),
        ("numpy==1.26.4", "numpy", "1.26.4", "", ""),
        ("numpy 1.26.4", "numpy", "1.26.4", "", ""),
        ("numpy=1.26.4=py311h64a7726_0", "numpy", "1.26.4", "", "py311h64a7726_0"),
        ("numpy 1.26.4 py311*", "numpy", "1.26.4", "", "py311*"),
        ("numpy >=1.20 , <2.0", "numpy", "", ">=1.20,<2.0", ""),
        ("numpy>=1.20,<2 py311_0", "numpy", "", ">=1.20,<2", "py311_0"),
        ("NumPy[version='>=1.2,<2', build=py311*]", "numpy", "", ">=1.2,<2", "py311*"),
        ("pytorch=2.1=*cuda*", "pytorch", "2.1", "", "*cuda*"),
        ("conda-forge::numpy~=1.26.0  # why", "numpy", "", "~=1.26.0", ""),
        ("_libgcc_mutex=0.1", "_libgcc_mutex", "", "=0.1", ""),
    ],
)
def test_match_specs_are_taken_apart(text: str, name: str, version: str, constraint: str, build: str) -> None:
    wanted = parse_match_spec(text)
    assert wanted is not None
    assert (wanted.name, wanted.version, wanted.constraint, wanted.build) == (name, version, constraint, build)


def test_match_specs_say_which_channel_they_demand() -> None:
    channels = {
        "numpy": "",
        "conda-forge::numpy": "conda-forge",
        "pkgs/main::numpy=1": "pkgs/main",
        "https://me:secret@host/chan::numpy": "https://***@host/chan",
        "numpy[channel=bioconda]": "bioconda",
    }
    for text, channel in channels.items():
        wanted = parse_match_spec(text)
        assert wanted is not None and wanted.channel == channel


def test_what_match_specs_ask_for_is_what_conda_reads_in_them(conda: CondaOracle) -> None:
    """conda writes `=1.2` as `1.2.*` once it has read it; all else is left as it was."""
    for text in ["a", "a=1.2", "a==1.2", "a 1.2", "a=1.2=b_0", "a >=1 , <2 b_0", "a>=1|<0.5", "a 1.2.* *"]:
        wanted = parse_match_spec(text)
        assert wanted is not None
        constraint = f"{wanted.constraint[1:]}.*" if wanted.constraint.startswith("=") else wanted.constraint
        assert (wanted.name, wanted.version or constraint, wanted.build or "*") == conda.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "=1.2", "numpy= ==", "a" * 2000, "numpy[version=1][build=2]", "- odd", "feature@", "*", "*[md5=0]", "a: 1",
        "git+https://example.org/x.git", "numpy >=1 <2", "numpy >", "numpy ==1..2.*",
        "numpy=>1.26", "forge:::numpy", ":::numpy",
    ],
)  # fmt: skip
def test_what_is_no_match_spec_is_none(text: str) -> None:
    assert parse_match_spec(text) is None


def test_of_three_equals_signs_the_newest_conda_reads_one_version() -> None:
    """24.7 takes `===1.2` for `=1.2`, and refuses it beside a build."""
    for text in ("numpy===1.2", "numpy===1.2=py_0", "numpy[version='===1.2']"):
        wanted = parse_match_spec(text)
        assert wanted is not None and (wanted.version, wanted.constraint) == ("1.2", "")


# The whole grammar, held against conda's own MatchSpec


RECORDS: list[dict[str, Any]] = [
    {"name": "jaxlib", "version": "0.4.20", "build": "cuda120py311_200", "build_number": 200},
    {"name": "jaxlib", "version": "0.4", "build": "cpu_py311h_0", "build_number": 0},
    {"name": "jaxlib", "version": "1!0.4.20", "build": "h_2", "build_number": 2},
    {"name": "jaxlib", "version": "0.4.20rc1", "build": "py_1", "build_number": 1, "subdir": "noarch"},
    {"name": "other", "version": "0.4.20", "build": "h_0", "build_number": 0},
]
for number, each in enumerate(RECORDS):
    each.setdefault("subdir", "linux-64")
    each |= {"md5": f"{number}" * 32, "sha256": f"{number}" * 64}
VERSION_PARTS = [
    "", "*", "0.4", "0.4.20", "0.4.*", "0.4*", "0.*.20", "0.4.20rc1", "1!0.4.20", "0.4.20|0.4", "0.4|1.0,<2",
    ">=0.4,<0.4.20", "<1|>2", ">=0.4 , <1", "(0.4|1.0),<2", "!=0.4", "!=0.4.*", "~=0.4.1", ">0.4.*", "^0\\.4$",
    "^0.*$", "**", "*.*", ">=", "0..4", "0.4,", "2",
]  # fmt: skip
BUILDS = ["", "*", "*cuda*", "cuda*", "*_0", "*py311*_*", "h_2", "*openblas", "cpu_py311h_0", "^cuda.*$", "*0*0*"]
BRACKETS = [
    "", "[build_number=0]", "[build_number='>=2']", "[build_number=*]", "[md5=" + "0" * 32 + "]",
    "[sha256='" + "1" * 64 + "']", "[subdir=noarch]", "[build=*cuda*]", "[version='>=0.4.20']",
    "[version=0.4.20, build='*_200']", "[version=\"0.4.*\" build=*0]", "[name=other]", "[channel=conda-forge]",
    "(optional)",
]  # fmt: skip
PREFIXES = ["", "conda-forge::", "conda-forge/linux-64::", "*/noarch::", "conda-forge:x:"]
JOINS = ["=", "==", " ", " =", " =="]


def _specs() -> Iterator[str]:
    """Every version with every build in every way to join them, and a few of each with all that goes around them."""
    for join, version, build in product(JOINS, VERSION_PARTS, BUILDS):
        if not (build and join.endswith("==") and _newer_condas_differ(version)):
            for between in ("=", " ", " ="):
                yield f"jaxlib{join}{version}{between if build else ''}{build}"
    for prefix, body, brackets in product(PREFIXES, ["", "=0.4", " 0.4.20", ">=0.4", "==0.4=*0", "=*"], BRACKETS):
        yield f"{prefix}jaxlib{body}{brackets}"
        yield f"{prefix}JaxLib{body}{brackets}  # why"


def _newer_condas_differ(version: str) -> bool:
    """`==` with a build: conda 24.7 keeps it before a pattern or relation, newer ones strip it."""
    return version[:1] in (*"^<>!~=", "") or "*" in version


def test_the_whole_grammar_means_what_it_means_to_conda(conda: CondaOracle) -> None:
    asked = [(spec, record) for spec in dict.fromkeys(_specs()) for record in RECORDS]
    answers = conda.meets(asked)
    differing = [
        (spec, record["version"], record["build"], theirs, ours)
        for (spec, record), theirs in zip(asked, answers, strict=True)
        if (ours := _ours(spec, record)) != theirs
    ]
    assert len(asked) > 15_000 and True in answers and None in answers
    assert differing == []


def _ours(spec: str, record: dict[str, Any]) -> bool | None:
    wanted = parse_match_spec(spec)
    return None if wanted is None else meets(PackageRecord(**record), wanted)


@pytest.mark.parametrize(
    "spec", ["jaxlib==*=*cuda*", "libblas=*=*openblas", "python=3.12*", "x264=1!164.3095=h166bdaf_2", "openssl=1.1.1*"]
)
def test_patterns_are_met(spec: str) -> None:
    packages = [
        PackageRecord(name="jaxlib", version="0.4.20", build="cuda120py311_200"),
        PackageRecord(name="libblas", version="3.9.0", build="20_linux64_openblas"),
        PackageRecord(name="python", version="3.12.1", build="hab00c5b_1_cpython"),
        PackageRecord(name="x264", version="1!164.3095", build="h166bdaf_2"),
        PackageRecord(name="openssl", version="1.1.1w", build="hd590300_0"),
    ]
    wanted = parse_match_spec(spec)
    assert wanted is not None
    assert [each.name for each in packages if meets(each, wanted)] == [wanted.name]


def test_a_pattern_of_stars_ends_at_once() -> None:
    assert build_matches("a" * 500, "*a" * 200 + "*b") is False
    assert build_matches("a" * 500 + "b", "*a" * 200 + "*b") is True


def test_a_spec_names_its_channel_and_build() -> None:
    assert exact_spec(package("numpy", "1.26.4", build="py_0")) == f"{CONDA_FORGE}::numpy=1.26.4=py_0"
    assert exact_spec(package("numpy", "1.26.4", None, build="py_0")) == "numpy=1.26.4=py_0"
