"""Whether a version meets a spec, held against conda itself."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from condatui_core.analyses.specs import parse_match_spec, parse_requirement, satisfies_conda, satisfies_pep440
from support.conda_oracle import CondaOracle

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


@settings(max_examples=600, deadline=None)
@given(version=st.sampled_from(VERSIONS), spec=specs)
def test_any_spec_means_what_it_means_to_conda(conda: CondaOracle, version: str, spec: str) -> None:
    assert satisfies_conda(version, spec) == conda.match(version, spec)


@pytest.mark.parametrize("spec", BROKEN)
def test_a_broken_spec_is_neither_met_nor_missed(spec: str) -> None:
    assert satisfies_conda("1.2", spec) is None


@pytest.mark.parametrize("spec", ["^(a+)+$", "1.2|^.*$", "(" * 5000, "1|" * 5000 + "1"])
def test_what_could_take_for_ever_is_not_tried(spec: str) -> None:
    assert satisfies_conda("1.2", spec) is None


@pytest.mark.parametrize(
    ("version", "spec", "expected"),
    [
        ("2.1.0+cu121", "==2.1.0", True),
        ("2.1.0", ">=2,<3", True),
        ("1.9", ">=2", False),
        ("2.0rc1", ">=1", True),
        ("1.4.9", "~=1.4.2", True),
        ("1.5", "~=1.4.2", False),
        ("3", "*", True),
        ("3", "about 3", None),
        ("nightly", ">=1", None),
    ],
)
def test_pip_specs_follow_pep_440(version: str, spec: str, expected: bool | None) -> None:
    assert satisfies_pep440(version, spec) is expected


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


@pytest.mark.parametrize("text", ["", "=1.2", "numpy=", "a" * 2000, "numpy[version=1][build=2]", "- odd"])
def test_what_is_no_match_spec_is_none(text: str) -> None:
    assert parse_match_spec(text) is None


def test_requirements_are_taken_apart() -> None:
    exact = parse_requirement("torch==2.1.0+cu121  # gpu")
    ranged = parse_requirement("Django[argon2]>=3,<5; python_version > '3'")
    direct = parse_requirement("tool @ git+https://me:secret@host/tool.git@abc")
    assert exact and (exact.name, exact.version, exact.constraint) == ("torch", "2.1.0+cu121", "")
    assert ranged and (ranged.name, ranged.version, ranged.constraint) == ("Django", "", "<5,>=3")
    assert direct and (direct.constraint, direct.url) == ("*", "git+https://***@host/tool.git@abc")


@pytest.mark.parametrize("line", ["-r more.txt", "--extra-index-url https://host", "./here", "-e .", "torch=2"])
def test_options_and_paths_are_no_requirements(line: str) -> None:
    assert parse_requirement(line) is None
