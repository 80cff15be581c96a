from __future__ import annotations

from condatui.view_models.glyphs import ASCII, UNICODE
from condatui.view_models.plan import plan_commands, plan_sums, plan_text, preview_text
from condatui_core.environment_files.export import ExportText
from condatui_core.records.job import PackageMove, Plan, Step
from condatui_core.records.request import RemoveRequest
from support.inventories import finding
from support.words import words

REQUEST = RemoveRequest(prefixes=("/envs/a",))


def plan(**fields: object) -> Plan:
    return Plan(request=REQUEST, title="Remove a", **fields)  # type: ignore[arg-type]


def test_why_each_was_chosen_stands_before_the_facts() -> None:
    text = plan_text(plan(facts=(("net", "2 MB"),)), words=words, about=(("nlp-exp", "unused"), ("a", "a trial")))
    assert text.plain.split("\n") == ["nlp-exp  unused", "a        a trial", "net  2 MB"]


def test_what_decides_comes_first() -> None:
    text = plan_text(
        plan(
            blockers=(finding("in-use", "error", "pid 4711 runs from it", remedy="End it."),),
            warnings=(finding("editable", "warning", "one is editable"),),
            bytes_freed=96_000_000,
            bytes_needed=1200,
            packages=212,
            facts=(("kept in", "/state/restore"),),
            steps=(Step(title="Remove a", argv=("conda", "remove", "-p", "/envs/a b")), Step(title="Look")),
        ),
        words=words,
    ).plain
    parts = (
        "This cannot be done:",
        "pid 4711 runs from it",
        "End it.",
        "212 packages · needs 1.2 KB on the disk · frees 96 MB",
        "one is editable",
        "kept in  /state/restore",
        " 1 Remove a",
        "$ conda remove -p '/envs/a b'",
        " 2 Look",
    )
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert "in-use" not in text, "an id is no word for people"


def test_foreign_words_are_neither_markup_nor_escapes() -> None:
    text = plan_text(
        plan(steps=(Step(title="[/x]\x1b[31m", argv=("\x1b",)),), facts=(("[b]", "a\nb\x07"),)), words=words
    )
    assert r"[/x]\x1b[31m" in text.plain
    assert "\x1b" not in text.plain
    assert text.plain.splitlines()[:2] == ["[b]  a", r"     b\x07"]


def test_much_evidence_leaves_room_for_the_rest() -> None:
    lines = tuple(f"file {number}" for number in range(300))
    text = plan_text(
        plan(warnings=(finding("missing-files", "warning", "300 are gone", evidence=lines),)), words=words
    ).plain
    assert "file 2" in text
    assert "file 3" not in text
    assert "and 297 more" in text


def test_why_a_plan_cannot_be_done_is_told_as_a_whole() -> None:
    lines = tuple(f"conda says {number}" for number in range(9))
    text = plan_text(
        plan(blockers=(finding("not-solved", "error", "conda cannot add it", evidence=lines),)), words=words
    ).plain
    assert all(line in text for line in lines)
    assert "more" not in text


def test_what_is_not_known_is_not_summed_up() -> None:
    assert plan_sums(plan()) == ""
    assert plan_sums(plan(packages=1, bytes_freed=0, bytes_needed=0), glyphs=ASCII) == "1 package | frees 0 B"


def test_the_commands_are_those_a_shell_takes() -> None:
    steps = (
        Step(title="a", argv=("conda", "x", "$(touch y)")),
        Step(title="b"),
        Step(title="c", argv=("rm", "--", "-p")),
    )
    assert plan_commands(plan(steps=steps)) == "conda x '$(touch y)'\nrm -- -p"


def test_a_preview_says_first_what_the_export_cannot_say() -> None:
    text = preview_text(ExportText(text="name: a\ndependencies: []\n", notes=("One is editable",)), UNICODE)
    assert text.plain.splitlines() == ["! One is editable", "name: a", "dependencies: []"]
    many = preview_text(ExportText(text="name: a\n", notes=("One", "Two")), UNICODE)
    assert many.plain.splitlines() == ["! 2 things it cannot carry: the plan says which", "name: a"]


def test_what_moves_is_a_line_for_each_kind_of_change() -> None:
    moves = (
        PackageMove(name="numpy", change="up", before="1.26.4", after="2.1.3", requested=True),
        PackageMove(name="mkl", change="gone", before="2024.2"),
        PackageMove(name="libblas", change="build", before="3.9", after="3.9"),
        *(PackageMove(name=f"new{number}", change="new", after="1") for number in range(3)),
    )
    text = plan_text(plan(moves=moves, bytes_freed=-2_000_000), words=words).plain.splitlines()
    assert "not there any more: mkl 2024.2" in text
    assert "newer: numpy* 1.26.4 to 2.1.3" in text
    assert "other build: libblas 3.9" in text
    assert f"new: {', '.join(f'new{number} 1' for number in range(3))}" in text
    assert any("takes 2.0 MB more than it frees" in line for line in text)


def test_what_pip_installs_is_said_not_to_be_measured() -> None:
    assert plan_sums(plan(needs_at_least=True)) == "what pip installs is not measured"
    needs = plan_sums(plan(bytes_needed=866_000, needs_at_least=True))
    assert needs == "needs at least 866 KB on the disk · what pip installs is not measured"


def test_what_a_merge_frees_is_said_as_the_bound_that_it_is() -> None:
    assert plan_sums(plan(bytes_freed=96_000, frees_at_least=True)) == "frees at least 96 KB"
    assert plan_sums(plan(bytes_freed=-2_000, frees_at_least=True)) == "takes at most 2.0 KB more than it frees"


def test_the_star_of_what_was_requested_is_explained_where_it_stands() -> None:
    moves = (PackageMove(name="numpy", change="up", before="1", after="2", requested=True),)
    assert plan_text(plan(moves=moves), words=words).plain.split("\n") == [
        "newer: numpy* 1 to 2",
        "* asked for by the user",
    ]
    plain = (PackageMove(name="numpy", change="up", before="1", after="2"),)
    assert plan_text(plan(moves=plain), words=words).plain == "newer: numpy 1 to 2"
