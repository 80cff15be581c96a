"""Environments side by side: rows, statuses and signs, worked out by hand; and what must hold for any environments."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from condatui_core.analyses.columns import environment_listing
from condatui_core.analyses.compare import compare, with_reference
from condatui_core.records.comparison import Cell, Column, Comparison, Entry, Listing, Row, Summary
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import Distribution, PackageRecord, ProvidedDistribution, Replacement
from condatui_core.records.prefix import History, PrefixContents

FORGE = "https://conda.anaconda.org/conda-forge"
MAIN = "https://repo.anaconda.com/pkgs/main"


def conda(
    name: str, version: str = "1.0", build: str = "0", base_url: str | None = FORGE, provides: Sequence[str] = ()
) -> PackageRecord:
    shipped = tuple(ProvidedDistribution(name=each, version=version, path="x") for each in provides)
    return PackageRecord(
        name=name, version=version, build=build, base_url=base_url, provides=shipped, file_count=3, installed_bytes=10
    )


def pip(name: str, version: str = "1.0") -> Distribution:
    return Distribution(name=name, version=version, path="x", installed_bytes=7)


def environment(*packages: PackageRecord | Distribution, replaced: tuple[Replacement, ...] = ()) -> Listing:
    contents = PrefixContents(
        packages=tuple(each for each in packages if isinstance(each, PackageRecord)),
        distributions=tuple(each for each in packages if isinstance(each, Distribution)),
        replaced=replaced,
    )
    return environment_listing("/envs/some", "some", contents, ChannelConfig())


def asking(*constraints: tuple[str, str]) -> Listing:
    """A file that asks for packages."""
    entries = (
        Entry(cell=Cell(name=name, source="conda", constraint=constraint), package=name)
        for name, constraint in constraints
    )
    return Listing(column=Column(label="a.yml", kind="environment file"), entries=tuple(entries))


def row(comparison: Comparison, name: str) -> Row:
    (found,) = (each for each in comparison.rows if each.name == name)
    return found


def test_each_way_to_differ_has_its_status_and_its_sign() -> None:
    first = environment(
        conda("same"),
        conda("newer"),
        conda("older", "1.10"),
        conda("build"),
        conda("channel"),
        conda("gone"),
        conda("both"),
    )
    second = environment(
        conda("same"),
        conda("newer", "1.1", "9", MAIN),
        conda("older", "1.9"),
        conda("build", build="1", base_url=MAIN),
        conda("channel", base_url=MAIN),
        conda("only"),
        conda("both", "1.0.0"),
    )
    comparison = compare([first, second])
    assert {each.name: (each.status, each.signs) for each in comparison.rows} == {
        "both": ("same", ("=", "=")),
        "build": ("build", ("=", "≠")),
        "channel": ("channel", ("=", "≠")),
        "gone": ("missing", ("=", "−")),
        "newer": ("version", ("=", "↑")),
        "older": ("version", ("=", "↓")),
        "only": ("missing", ("=", "+")),
        "same": ("same", ("=", "=")),
    }
    assert comparison.summary == Summary(same=2, version=2, build=1, channel=1, missing=2)
    assert [each.name for each in comparison.rows] == sorted(each.name for each in comparison.rows)


def test_signs_follow_the_reference_and_nothing_else_does() -> None:
    columns = [environment(conda("a", "1")), environment(conda("a", "2")), environment(conda("b"))]
    comparison = compare(columns)
    turned = with_reference(comparison, 1)
    assert row(comparison, "a").signs == ("=", "↑", "−")
    assert row(turned, "a").signs == ("↓", "=", "−")
    assert row(turned, "b").signs == ("=", "=", "+")
    assert turned == compare(columns, reference=1)


def test_condas_pytorch_and_pips_torch_share_a_row() -> None:
    comparison = compare(
        [environment(conda("pytorch", "2.1.0", provides=["torch"])), environment(pip("Torch", "2.2.0"))]
    )
    (only,) = comparison.rows
    assert (only.name, only.status, only.signs) == ("pytorch", "version", ("=", "↑"))
    assert [cell and (cell.name, cell.source, cell.channel) for cell in only.cells] == [
        ("pytorch", "conda", "conda-forge"),
        ("Torch", "pypi", "pypi"),
    ]


def test_spellings_of_pip_names_are_one_name() -> None:
    comparison = compare([environment(pip("ruamel.yaml")), environment(pip("Ruamel_YAML"))])
    assert [(each.name, each.status) for each in comparison.rows] == [("ruamel-yaml", "same")]


def test_the_same_version_from_conda_and_pip_differs_in_channel_only() -> None:
    comparison = compare([environment(conda("attrs", "23.1.0", provides=["attrs"])), environment(pip("attrs", "23.1"))])
    assert row(comparison, "attrs").status == "channel"


def test_a_c_library_is_not_the_distribution_of_the_same_name() -> None:
    comparison = compare([environment(conda("graphviz", "9.0")), environment(pip("graphviz", "0.20"))])
    assert [(each.name, each.status) for each in comparison.rows] == [("graphviz", "missing"), ("graphviz", "missing")]


def test_a_metapackage_gives_way_to_the_package_that_ships_the_distribution() -> None:
    dask = PackageRecord(name="dask", version="2024.1", build="0", base_url=FORGE)
    left = environment(dask, conda("dask-core", "2024.1", provides=["dask"]))
    comparison = compare([left, environment(pip("dask", "2024.2"))])
    assert {each.name: each.status for each in comparison.rows} == {"dask": "missing", "dask-core": "version"}


def test_a_second_distribution_of_a_package_is_there_for_python_too() -> None:
    pytorch = conda("pytorch", "2.1", provides=["functorch", "torch"])
    comparison = compare([environment(pytorch), environment(pip("torch", "2.1"), pip("functorch", "2.1"))])
    assert {each.name: each.status for each in comparison.rows} == {"pytorch": "channel", "functorch": "channel"}


def test_what_pip_put_beside_a_conda_package_has_a_row_of_its_own() -> None:
    both = environment(conda("attrs", "1", provides=["attrs"]), pip("attrs", "2"))
    comparison = compare([both, environment(pip("attrs", "2"))])
    assert [(each.name, each.status) for each in comparison.rows] == [("attrs", "missing"), ("attrs", "same")]


def test_a_replaced_package_shows_what_python_imports() -> None:
    replacement = Replacement(package="numpy", distribution="numpy", conda_version="1.26.4", pip_version="2.0.1")
    torn = environment(
        conda("numpy", "1.26.4", "py311_0", provides=["numpy"]), pip("numpy", "2.0.1"), replaced=(replacement,)
    )
    (only,) = compare([torn, environment(conda("numpy", "1.26.4", "py311_0", provides=["numpy"]))]).rows
    cell = only.cells[0]
    assert cell is not None
    assert (cell.version, cell.source, cell.replaced, cell.bytes) == ("2.0.1", "pypi", "1.26.4 py311_0", 7)
    assert (only.name, only.status, only.signs) == ("numpy", "version", ("=", "↓"))


def test_distributions_that_conda_owns_are_no_rows() -> None:
    owned = Distribution(name="attrs", version="1.0", path="x", owner="attrs")
    assert len(compare([environment(conda("attrs", provides=["attrs"]), owned)]).rows) == 1


def of_file(*cells: Cell) -> Listing:
    entries = tuple(Entry(cell=each, package=each.name if each.source == "conda" else "") for each in cells)
    return Listing(column=Column(label="a.yml", kind="environment file"), entries=entries)


def in_conda(name: str, version: str = "", build: str = "", **stated: str) -> Cell:
    constraint = "" if version else "*"
    return Cell(name=name, source="conda", version=version, build=build, constraint=constraint, **stated)  # type: ignore[arg-type]


def by_pip(name: str, version: str = "", constraint: str = "") -> Cell:
    return Cell(name=name, source="pypi", version=version, constraint=constraint, channel="pypi")


def test_what_a_file_asks_of_conda_and_of_pip_is_one_row() -> None:
    """pip goes last: its version is there afterwards, unless what conda installs is enough for it."""
    file = of_file(
        in_conda("numpy", "1.26.4", "py_0"),
        by_pip("NumPy", "2.0.1"),
        in_conda("pytorch", "2.1", "cpu_0"),
        by_pip("torch", "2.2"),
        in_conda("rich", "13.9"),
        by_pip("rich", constraint=">=13"),
        in_conda("einops"),
        by_pip("einops", "0.8"),
        in_conda("graphviz", "9.0"),
        by_pip("graphviz", "0.20"),
    )
    there = environment(conda("pytorch", "2.1", "cpu_0", provides=["torch"]), conda("graphviz", "9.0"))
    found = {
        f"{each.name} {each.cells[1].source}": (each.cells[1].version, each.cells[1].replaced)
        for each in compare([there, file]).rows
        if each.cells[1]
    }
    assert found == {
        "numpy pypi": ("2.0.1", "1.26.4 py_0"),
        "pytorch pypi": ("2.2", "2.1 cpu_0"),
        "rich conda": ("13.9", ""),
        "einops pypi": ("0.8", "*"),
        "graphviz conda": ("9.0", ""),  # the environment's is known to be the C library
        "graphviz pypi": ("0.20", ""),
    }


def test_demands_on_number_and_digest_are_held_against_the_package() -> None:
    number, md5 = 7, "0" * 32
    there = Listing(
        column=Column(label="x"),
        entries=tuple(
            Entry(
                cell=Cell(name=name, source="conda", version="1", build="b_7", build_number=number, md5=md5),
                package=name,
            )
            for name in "abcdef"
        ),
    )
    file = of_file(
        in_conda("a", build_numbers=">=7"),
        in_conda("b", build_numbers="8"),
        in_conda("c", digest=md5),
        in_conda("d", digest="1" * 32),
        in_conda("e", digest="1" * 64),
        in_conda("f", build="^b_[0-9]$"),
    )
    statuses = {each.name: each.status for each in compare([there, file]).rows}
    assert statuses == {"a": "same", "b": "build", "c": "same", "d": "build", "e": "same", "f": "same"}


def test_requested_is_what_the_history_says_of_any_column() -> None:
    contents = PrefixContents(packages=(conda("a"), conda("b")), history=History(requested=(("a", "a"),)))
    asked = environment_listing("/envs/x", "x", contents, ChannelConfig())
    comparison = compare([environment(conda("a"), conda("b")), asked])
    assert [each.requested for each in comparison.rows] == [True, False]


def test_unknown_channels_are_the_same_as_each_other_and_no_other() -> None:
    unknown = environment(conda("a", base_url=None))
    assert row(compare([unknown, unknown]), "a").status == "same"
    assert row(compare([unknown, environment(conda("a"))]), "a").status == "channel"


def test_a_constraint_is_held_against_the_versions_and_not_compared_as_text() -> None:
    has = environment(conda("met", "1.5"), conda("missed", "2.1"), conda("odd", "1"))
    comparison = compare([has, asking(("met", ">=1.2,<2"), ("missed", "=1.2"), ("odd", "about 1"))])
    cells = {each.name: each.cells[1] for each in comparison.rows}
    assert {name: cell and cell.satisfied for name, cell in cells.items()} == {
        "met": True,
        "missed": False,
        "odd": None,
    }
    assert {each.name: (each.status, each.signs[1]) for each in comparison.rows} == {
        "met": ("same", "="),
        "missed": ("version", "≠"),
        "odd": ("same", "="),
    }


def test_two_constraints_are_the_same_only_if_they_read_the_same() -> None:
    comparison = compare([asking(("a", ">=1"), ("b", ">=1")), asking(("a", ">=1"), ("b", ">=2"))])
    assert [each.status for each in comparison.rows] == ["same", "version"]


def test_a_build_pattern_is_matched() -> None:
    wants = Listing(
        column=Column(label="a.yml", kind="environment file"),
        entries=(Entry(cell=Cell(name="a", source="conda", version="1.0", build="py311*"), package="a"),),
    )
    assert row(compare([environment(conda("a", build="py311h1_0")), wants]), "a").status == "same"
    assert row(compare([environment(conda("a", build="py310h1_0")), wants]), "a").status == "build"


names = st.sampled_from(["a", "b", "c", "torch", "pytorch", "x_y", "X.y"])
numbers = st.sampled_from(["1.0", "1", "1.1", "2.0rc1", "not a version"])
conda_records = st.builds(
    conda,
    names,
    numbers,
    st.sampled_from(["py311_0", "py312_1"]),
    st.sampled_from([FORGE, MAIN, None]),
    st.sampled_from([(), ("torch",), ("x-y", "a")]),
)
listings = st.builds(
    lambda packages, distributions: environment(*packages, *distributions),
    st.lists(conda_records, max_size=5, unique_by=lambda record: record.name),
    st.lists(st.builds(pip, names, numbers), max_size=3, unique_by=lambda each: canonicalize_name(each.name)),
)


@given(columns=st.lists(listings, min_size=2, max_size=4), data=st.data())
def test_another_order_of_columns_moves_columns_and_changes_no_status(
    columns: list[Listing], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(columns))))
    before, after = compare(columns), compare([columns[index] for index in order])
    assert after.summary == before.summary
    moved = [(each.name, each.status, tuple(each.cells[index] for index in order)) for each in before.rows]
    assert sorted(map(repr, moved)) == sorted(repr((each.name, each.status, each.cells)) for each in after.rows)
    for row_index, row_number in enumerate(order):
        for column_index, column_number in enumerate(order):
            assert after.similarity[row_index][column_index] == pytest.approx(
                before.similarity[row_number][column_number]
            )


@given(listings)
def test_an_environment_is_all_the_same_as_itself(listing: Listing) -> None:
    comparison = compare([listing, listing])
    assert {each.status for each in comparison.rows} <= {"same"}
    assert comparison.similarity == ((1.0, 1.0), (1.0, 1.0))


@given(st.lists(listings, min_size=2, max_size=3))
def test_every_package_is_in_a_row_and_no_sign_contradicts_its_row(columns: list[Listing]) -> None:
    comparison = compare(columns)
    for index, listing in enumerate(columns):
        shown = {cell.name.lower() for each in comparison.rows if (cell := each.cells[index])}
        assert {entry.cell.name.lower() for entry in listing.entries} <= shown
    for each in comparison.rows:
        assert len(each.cells) == len(each.signs) == len(columns)
        assert (each.status == "same") == (set(each.signs) == {"="})


def test_mirrors_and_equal_archives_are_no_difference() -> None:
    mirrored = "https://prefix.dev/conda-forge"
    private, other = "https://host.example/private", "https://host.example/other"

    def archive(name: str, base_url: str, **digests: str) -> PackageRecord:
        return PackageRecord(name=name, version="1", build="0", base_url=base_url, **digests)  # type: ignore[arg-type]

    first = environment(
        archive("mirrored", FORGE),
        archive("md5", private, md5="a" * 32),
        archive("sha", private, sha256="b" * 64),
        archive("differs", private, md5="c" * 32),
        archive("unknown", private),
    )
    second = environment(
        archive("mirrored", mirrored),
        archive("md5", other, md5="a" * 32),
        archive("sha", other, sha256="b" * 64, md5="d" * 32),
        archive("differs", other, md5="e" * 32),
        archive("unknown", other),
    )
    comparison = compare([first, second])
    assert {each.name: (each.status, each.signs[1]) for each in comparison.rows} == {
        "mirrored": ("same", "="),
        "md5": ("same", "="),
        "sha": ("same", "="),
        "differs": ("channel", "≠"),
        "unknown": ("channel", "≠"),
    }
    assert comparison.similarity[0][1] == 3 / 5
