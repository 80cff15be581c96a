"""What the README says is what is so."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from condatui.cli.main import GROUPS, condatui

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_picture_is_there_and_every_one_drawn_is_shown() -> None:
    shown = set(re.findall(r"\((screenshots/[^)]+\.png)\)", README))
    drawn = {str(path.relative_to(ROOT)) for path in (ROOT / "screenshots").glob("*.png")}
    assert shown == drawn
    assert all(Path(ROOT, each).with_suffix(".svg").is_file() for each in shown)


def test_every_command_is_in_the_table_in_its_group() -> None:
    rows = re.findall(r"^\| (?:`condatui (\w+).*|\*\*(.+)\*\* \| )\|$", README, re.MULTILINE)
    groups: dict[str, list[str]] = {}
    for command, title in rows:
        if title:
            groups[title] = []
        else:
            list(groups.values())[-1].append(command)
    assert list(groups.items()) == [(title, list(names)) for title, names in GROUPS.items()]


def test_the_help_of_condatui_has_the_same_groups() -> None:
    printed = CliRunner().invoke(condatui, ["--help"], obj=None).output
    sections = re.findall(r"^(\S.*):\n((?:  .*\n?)+)", printed, re.MULTILINE)
    listed = {title: re.findall(r"^  (\w+) ", words, re.MULTILINE) for title, words in sections}
    assert [(title, tuple(listed[title])) for title in listed if title != "Options"] == list(GROUPS.items())
