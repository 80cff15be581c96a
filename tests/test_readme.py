"""What the README says is what is so."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from condatui_core.settings import Settings
from support.key_list import README, with_key_list

ROOT = README.parent


def test_the_key_list_is_that_of_the_registry() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == with_key_list(text), "stale: run `make keys`"
    assert "`environments.filter`" in text


def test_every_picture_is_there_and_every_one_drawn_is_shown() -> None:
    shown = set(re.findall(r"\((screenshots/[^)]+\.png)\)", README.read_text(encoding="utf-8")))
    drawn = {str(path.relative_to(ROOT)) for path in (ROOT / "screenshots").glob("*.png")}
    assert shown == drawn
    assert all(Path(ROOT, each).with_suffix(".svg").is_file() for each in shown)


def test_every_setting_is_listed() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", README.read_text(encoding="utf-8").partition("## Settings")[2], re.MULTILINE)
    assert listed == [field.name for field in msgspec.structs.fields(Settings)]
