from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from condatui.view_models.channel_codes import channel_codes
from condatui.view_models.environments.filter_fields import NO_COSTS, Costs
from condatui.view_models.environments.rows import EnvironmentsModel
from condatui.view_models.glyphs import ASCII, UNICODE, Glyphs
from condatui_core.records.disk import Cost
from condatui_core.records.environment import BehindPackage, Environment, KeepMark
from condatui_core.records.prefix import Manager, PrefixContents
from support.inventories import NOW, days_ago, environment, finding, loaded, package, pip_package, research
from support.other_machines import on

RESEARCH = research()


def row(
    *environments: Environment, index: int = 0, glyphs: Glyphs = UNICODE, marked: str = "", costs: Costs = NO_COSTS
) -> dict[str, str]:
    codes = channel_codes(["conda-forge", "pytorch"])
    marks = frozenset({marked})
    model = EnvironmentsModel(environments, now=NOW, glyphs=glyphs, marked=marks, costs=costs, codes=codes)
    return {column.id: cell.plain for column, cell in zip(model.columns, model.cells(index), strict=True)}


def test_a_row_says_what_the_environment_is() -> None:
    assert row(research()) == {
        "mark": "",
        "name": "research",
        "python": "3.10.14",
        "packages": "3+2",
        "channels": "conda-forge pytorch",
        "channel codes": "cf+pt",
        "disk": "~4.1 G",
        "frees": "…",
        "inodes": "…",
        "used": "3 d",
        "findings": "! pip over conda",
    }


def test_a_package_of_the_filter_has_a_column_after_the_name() -> None:
    shown = (research(), loaded("tools", [package("zlib")]), environment("new"))
    model = EnvironmentsModel(shown, now=NOW, packages=("numpy", "torch"))
    assert [each.title for each in model.columns[:4]] == ["", "name", "numpy", "torch"]
    assert [[cell.plain for cell in model.cells(row)[2:4]] for row in range(3)] == [
        ["2.0.1 pip", "2.5.1 py3.10_cuda12.4_cudnn9.1.0_0"],
        ["–", "–"],
        ["…", "…"],
    ]


def test_one_of_a_project_is_named_after_that_and_a_second_one_of_that_name_says_where_it_lies() -> None:
    editors = environment("/work/lab/.conda", prefix="/work/lab/.conda", project="/work/lab")
    manager = Manager(tool="pixi", project="/work/lab", environment="test")
    kept = environment("/detached/lab-1/envs/t", prefix="/detached/lab-1/envs/t", manager=manager, project="/work/lab")
    other = environment("/old/lab/.conda", prefix="/old/lab/.conda", project="/old/lab")
    assert [row(editors, kept, index=index)["name"] for index in range(2)] == ["lab/.conda", "lab/test"]
    assert row(editors, other)["name"] == "lab/.conda /work/lab/.conda"
    named = environment("lab", project="/work/lab")
    assert row(named)["name"] == "lab"


def test_what_is_not_read_yet_is_not_said_to_be_absent() -> None:
    cells = row(environment("new"))
    assert {cells[each] for each in ("python", "packages", "channels", "disk", "frees", "used")} == {"…"}
    assert row(environment("new"), glyphs=ASCII)["python"] == "..."


def test_what_a_snapshot_does_not_tell_is_not_waited_for() -> None:
    cells = row(on("gpu07", environment("new")))
    assert {cells[each] for each in ("python", "packages", "channels", "disk", "frees", "used")} == {"–"}
    cells = row(on("gpu07", research()))
    assert (cells["frees"], cells["inodes"]) == ("–", "–")


def test_an_environment_without_python_has_none() -> None:
    assert row(loaded("tools", [package("zlib")]))["python"] == "–"


def test_a_directory_that_is_no_environment_says_so_and_nothing_else() -> None:
    orphan = environment(
        "half-cloned",
        state="orphan",
        contents=PrefixContents(has_conda_meta=False),
        findings=(finding("orphan", "error", "not an environment any more"),),
    )
    cells = row(orphan)
    assert {cells[each] for each in ("python", "packages", "channels", "disk", "frees", "used")} == {"–"}
    assert cells["findings"] == "✗ not an environment any more"


def test_a_missing_environment_is_not_one_that_is_being_read() -> None:
    assert row(environment("gone", state="missing"))["packages"] == "–"
    assert row(environment("gone", state="missing"))["findings"] == "✗ missing"


def test_marks_and_states_are_signs() -> None:
    prod = environment("prod", active=True, frozen=True, writable=False, aliases=("/opt/miniforge3/envs/current",))
    cells = row(prod, marked=prod.prefix)
    assert cells["mark"] == "●"
    assert cells["name"] == "prod ►◊ø ←current"
    assert row(environment("base", base=True))["name"] == "base ⌂"


def test_whether_it_may_be_written_is_only_said_when_it_is_known() -> None:
    assert row(environment("mine", writable=None))["name"] == "mine"


def test_two_of_the_same_name_are_told_apart_by_their_prefixes() -> None:
    one, two = environment("e1", prefix="/a/envs/e1"), environment("e1", prefix="/b/envs/e1")
    assert row(one, two)["name"] == "e1 /a/envs/e1"
    assert row(one, two, index=1)["name"] == "e1 /b/envs/e1"


def test_findings_are_said_once_each_in_the_order_given() -> None:
    findings = (finding("missing-files", "error"), finding("editable", "note"), finding("editable", "note"))
    assert row(loaded("x", findings=findings))["findings"] == "✗ missing files · editable x2"


