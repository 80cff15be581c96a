"""Files that are broken, or made to hurt: each is read or refused in words, and nothing else happens."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from condatui_core.analyses.compare import compare
from condatui_core.analyses.dependencies import unmet_dependencies
from condatui_core.analyses.match_specs import Wanted, parse_match_spec
from condatui_core.analyses.requirements import parse_requirement, satisfies_pep440
from condatui_core.analyses.specs import meets, satisfies_conda
from condatui_core.environment_files.plain_yaml import parse_plain_yaml
from condatui_core.environment_files.reading import read_environment_file
from condatui_core.errors import CondatuiError
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import PackageRecord
from support.tiers import examples

FORGE = "https://conda.anaconda.org/conda-forge"
EXPLICIT = f"""@EXPLICIT
{FORGE}/linux-64/a-1-0.conda#{"0" * 32}
# pip b @ https://h/b-1-py3-none-any.whl
# no URL for: c=1=0
"""
ENVIRONMENT = """name: x
channels: [c]
dependencies:
  - a=1=b
  - sel(linux): c
  - d  # [win]
  - pip:
    - e==1; python_version<'3'
"""
PIXI = f"""version: 6
environments: {{default: {{packages: {{linux-64: [{{conda: {FORGE}/noarch/a-1-0.conda}}]}}}}}}
packages: []
"""
GOOD = (
    EXPLICIT,
    ENVIRONMENT,
    "# platform: linux-64\nc::a=1=b\nfoo=1=pypi_0\n# Installed by pip; conda ignores these lines:\n#   e==1\n",
    "a==1 --hash=sha256:00 \\\n --hash=md5:11\n-e git+https://h/x#egg=y\n-r z\n",
    PIXI,
    f"package:\n- {{name: a, version: 1, platform: linux-64, optional: true, url: {FORGE}/noarch/a-1-0.conda}}\n",
    '{"packages": [{"name": "a", "version": "1", "channel": "c"}], "replaced": [], "format": 1}',
    '[{"name": "a", "version": "1"}]',
    '{"dependencies": ["a", {"pip": ["b"]}]}',
)
PIECES = (
    *GOOD, "\0", "\ufeff", "\x1b[2J", "&a [*a]", "*a", "<<: *a", "!!python/object:os.system x", "? [k]\n: v\n", "- ",
    "[" * 60, "{" * 60, "# [linux and (", "sel(", "pip:", "---\n", "...\n", "%YAML 9.9\n", "\t", "::", "[md5=", ": ",
    "^(a+)+$", "1" * 5000, "\ud7ff", "é", "\u2028", "=", "==*", "http://[", "file:///%ff", "# pip ", "!!binary x", "\r",
)  # fmt: skip

texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=20), max_size=8).map("".join)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.sampled_from(["a=1", "b"])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
keys = st.sampled_from(
    [
        "dependencies",
        "package",
        "packages",
        "environments",
        "version",
        "format",
        "replaced",
        "prefix",
        "pip",
        "name",
        "channels",
    ]
)
documents = st.dictionaries(keys, values, max_size=5) | st.lists(st.dictionaries(keys, values, max_size=4), max_size=3)


@pytest.fixture
def attempt(tmp_path: Path) -> Callable[[bytes], None]:
    """Reads a file of these bytes, and compares what was read with itself."""
    file = tmp_path / "file.yml"

    def read(data: bytes) -> None:
        file.write_bytes(data)
        try:
            listing = read_environment_file(file, ChannelConfig(), "linux-64", python="3.11")
        except CondatuiError as error:
            assert error.title and str(file) in error.detail
        else:
            assert {row.status for row in compare([listing, listing]).rows} <= {"same"}

    return read


unhurried = settings(
    max_examples=examples(400), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@unhurried
@given(data=st.binary(max_size=300))
@example(b"\xff\xfe")
@example(b"\xfe\xff\xd8\x00")
def test_any_bytes(attempt: Callable[[bytes], None], data: bytes) -> None:
    attempt(data)


@unhurried
@given(text=texts)
def test_any_text(attempt: Callable[[bytes], None], text: str) -> None:
    attempt(text.encode("utf-8", "replace"))


@unhurried
@given(document=documents)
def test_any_document(attempt: Callable[[bytes], None], document: object) -> None:
    with contextlib.suppress(ValueError):  # a number that JSON has not
        attempt(json.dumps(document, allow_nan=False).encode())


@unhurried
@given(good=st.sampled_from(GOOD), data=st.data())
def test_a_good_file_with_one_change(attempt: Callable[[bytes], None], good: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, min(len(good), start + 20)))
    attempt((good[:start] + data.draw(st.sampled_from(PIECES)) + good[end:]).encode("utf-8", "replace"))


STARS = "a 1 " + "*a" * 40 + "*b"


@settings(max_examples=examples(1000), deadline=None)
@given(text=st.text(max_size=60) | texts)
@example(STARS)
@example("a[build='^(a+)+$']")
@example("a >=1,<2|^(1+)+$")
def test_any_line(text: str) -> None:
    """Each is read as something that can be checked at once, and that never means another package."""
    record = PackageRecord(name="a", version="1", build="a" * 120)
    wanted = parse_match_spec(text)
    assert wanted is None or _keeps_its_meaning(wanted)
    asking = PackageRecord(name="asks", version="1", build="0", depends=(text,))
    unmet = unmet_dependencies((record, asking))
    assert not unmet or (wanted is not None and meets(record, wanted) is False)
    required = parse_requirement(text)
    assert required is None or required.name
    assert satisfies_conda("1", f"({text}),!=1") is not True
    assert satisfies_pep440("1", f"{text},!=1") is not True


def _keeps_its_meaning(wanted: Wanted) -> bool:
    """Whether it is met by no other package, and not refused by the very package that it describes."""
    own = PackageRecord(
        name=wanted.name,
        version=wanted.version or "1",
        build=wanted.build,
        subdir=wanted.subdir,
        md5=wanted.md5,
        sha256=wanted.sha256,
    )
    described = wanted.version and not wanted.build.startswith("^") and not wanted.build_number
    other = replace(own, name=f"{wanted.name}-other")
    return meets(other, wanted) is False and not (described and meets(own, wanted) is False)


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LAUGHS, "too large with its aliases written out"),
        ("a: &a\n  b: *a\n", "stands for nothing"),
        ("- " * 100, "nested too deeply"),
        ("{" * 100, "nested too deeply"),
        ("a: 1\na: 2\n", "`a` stands there twice"),
        ("? [a]\n: b\n", "a key that is not a text"),
        ("a\n---\nb\n", "more than one document"),
        ("a: [", "line 2"),
        ("a: {<<: b}", "no mapping"),
    ],
)
def test_what_yaml_can_do_to_a_reader_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_plain_yaml(text)


def test_aliases_are_what_they_stand_for() -> None:
    assert parse_plain_yaml("a: &x [1, 2]\nb: *x\nc: &y z\nd: *y\n") == {
        "a": ["1", "2"],
        "b": ["1", "2"],
        "c": "z",
        "d": "z",
    }


def test_merged_keys_are_taken_over_unless_they_are_there() -> None:
    text = "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {<<: [*a, *b], z: 5}\nd: {<<: *b}\n"
    read = parse_plain_yaml(text)
    assert isinstance(read, dict)
    assert (read["c"], read["d"]) == ({"x": "1", "y": "2", "z": "5"}, {"y": "3", "z": "4"})


def test_a_huge_file_is_read_or_refused(attempt: Callable[[bytes], None]) -> None:
    attempt(b"dependencies:\n" + b"".join(b"  - p%d=1.%d=b_0\n" % (number, number) for number in range(20_000)))
    attempt(b"a" * (1 << 20))
    attempt(b"dependencies: [" + b"a" * (1 << 20) + b"]")
    attempt(b"=" * (1 << 20))
    attempt(b"# [" * (1 << 18))
    attempt(b"a \\\n" * (1 << 18))
    attempt((b"a" + b" " * 3900 + b"b\n") * 200)
    attempt(b"{" + b"\n" * (1 << 19) + b"x")
    attempt(b"dependencies:\n  - sel(" + b" " * (1 << 16) + b"x: [a]\n")
