from __future__ import annotations

from condatui.view_models.details.health import findings_text, health_text
from condatui_core.records.finding import Problem
from condatui_core.records.prefix import PrefixContents
from support.inventories import NOW, days_ago, environment, finding, loaded, research
from support.other_machines import on
from support.words import words


def test_a_finding_comes_with_its_evidence_and_its_remedy() -> None:
    assert health_text(research(), NOW, words=words).plain.splitlines() == [
        "! pip replaced numpy 1.26.4 by 2.0.1  pip-over-conda",
        "  x",
        "  → conda install numpy",
        "",
        "last used  3 d ago: bin/python3.11 was read",
        "",
        "! 1 file could not be read; everything else is shown.",
        "  /opt/miniforge3/envs/research/conda-meta/x.json  not valid JSON",
    ]


def test_nothing_to_find_fault_with_is_said() -> None:
    assert health_text(loaded("x"), NOW, words=words).plain == "✓ All good: nothing worth a finding."


def test_what_is_not_read_yet_is_not_said_to_be_good() -> None:
    assert health_text(environment("x"), NOW, words=words).plain == "… Not read yet."
    assert health_text(environment("x", state="missing"), NOW, words=words).plain == "✗ missing"
    elsewhere = health_text(on("gpu07", environment("x")), NOW, words=words).plain
    assert elsewhere == "The snapshot of gpu07 does not tell its packages."


def test_weak_evidence_is_called_weak() -> None:
    assert "weak" in health_text(loaded("x", last_used=days_ago(0, reliable=False)), NOW, words=words).plain
    assert "weak" not in health_text(loaded("x", last_used=days_ago(0)), NOW, words=words).plain


def test_many_unreadable_files_are_counted_not_listed() -> None:
    problems = tuple(Problem(path=f"/x/{number}.json", reason="empty") for number in range(30))
    lines = health_text(
        environment("x", contents=PrefixContents(problems=problems)), NOW, words=words
    ).plain.splitlines()
    assert lines[2] == "! 30 files could not be read; everything else is shown."
    assert lines[-1] == "  and 10 more"


def test_a_finding_cannot_break_out_of_its_line() -> None:
    text = findings_text(
        [finding(message="a\nb\x1b[31m[/red]", remedy="c\nd", evidence=("e\nf",))], words=words, with_ids=True
    )
    assert text.plain.splitlines() == ["! a\\nb\\x1b[31m[/red]  pip-over-conda", "  e\\nf", "  → c\\nd"]
