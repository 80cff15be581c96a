"""Revisions in words."""

from __future__ import annotations

import pytest

from condatui.view_models.glyphs import ASCII, UNICODE
from condatui.view_models.revisions import move_text, moves_line, way_back_in_short, way_back_words
from condatui_core.records.revision import HistoryPackage, MoveKind, PackageSource, RevisionFacts, RevisionMove


def numpy(version: str = "1.26.4", build: str = "py311_0", channel: str = "conda-forge") -> HistoryPackage:
    return HistoryPackage("numpy", version, build, channel, "linux-64")


def moved(kind: MoveKind, before: HistoryPackage | None, after: HistoryPackage | None) -> RevisionMove:
    return RevisionMove(name="numpy", kind=kind, before=before, after=after)


@pytest.mark.parametrize(
    ("move", "words", "in_ascii"),
    [
        (moved("added", None, numpy()), "+ numpy 1.26.4", "+ numpy 1.26.4"),
        (moved("removed", numpy(), None), "− numpy 1.26.4", "- numpy 1.26.4"),
        (moved("up", numpy(), numpy("2.0")), "↑ numpy 1.26.4 → 2.0", "^ numpy 1.26.4 > 2.0"),
        (moved("down", numpy("2.0"), numpy()), "↓ numpy 2.0 → 1.26.4", "v numpy 2.0 > 1.26.4"),
        (
            moved("build", numpy(), numpy(build="py311_1")),
            "≠ numpy 1.26.4 py311_0 → py311_1",
            "! numpy 1.26.4 py311_0 > py311_1",
        ),
        (
            moved("build", numpy("1.0"), numpy("1.0.0")),
            "≠ numpy 1.0 py311_0 → 1.0.0 py311_0",
            "! numpy 1.0 py311_0 > 1.0.0 py311_0",
        ),
        (
            moved("channel", numpy(channel="defaults"), numpy()),
            "≠ numpy 1.26.4 defaults → conda-forge",
            "! numpy 1.26.4 defaults > conda-forge",
        ),
    ],
)
def test_each_change_has_a_sign(move: RevisionMove, words: str, in_ascii: str) -> None:
    assert move_text(move, UNICODE).plain == words
    assert move_text(move, ASCII).plain == in_ascii


def test_a_line_begins_with_what_was_asked_for_and_says_how_much_more_there_is() -> None:
    moves = [RevisionMove(name=name, kind="added", after=HistoryPackage(name, "1", "0")) for name in "abcde"]
    facts = RevisionFacts(number=0, moves=tuple(moves), requested=(("d", "d"),))
    assert moves_line(facts, UNICODE, 3).plain == "+ d 1  + a 1  + b 1  and 2 more"
    assert moves_line(RevisionFacts(number=1), UNICODE, 3).plain == "no package"


def test_foreign_text_is_made_safe() -> None:
    assert "\x1b" not in move_text(moved("added", None, numpy("\x1b[2J")), UNICODE).plain


def fetched(name: str, size: int = 0) -> PackageSource:
    return PackageSource(package=HistoryPackage(name, "1", "0"), place="channel", archive_bytes=size)


@pytest.mark.parametrize(
    ("facts", "short", "words"),
    [
        (RevisionFacts(number=0, present=True), "now", "This is what is there now."),
        (RevisionFacts(number=0), "✓", "Going back downloads nothing: every package is on this machine."),
        (
            RevisionFacts(number=0, to_download=(fetched("a", 5_000_000), fetched("b", 7_000_000))),
            "12 M",
            "Going back downloads 12 MB, 2 packages: a-1-0, b-1-0.",
        ),
        (
            RevisionFacts(number=0, to_download=(fetched("a", 5_000_000), fetched("b"))),
            "fetch",
            "Going back downloads 2 packages: a-1-0, b-1-0.",
        ),
        (
            RevisionFacts(number=0, to_download=(fetched("a"),), unknown=(HistoryPackage("x", "1", "0"),)),
            "✗",
            "No way back: nothing says where to get 1 package: x-1-0.",
        ),
    ],
)
def test_whether_there_is_a_way_back(facts: RevisionFacts, short: str, words: str) -> None:
    assert way_back_in_short(facts, UNICODE).plain == short
    assert way_back_words(facts) == words
