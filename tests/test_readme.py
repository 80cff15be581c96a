"""What the README says is what is so."""

from __future__ import annotations

import re
from pathlib import Path

from condatui.cli.main import COMMANDS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_picture_is_there_and_every_one_drawn_is_shown() -> None:
    shown = set(re.findall(r"\((screenshots/[^)]+\.png)\)", README))
    drawn = {str(path.relative_to(ROOT)) for path in (ROOT / "screenshots").glob("*.png")}
    assert shown == drawn
    assert all(Path(ROOT, each).with_suffix(".svg").is_file() for each in shown)


def test_every_command_is_in_the_table() -> None:
    assert re.findall(r"^\| `condatui (\w+)", README, re.MULTILINE) == list(COMMANDS)
