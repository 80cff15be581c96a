"""What the pages of docs/ say is what is so."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import get_args

import msgspec
import pytest

import man_page
from condatui.cli.main import COMMANDS
from condatui_core.disk.findings import findings_of
from condatui_core.disk.link_graph import LinkGraph
from condatui_core.disk.tree import ProblemKind, ScanProblem
from condatui_core.records.disk import DiskPlace, LinkTable, ShareClass, Unit, UnitKind
from condatui_core.records.finding import FINDING_IDS
from condatui_core.restore_points.archive import ARCHIVE
from condatui_core.restore_points.store import EXPLICIT, MANIFEST, NEEDED, PATHS
from condatui_core.settings import FROM_ENVIRONMENT, Settings
from condatui_core.settings_files.template import setting_meanings
from condatui_core.text import format_bytes
from generated_docs import SECTIONS, Section
from layer_diagram import Contracts, layer_diagram
from support.key_list import KEYS, with_key_list

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted((*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"))


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def test_the_key_list_is_that_of_the_registry() -> None:
    assert _text(KEYS) == with_key_list(_text(KEYS)), "stale: run `make keys`"
    assert "`environments.filter`" in _text(KEYS)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda each: each.name)
def test_what_the_code_knows_is_as_the_code_has_it(section: Section) -> None:
    assert _text(section.page) == section.written_into(_text(section.page)), "stale: run `make docs`"


def test_a_changed_contract_makes_the_diagram_stale() -> None:
    text = _text(ROOT / "pyproject.toml")
    drawn = layer_diagram(Contracts.read(text))
    for changed in (
        text.replace('"disk | gpu | shells | tracing"', '"disk", "gpu | shells | tracing"'),
        text.replace(
            '"condatui_core.actions.pack",\n    "condatui_core.actions.relink"', '"condatui_core.actions.pack"'
        ),
        text.replace('forbidden_modules = ["condatui_sandbox"]', 'forbidden_modules = ["condatui_sandbox", "click"]'),
    ):
        assert changed != text
        assert layer_diagram(Contracts.read(changed)) != drawn


def test_the_diagram_has_every_layer_once_and_the_workbench_above_the_core() -> None:
    contracts = Contracts(layers=Contracts.read(_text(ROOT / "pyproject.toml")).layers, forbidden=())
    drawn = layer_diagram(contracts)
    for each in contracts.layers:
        names = re.findall(r"\w+", " ".join(each.layers))
        assert all(re.search(rf"\b{name}\b", drawn) for name in names)
        assert all(f"`{container}`" in drawn for container in each.containers if "." in container)
    core = next(each for each in contracts.layers if each.containers == ("condatui_core",))
    workbench = next(each for each in contracts.layers if each.containers == ("condatui",))
    assert f"condatui_{len(workbench.layers) - 1} --> condatui_core_0" in drawn
    assert f" --> condatui_core_{len(core.layers) - 1}\n" in drawn


def test_a_page_without_markers_is_an_error_and_not_passed_over() -> None:
    with pytest.raises(ValueError, match="no markers"):
        SECTIONS[0].written_into("# A page\n")


def test_every_setting_is_listed_and_says_what_it_means() -> None:
    listed = re.findall(r"^\| `(\w+)` \|.*\| (.*) \| (.*) \|$", _text(DOCS / "settings.md"), re.MULTILINE)
    fields = [field.name for field in msgspec.structs.fields(Settings)]
    assert [name for name, _, _ in listed] == fields
    assert [name for name, _, variable in listed if variable] == [name for name in fields if name in FROM_ENVIRONMENT]
    assert all(meaning.endswith(".") for _, meaning, _ in listed)
    assert setting_meanings().keys() == set(fields)


def test_the_manual_page_is_what_the_commands_say() -> None:
    assert _text(man_page.PAGE) == man_page.man_page(), "run `make docs`"
    assert all(f'.SS "condatui {each} ' in _text(man_page.PAGE) for each in COMMANDS)


def test_a_formatter_finds_nothing_wrong_with_the_manual_page() -> None:
    if (groff := shutil.which("groff")) is None:
        pytest.skip("there is no groff on this machine")
    done = subprocess.run(
        [groff, "-man", "-ww", "-Tutf8", man_page.PAGE], capture_output=True, text=True, check=True, env={"LC_ALL": "C"}
    )
    assert done.stderr == ""
    assert "condatui list --filter 'package:torch>=2.5 !finding:stale'" in re.sub(r"\x1b\[\d*m", "", done.stdout)


def test_a_line_that_begins_like_a_request_is_none() -> None:
    assert [*man_page._paragraphs(".TH x\n\n'a `b-c`…")] == [
        ".PP",
        r"\&.TH x",
        ".PP",
        r"\&'a \fBb\-c\fR\[u2026]",
    ]


def _tables(page: Path, heading: str) -> list[list[list[str]]]:
    """The tables below a heading, cell by cell, their heads left out."""
    section = _text(page).partition(f"## {heading}\n")[2].partition("\n## ")[0]
    tables = re.findall(r"(?:^\|.*\|\n)+", section, re.MULTILINE)
    return [[row.strip("| ").split(" | ") for row in table.splitlines()[2:]] for table in tables]


def test_the_worked_example_of_sizes_is_what_the_link_graph_says() -> None:
    classes, answers = _tables(DOCS / "sizes.md", "A worked example")
    places = {"a": DiskPlace(path="a"), "b": DiskPlace(path="b"), "pkgs": DiskPlace(path="pkgs", cache=True)}
    found: list[ShareClass] = []
    units: list[Unit] = []
    for what, holders, outside, size in classes:
        held = tuple(list(places).index(each) for each in holders.split(", "))
        unit = len(units) if "pkgs" in holders else -1
        if unit >= 0:
            kind: UnitKind = "archive" if "archive" in what else "package"
            units.append(Unit(2, what.encode(), kind, False, ()))
        found.append(ShareClass(held, unit, outside == "yes", int(size), 0))
    graph = LinkGraph(tuple(places.values()), LinkTable(tuple(found), tuple(units)))
    a, b = graph.use_of("a"), graph.use_of("b")
    truth = {
        "total of a": a.total,
        "total of b": b.total,
        "a and b together, each inode once": graph.total("ab"),
        "exclusive in a": a.exclusive,
        "a shares with the cache": a.shared_with_cache,
        "a shares with environments": a.shared_with_environments,
        "outside of a": a.outside,
        "removing a frees": graph.frees("a"),
        "removing b frees": graph.frees("b"),
        "removing a and b frees": graph.frees("ab"),
        "removing a and b and then cleaning the cache frees": graph.frees_with_cache_clean("ab"),
    }
    assert {question: int(size) for question, size in answers} == truth


def test_every_finding_is_listed() -> None:
    core = ROOT / "core" / "condatui_core"
    modules = (
        core / "gpu" / "check.py",
        core / "inventory.py",
        core / "workbench.py",
        core / "jobs" / "journal_store.py",
    )
    sources = "".join(map(_text, (*(core / "analyses").glob("*.py"), *modules)))
    of_disk = findings_of("/p", [ScanProblem(b".", kind) for kind in get_args(ProblemKind)])
    ids = {*re.findall(r'(?:\bid=|\bfinding\(\s*)"([a-z-]+)"', sources), *(each.id for each in of_disk)}
    assert len(ids) > 10
    assert ids <= set(re.findall(r"`([a-z-]+)`", _text(DOCS / "findings.md")))


def test_the_findings_of_environments_are_those_that_a_filter_knows() -> None:
    of_environments, of_the_machine, *_ = _tables(DOCS / "findings.md", "Findings")
    listed = [name for row in of_environments for name in re.findall(r"`([a-z-]+)`", row[0])]
    assert listed == list(FINDING_IDS)
    assert not {name for row in of_the_machine for name in re.findall(r"`([a-z-]+)`", row[0])} & set(FINDING_IDS)


_CORE = ROOT / "core" / "condatui_core"
_STAGE = re.compile(r'\.stage\(\s*"([a-z-]+)"')


@pytest.mark.parametrize("action", ["remove", "restore"])
def test_the_stages_of_what_must_be_safe_are_those_of_the_code(action: str) -> None:
    in_code = {stage for each in (_CORE / "actions" / action).glob("*.py") for stage in _STAGE.findall(_text(each))} - {
        "unlink"
    }  # of a link alone, which is told in words
    (rows,) = _tables(DOCS / "removal.md", f"The stages of a {'removal' if action == 'remove' else 'restore'}")
    assert {row[0].strip("`") for row in rows} == in_code
    assert "single stage, `unlink`" in _text(DOCS / "removal.md")


def test_the_stages_of_a_merge_are_those_of_the_code() -> None:
    """Those of the clone that it begins with are one row."""
    in_code = set(_STAGE.findall("".join(map(_text, (_CORE / "actions" / "merge").glob("*.py"))))) - {"put-back-member"}
    of_clone = set(_STAGE.findall(_text(_CORE / "actions" / "clone" / "perform.py"))) - {"add"}
    (rows,) = _tables(DOCS / "removal.md", "The stages of a merge")
    told = {stage for row in rows for stage in re.findall(r"`([a-z-]+)`", row[0])}
    assert told == in_code | of_clone
    assert "`put-back-member`" in _text(DOCS / "removal.md")


def test_every_file_of_a_restore_point_is_told() -> None:
    (rows,) = _tables(DOCS / "removal.md", "What a restore point is")
    written = {MANIFEST, PATHS, ARCHIVE, NEEDED, EXPLICIT, "pip.txt", "meta/"}
    assert {row[0].strip("`") for row in rows} == written


def test_the_limits_that_a_page_tells_are_the_defaults() -> None:
    text, defaults = _text(DOCS / "removal.md"), Settings()
    assert f"`restore_days` days ({defaults.restore_days})" in text
    assert f"`restore_bytes` ({format_bytes(defaults.restore_bytes)})" in text
    assert f"`restore_point_bytes` ({format_bytes(defaults.restore_point_bytes)})" in text


@pytest.mark.parametrize("page", sorted((DOCS / "decisions").glob("[a-z]*.md")), ids=lambda page: page.stem)
def test_a_decision_says_why_what_and_what_follows(page: Path) -> None:
    assert re.findall(r"^\*\*(\w+)\.\*\*", _text(page), re.MULTILINE) == ["Context", "Decision", "Consequences"]


def _packages(directory: Path) -> set[str]:
    """What lies right in an import package: modules by their file names, packages with a slash."""
    modules = {each.name for each in directory.glob("*.py") if each.name != "__init__.py"}
    return modules | {
        f"{each.name}/" for each in directory.iterdir() if list(each.glob("*.py")) or each.name == "styles"
    }


@pytest.mark.parametrize(
    ("heading", "directory"),
    [("The packages of the core", "core/condatui_core"), ("The packages of the workbench", "tui/condatui")],
)
def test_the_architecture_names_every_package_and_no_other(heading: str, directory: str) -> None:
    (rows,) = _tables(DOCS / "architecture.md", heading)
    assert {row[0].strip("`") for row in rows} == _packages(ROOT / directory)


def _targets(text: str) -> set[str]:
    return set(re.findall(r"\]\((?!https?:)([^)#\s]+)", text))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    missing = {each for each in _targets(_text(page)) if not (page.parent / each).exists()}
    assert missing == set()


@pytest.mark.parametrize(
    "index", [DOCS / "README.md", DOCS / "decisions" / "README.md"], ids=lambda page: str(page.relative_to(ROOT))
)
def test_an_index_lists_every_page_beside_it(index: Path) -> None:
    beside = {each.name for each in index.parent.glob("*.md")} - {"README.md"}
    assert beside <= _targets(_text(index))


_PATH = re.compile(r"`((?:core|tui|tests|tools|docs|screenshots)/[\w./-]+|[a-z_]+/[a-z_/]+\.(?:py|tcss))`")
_ROOTS = ("", "core/condatui_core", "tui/condatui")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    named = (Path(each) for each in _PATH.findall(_text(page)))
    assert [each for each in named if not any((ROOT / root / each).exists() for root in _ROOTS)] == []
