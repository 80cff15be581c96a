"""Settings that the workbench writes for the user."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from condatui_core.errors import UsageError
from condatui_core.settings import Locations, Settings
from condatui_core.settings_files.editing import change_settings
from condatui_core.settings_files.effective import read_settings
from condatui_core.settings_files.parsing import LARGEST


def locations_in(directory: Path, text: str | None = None) -> Locations:
    locations = Locations.of_user(
        {"CONDATUI_HOME": str(directory), "CONDATUI_SERVER_SETTINGS": "server.yaml"}, directory
    )
    if text is not None:
        locations.config.mkdir()
        locations.settings_file.write_text(text)
    return locations


def test_what_is_written_is_read_again_and_a_default_leaves_the_file(tmp_path: Path) -> None:
    locations = locations_in(tmp_path)
    changed = change_settings(locations, lambda settings: replace(settings, keymap="vi", keys={"quit": "Q"}))
    assert read_settings(locations, {}) == changed == Settings(keymap="vi", keys={"quit": "Q"})
    assert "#stale_days: 180" in locations.settings_file.read_text()  # a new file begins as with `config --init`
    change_settings(locations, lambda settings: replace(settings, keymap="condatui", keys={}))
    assert read_settings(locations, {}) == Settings()
    assert not locations.private.exists() or not [*locations.private.iterdir()]


@pytest.mark.parametrize("text", [None, "columns: [disk, used]\n", "# mine\ncolumns:\n  - disk\n"])
def test_a_list_is_written_whatever_was_there(tmp_path: Path, text: str | None) -> None:
    locations = locations_in(tmp_path, text)
    for columns in (("used", "disk", "findings"), ("name",)):
        change_settings(locations, partial(replace, columns=columns))
        assert read_settings(locations, {}).columns == columns


def test_keys_of_the_machine_are_kept_with_those_of_the_user_and_can_be_reset(tmp_path: Path) -> None:
    locations = locations_in(tmp_path)
    (tmp_path / "server.yaml").write_text("keys: {help: f1}\n")
    change_settings(locations, lambda settings: replace(settings, keys={**settings.keys, "quit": "Q"}))
    assert read_settings(locations, {}).keys == {"help": "f1", "quit": "Q"}
    change_settings(locations, lambda settings: replace(settings, keys={}))
    assert read_settings(locations, {}).keys == {}


@pytest.mark.parametrize("text", ["stale_days: soon\n", "stale: 3\n", "theme: [\n", "{ascii: true}\n"])
def test_a_file_that_cannot_be_changed_stays_as_it_is(tmp_path: Path, text: str) -> None:
    locations = locations_in(tmp_path, text)
    with pytest.raises(UsageError):
        change_settings(locations, lambda settings: replace(settings, keymap="vi"))
    assert locations.settings_file.read_text() == text
    assert not [*locations.private.iterdir()]


def test_a_file_that_changes_meanwhile_stays_as_it_is(tmp_path: Path) -> None:
    locations = locations_in(tmp_path, "ascii: true\n")

    def slowly(settings: Settings) -> Settings:
        locations.settings_file.write_text("ascii: false\n")
        return replace(settings, keymap="vi")

    with pytest.raises(UsageError, match="changed by something else"):
        change_settings(locations, slowly)
    assert locations.settings_file.read_text() == "ascii: false\n"


def test_a_file_that_would_become_too_long_is_named_and_stays(tmp_path: Path) -> None:
    text = f"# {'x' * (LARGEST - 5)}\n"
    locations = locations_in(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        change_settings(locations, lambda settings: replace(settings, keymap="vi"))
    assert caught.value.detail.startswith(f"{locations.settings_file}: ")
    assert locations.settings_file.read_text() == text


def test_a_byte_order_mark_stays_at_the_beginning(tmp_path: Path) -> None:
    locations = locations_in(tmp_path, "\ufeffascii: true\n")
    change_settings(locations, lambda settings: replace(settings, keymap="vi"))
    assert locations.settings_file.read_text() == '\ufeffascii: true\nkeymap: "vi"\n'
    assert read_settings(locations, {}) == Settings(ascii=True, keymap="vi")
