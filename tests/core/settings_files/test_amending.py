"""One setting is written into the settings file, and everything else in it stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from condatui_core.errors import UsageError
from condatui_core.settings import Locations
from condatui_core.settings_files.amending import with_setting
from condatui_core.settings_files.editing import write_setting, write_template
from condatui_core.settings_files.effective import read_settings
from condatui_core.settings_files.parsing import parse_settings

FILE = Path("/c/settings.yaml")


def amended(text: str) -> str:
    return with_setting(text, "columns", ["disk", "used"], FILE)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("", 'columns: ["disk","used"]\n'),
        ("theme: x", 'theme: x\ncolumns: ["disk","used"]\n'),
        ("columns: [a]  # mine\ntheme: x\n", 'columns: ["disk","used"]  # mine\ntheme: x\n'),
        (
            "a: 1\ncolumns:\n  - x\n  - y # why\n\n# below\nb: 2\n",
            'a: 1\ncolumns: ["disk","used"] # why\n\n# below\nb: 2\n',
        ),
        ("columns:\nb: 2\n", 'columns: ["disk","used"]\nb: 2\n'),
        ("# first\n#columns: []\n\nb: 2\n", '# first\n#columns: []\ncolumns: ["disk","used"]\n\nb: 2\n'),
        ("  a: 1\n  b: 2\n", '  a: 1\n  b: 2\n  columns: ["disk","used"]\n'),
    ],
)
def test_only_this_setting_changes(text: str, after: str) -> None:
    assert amended(text) == after
    assert amended(after) == after


@pytest.mark.parametrize("text", ["{a: 1}", "a: 1\n...\n", "columns: &c [x]\nb: *c\n", "--- {a: 1}\n"])
def test_a_text_that_cannot_be_changed_without_harm_is_left_to_a_person(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        amended(text)
    assert 'columns: ["disk","used"]' in refused.value.hint


_VALUES = st.sampled_from(
    ["1", "x", "[a, b]", "{k: v}", '"quoted # text"', "", "|\n  a\n  b", "\n  - a # why\n  - b", "\n  k: v"]
)


@given(st.dictionaries(st.sampled_from(["a", "b", "columns", "keys"]), _VALUES, max_size=4), st.booleans())
def test_whatever_else_is_there_is_the_same_afterwards(settings: dict[str, str], comments: bool) -> None:
    text = "".join(f"{'# about' if comments else ''}\n{name}: {value}\n" for name, value in settings.items())
    before, after = parse_settings(text, FILE), parse_settings(amended(text), FILE)
    assert after.pop("columns").value == ["disk", "used"]
    before.pop("columns", None)
    assert {name: each.value for name, each in after.items()} == {name: each.value for name, each in before.items()}


def test_the_file_is_made_and_then_changed(tmp_path: Path) -> None:
    own = tmp_path / "own"
    locations = Locations(home=tmp_path, config=own, cache=own, state=own)
    write_template(locations)
    for columns in (["disk"], ["used", "findings"]):
        assert write_setting(locations, "columns", columns) == locations.settings_file
        assert [*read_settings(locations, {}).columns] == columns
    assert locations.settings_file.read_text().count("\n#") > 20


def test_a_broken_file_stays_as_it_is(tmp_path: Path) -> None:
    locations = Locations(home=tmp_path, config=tmp_path, cache=tmp_path, state=tmp_path)
    locations.settings_file.write_text("a: [\n")
    with pytest.raises(UsageError, match="not valid YAML"):
        write_setting(locations, "columns", ["disk"])
    locations.settings_file.write_text("stale_days: many\n")
    with pytest.raises(UsageError, match="stale_days"):
        write_setting(locations, "columns", ["disk"])
    assert locations.settings_file.read_text() == "stale_days: many\n"
