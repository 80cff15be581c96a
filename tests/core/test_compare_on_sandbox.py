"""Comparisons of the sandbox's environments against an independent reading of their records."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import pytest

from condatui_core.analyses.columns import environment_listing
from condatui_core.analyses.compare import compare
from condatui_core.environment_files.export import export_text
from condatui_core.environment_files.reading import read_environment_file
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.comparison import Comparison, Listing
from condatui_core.records.environment import Environment
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.request import ExportFormat
from condatui_sandbox import Sandbox
from support.sandboxes import conda
from support.tiers import thorough

NAMES = (
    "base",
    "bert-finetune",
    "nlp-base",
    "nlp-exp",
    "notebooks",
    "prod-frozen",
    "train-pinned",
    "vision-cpu",
    "vision-cuda",
)
"""Those in which pip has replaced nothing; what it added is not looked at here."""

Facts = dict[str, tuple[str, str, str]]
"""Package → version, build, channel URL."""


def records(prefix: Path) -> Facts:
    """conda-meta, read with nothing but json."""
    found: Facts = {}
    for file in (prefix / "conda-meta").glob("*.json"):
        record = json.loads(file.read_text())
        url = str(record.get("url") or "")
        found[record["name"]] = (record["version"], record["build"], url.rsplit("/", 2)[0])
    return found


@pytest.fixture(scope="module")
def listings(sandbox: Sandbox) -> dict[str, Listing]:
    config = ChannelConfig()
    return {
        name: environment_listing(str(prefix), name, read_prefix(str(prefix)), config)
        for name, prefix in sandbox.prefixes.items()
        if name in NAMES
    }


def expected_status(facts: list[tuple[str, str, str] | None]) -> str:
    there = [each for each in facts if each]
    if len(there) < len(facts):
        return "missing"
    for index, status in enumerate(("version", "build", "channel")):
        if len({each[index] for each in there}) > 1:
            return status
    return "same"


def check(comparison: Comparison, columns: list[Facts]) -> None:
    """Every row that conda knows is as the records say, and none is lacking."""
    rows = {row.name: row for row in comparison.rows if any(cell and cell.source == "conda" for cell in row.cells)}
    assert rows.keys() == {name for column in columns for name in column}
    for name, row in rows.items():
        facts = [column.get(name) for column in columns]
        assert [cell and (cell.version, cell.build, cell.base_url) for cell in row.cells] == facts
        assert row.status == expected_status(facts), name


def test_every_pair_is_as_the_records_say(sandbox: Sandbox, listings: dict[str, Listing]) -> None:
    facts = {name: records(sandbox.prefixes[name]) for name in NAMES}
    for one, other in combinations(NAMES, 2):
        comparison = compare([listings[one], listings[other]])
        check(comparison, [facts[one], facts[other]])
        alike = sum(
            mine[::2] == theirs[::2]
            for name, mine in facts[one].items()
            if (theirs := facts[other].get(name)) is not None
        )
        if len(comparison.rows) == len(facts[one].keys() | facts[other].keys()):
            assert comparison.similarity[0][1] == pytest.approx(alike / len(comparison.rows))


def test_all_together_are_as_the_records_say(sandbox: Sandbox, listings: dict[str, Listing]) -> None:
    comparison = compare([listings[name] for name in NAMES])
    check(comparison, [records(sandbox.prefixes[name]) for name in NAMES])
    summary = comparison.summary
    total = summary.same + summary.version + summary.build + summary.channel + summary.missing
    assert total == len(comparison.rows)


def test_where_pip_replaced_a_package_the_cell_shows_what_python_imports(sandbox: Sandbox) -> None:
    prefix = sandbox.prefixes["try-again-final-v2"]
    contents = read_prefix(str(prefix))
    assert contents.replaced
    listing = environment_listing(str(prefix), "one", contents, ChannelConfig())
    comparison = compare([listing, listing])
    for replaced in contents.replaced:
        [row] = [row for row in comparison.rows if row.name == replaced.package]
        assert row.cells[0] is not None
        assert (row.cells[0].source, row.cells[0].version) == ("pypi", replaced.pip_version)
        assert replaced.conda_version in row.cells[0].replaced


@pytest.mark.parametrize("form", ["yaml", "json", "explicit", "requirements"])
def test_an_environment_does_not_differ_from_its_own_export(
    sandbox: Sandbox, form: ExportFormat, tmp_path: Path
) -> None:
    """What pip has installed and replaced is in every format, in some of them in comments."""
    config, file = ChannelConfig(), tmp_path / "exported"
    for name, prefix in sandbox.prefixes.items():
        contents = read_prefix(str(prefix))
        environment = Environment(name=name, prefix=str(prefix), contents=contents)
        file.write_text(export_text(environment, config, format=form).text)
        exported = read_environment_file(file, config, "linux-64")
        comparison = compare([environment_listing(str(prefix), name, contents, config), exported])
        assert [row.name for row in comparison.rows if row.status != "same"] == [], name
        assert exported.column.left_out == ()
        assert bool(comparison.rows) == bool(contents.packages or contents.distributions)


WRITTEN = {
    "list.json": ("list", "--json"),
    "list.txt": ("list", "--export"),
    "explicit.txt": ("list", "--explicit", "--md5"),
    "environment.yml": ("env", "export"),
    "environment.json": ("env", "export", "--json"),
}
"""What conda itself writes of an environment, by a file's name."""


@pytest.mark.parametrize("file_name", ["environment.yml", *thorough(sorted({*WRITTEN} - {"environment.yml"}))])
def test_an_environment_does_not_differ_from_what_conda_writes_of_it(
    sandbox: Sandbox, file_name: str, tmp_path: Path
) -> None:
    config, file = ChannelConfig(), tmp_path / file_name
    for name in ("vision-cuda", "pip-mix"):
        prefix = sandbox.prefixes[name]
        contents = read_prefix(str(prefix))
        file.write_text(conda(sandbox, *WRITTEN[file_name][:2], "-p", str(prefix), *WRITTEN[file_name][2:]))
        written = read_environment_file(file, config, "linux-64")
        comparison = compare([environment_listing(str(prefix), name, contents, config), written])
        differing = {row.name for row in comparison.rows if row.status != "same"}
        by_pip = {row.name for row in comparison.rows if row.cells[0] and row.cells[0].source == "pypi"}
        assert differing == (by_pip if file_name == "explicit.txt" else set()), name  # conda leaves pip's out there
        assert written.column.left_out == ()
