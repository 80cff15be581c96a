"""Single settings changed in a file that its author has written, and every other line as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from condatui_core.errors import UsageError
from condatui_core.settings_files.text_edits import with_setting

FILE = Path("/home/u/settings.yaml")
WRITTEN = """\
# mine
theme: nord  # calm
keys:
  # as in less
  quit: "Q"   # never by accident
  environments.sort: o

stale_days: 30
"""


def test_one_key_changes_and_every_comment_stays() -> None:
    keys = {"quit": "Q", "environments.sort": "i", "help": "f1"}
    assert with_setting(WRITTEN, "keys", keys, FILE) == WRITTEN.replace("sort: o", 'sort: "i"\n  help: "f1"')


def test_a_key_that_goes_takes_its_line_and_the_last_one_the_whole_setting() -> None:
    assert with_setting(WRITTEN, "keys", {"quit": "Q"}, FILE) == WRITTEN.replace("  environments.sort: o\n", "")
    without = with_setting(WRITTEN, "keys", None, FILE)
    assert without == "# mine\ntheme: nord  # calm\n\nstale_days: 30\n"


def test_only_what_changes_is_written_anew_with_the_ends_of_lines_that_the_file_has() -> None:
    text = "keys:\r\n  compare: x\r\n  quit: Q\r\n"
    edited = with_setting(text, "keys", {"compare": "x", "quit": "Z", "help": "f1"}, FILE)
    assert edited == text.replace("quit: Q\r\n", 'quit: "Z"\r\n  help: "f1"\r\n')


def test_a_value_is_replaced_where_it_stands() -> None:
    assert with_setting(WRITTEN, "theme", "mono", FILE) == WRITTEN.replace("nord", '"mono"')
    assert with_setting("keys: {quit: Q} # own\n", "keys", {"quit": "Z"}, FILE) == 'keys: {"quit": "Z"} # own\n'
    assert with_setting("keys:\nascii: true\n", "keys", {"quit": "Z"}, FILE) == 'keys: {"quit": "Z"}\nascii: true\n'


@pytest.mark.parametrize("text", ["", "# nothing yet", "ascii: true", "ascii: true\n"])
def test_a_setting_that_is_not_there_yet_comes_last(text: str) -> None:
    edited = with_setting(text, "keys", {"quit": 'Q,"'}, FILE)
    assert edited == f'{text}{"" if not text or text.endswith(chr(10)) else chr(10)}keys:\n  quit: "Q,\\""\n'


@pytest.mark.parametrize(
    "text",
    [
        "{theme: nord}",
        "keymap: &name vi\ntheme: *name\n",
        "keymap: |\n  vi\nascii: true\n",
        "keymap: >-\n  vi\n  # why\n",
        "ascii: true\n...\n",
    ],
)
def test_a_file_that_only_its_author_can_change_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        with_setting(text, "keymap", "k9s", FILE)
    assert raised.value.title == "The setting `keymap` cannot be changed in the settings file as that is written."


def test_comments_within_a_list_are_not_lost_with_it() -> None:
    with pytest.raises(UsageError):
        with_setting("columns:\n  - disk\n  # why\n  - frees\n", "columns", ["frees"], FILE)
    assert with_setting("columns:\n  - disk\n  - frees\n", "columns", ["frees"], FILE)
