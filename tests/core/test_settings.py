from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from condatui_core.errors import UsageError
from condatui_core.settings import Locations, Settings, expand_home, read_settings


def test_no_file_means_the_defaults(tmp_path: Path) -> None:
    assert read_settings(tmp_path / "settings.yaml", {}) == Settings()


def test_an_empty_file_means_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("# nothing yet\n")
    assert read_settings(file, {}) == Settings()


def test_the_file_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("stale_days: 90\nconda: [/opt/conda/bin/conda]\nkeys: {sort: o}\nascii: false\n")
    settings = read_settings(
        file, {"CONDATUI_STALE_DAYS": "30", "CONDATUI_ASCII": "true", "CONDATUI_USUAL_PLACES": "0"}
    )
    assert settings == Settings(
        stale_days=30, conda=("/opt/conda/bin/conda",), keys={"sort": "o"}, ascii=True, usual_places=False
    )


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("stale_day: 90\n", "stale_day"),
        ("stale_days: soon\n", "stale_days"),
        ("keys: [a]\n", "keys"),
        ("- a list\n", "name: value"),
        ("a: [\n", "YAML"),
    ],
)
def test_what_is_wrong_is_named_with_the_file(tmp_path: Path, text: str, word: str) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    with pytest.raises(UsageError) as raised:
        read_settings(file, {})
    assert word in str(raised.value)
    assert str(file) in str(raised.value)
    assert raised.value.exit_code == 2


def test_bytes_that_are_no_text_are_a_clear_error(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="cannot be read"):
        read_settings(file, {})


def test_one_variable_moves_every_path(tmp_path: Path) -> None:
    locations = Locations.of_user({"CONDATUI_HOME": str(tmp_path)}, Path("/home/u"))
    for path in (locations.settings_file, locations.prefix_cache, locations.conda_cache, locations.last_list):
        assert path.is_relative_to(tmp_path)
        assert not path.exists()


def test_a_setting_that_is_not_known_is_answered_with_those_that_are(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("stale_day: 90\n")
    with pytest.raises(UsageError) as raised:
        read_settings(file, {})
    assert all(each in raised.value.hint for each in Settings.__struct_fields__)


ME = pwd.getpwuid(os.geteuid())


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("~", "/given"),
        ("~/x", "/given/x"),
        ("~/", "/given/"),
        (f"~{ME.pw_name}", ME.pw_dir),
        (f"~{ME.pw_name}/x", f"{ME.pw_dir.rstrip('/')}/x"),
        ("~no-such-user/x", "~no-such-user/x"),
        ("~\udcff\0", "~\udcff\0"),
        ("a/~/x", "a/~/x"),
        ("/x", "/x"),
        ("", ""),
    ],
)
def test_home_is_the_given_one(typed: str, meant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/another")
    assert expand_home(typed, Path("/given")) == meant


def test_a_home_at_the_root_makes_no_second_slash() -> None:
    assert (expand_home("~/x", Path("/")), expand_home("~", Path("/"))) == ("/x", "/")


def test_where_condatui_keeps_its_files_may_begin_at_home() -> None:
    assert Locations.of_user({"CONDATUI_HOME": "~/own"}, Path("/given")).state == Path("/given/own/state")