def test_the_key_of_a_row_is_its_prefix() -> None:
    model = EnvironmentsModel([environment("a"), environment("b")], now=NOW)
    assert [model.key(index) for index in range(len(model))] == [environment("a").prefix, environment("b").prefix]


def test_a_last_use_that_is_not_sure_is_dim_and_has_a_sign() -> None:
    model = EnvironmentsModel([loaded("x", last_used=days_ago(9, reliable=False))], now=NOW)
    cell = dict(zip((each.id for each in model.columns), model.cells(0), strict=True))["used"]
    assert (cell.plain, cell.style) == ("~9 d", "dim")


def test_bytes_say_whether_they_were_measured() -> None:
    figures = {
        "~5.1 G ~200 M": Cost(total=5_100_000_000, frees=200_000_000, measured=False),
        "5.1 G 200 M": Cost(total=5_100_000_000, frees=200_000_000),
        "≥5.1 G ≥200 M": Cost(total=5_100_000_000, frees=200_000_000, at_least=True),
    }
    for words, cost in figures.items():
        model = EnvironmentsModel([research()], now=NOW, costs={research().prefix: cost})
        cells = {column.id: cell.plain for column, cell in zip(model.columns, model.cells(0), strict=True)}
        assert f"{cells['disk']} {cells['frees']}" == words


def test_inodes_are_counted_once_the_disk_is_walked() -> None:
    figures = {
        "412 K": Cost(total=1, frees=1, inodes=412_345),
        "≥17": Cost(total=1, frees=1, inodes=17, at_least=True),
        "…": Cost(total=1, frees=1, measured=False),
    }
    for words, cost in figures.items():
        assert row(research(), costs={research().prefix: cost})["inodes"] == words
    assert row(environment("gone", state="missing"))["inodes"] == "–"


def test_of_a_row_only_the_cells_that_differ_are_made_anew() -> None:
    former = EnvironmentsModel([RESEARCH], now=NOW, codes=channel_codes(["conda-forge"]))
    codes = channel_codes(["conda-forge", "pytorch"])
    coded = EnvironmentsModel([RESEARCH], now=NOW, codes=codes, chosen=("channels", "used"), former=former)
    ids = [each.id for each in former.columns]
    before = dict(zip(ids, former.cells(0), strict=True))
    after = dict(zip((each.id for each in coded.columns), coded.cells(0), strict=True))
    assert list(after) == ["mark", "name", "channels", "channel codes", "used"]
    assert {name for name, cell in after.items() if before[name] is not cell} == {"channel codes"}
    later = EnvironmentsModel([RESEARCH], now=NOW + timedelta(days=1), codes=codes, former=coded)
    assert dict(zip((each.id for each in later.columns), later.cells(0), strict=True))["used"].plain == "4 d"


def test_a_row_is_made_anew_when_it_was_measured() -> None:
    former = EnvironmentsModel([RESEARCH], now=NOW)
    assert former.cells(0) is EnvironmentsModel([RESEARCH], now=NOW, former=former).cells(0)
    costs = {RESEARCH.prefix: Cost(total=1000, frees=0)}
    measured = EnvironmentsModel([RESEARCH], now=NOW, costs=costs, former=former)
    assert "1.0 K" in [cell.plain for cell in measured.cells(0)]


def test_where_nobody_measures_there_is_no_column_for_what_removal_frees() -> None:
    model = EnvironmentsModel([research()], now=NOW, costs=None)
    assert {"frees", "inodes"}.isdisjoint(column.id for column in model.columns)
    assert len(model.cells(0)) == len(model.columns)


def test_a_column_says_how_far_environments_are_behind_the_baseline_if_any_is() -> None:
    late = replace(RESEARCH, behind=(BehindPackage(name="numpy", version="1.26.4", newer="2.0"),))
    model = EnvironmentsModel([late, environment("other")], now=NOW)
    column = [each.id for each in model.columns].index("behind")
    assert [model.cells(index)[column].plain for index in (0, 1)] == ["1", "…"]
    assert "behind" not in {each.id for each in EnvironmentsModel([RESEARCH], now=NOW).columns}


def test_what_the_user_says_of_an_environment_stands_behind_its_name() -> None:
    said = replace(RESEARCH, keep=KeepMark(), baseline=True)
    assert EnvironmentsModel([said], now=NOW).cells(0)[1].plain == "research ■≡"
    assert EnvironmentsModel([said], now=NOW, glyphs=ASCII).cells(0)[1].plain == "research KB"


def test_foreign_text_is_neither_markup_nor_an_escape_sequence() -> None:
    hostile = "[/bold]\x1b[31m\n\udcff"
    cells = row(
        loaded(
            hostile,
            [package("a")],
            [pip_package("b")],
            prefix="/\x1b",
            python=hostile,
            channels=((hostile, 1),),
            aliases=(f"/{hostile}",),
            findings=(finding(hostile, message=hostile),),
        )
    )
    assert cells["name"].startswith("[/bold]\\x1b[31m\\n\\xff")
    assert all(character.isprintable() for cell in cells.values() for character in cell)


def test_a_column_says_on_which_machine_each_is_if_any_is_on_another() -> None:
    here, there = RESEARCH, replace(RESEARCH, host="gpu07", prefix=f"gpu07:{RESEARCH.prefix}")
    model = EnvironmentsModel([here, there], now=NOW)
    ids = [each.id for each in model.columns]
    assert ids[:3] == ["mark", "host", "name"]
    assert [model.cells(row)[1].plain for row in range(2)] == ["–", "gpu07"]
    # One of its name on each machine needs no path to be told apart.
    assert [model.cells(row)[2].plain for row in range(2)] == ["research", "research"]
    assert "host" not in {each.id for each in EnvironmentsModel([here], now=NOW).columns}
