from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from pathlib import Path

import pytest

from condatui_core.errors import UsageError
from condatui_core.settings import Locations, Settings, expand_home
from condatui_core.settings_files.effective import read_settings, unknown_variables


def read(directory: Path, text: str | bytes | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read settings with this text in their file; without a text there is no file."""
    if text is not None:
        (directory / "settings.yaml").write_bytes(text.encode() if isinstance(text, str) else text)
    locations = Locations(home=directory, config=directory, cache=directory, state=directory)
    return read_settings(locations, environ or {})


def refused(directory: Path, text: str | bytes | None = None, environ: Mapping[str, str] | None = None) -> UsageError:
    with pytest.raises(UsageError) as raised:
        read(directory, text, environ)
    return raised.value


@pytest.mark.parametrize("text", [None, "", "# nothing yet\n"])
def test_no_file_and_an_empty_one_mean_the_defaults(tmp_path: Path, text: str | None) -> None:
    assert read(tmp_path, text) == Settings()


def test_the_file_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    text = "stale_days: 90\nconda: [/opt/conda/bin/conda]\nkeys: {sort: o}\nascii: no\n"
    environ = {"CONDATUI_STALE_DAYS": "30", "CONDATUI_ASCII": "true", "CONDATUI_USUAL_PLACES": "0"}
    assert read(tmp_path, text, environ) == Settings(
        stale_days=30, conda=("/opt/conda/bin/conda",), keys={"sort": "o"}, ascii=True, usual_places=False
    )


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("- a list\n", "name: value"),
        ("theme: mono\n? [&a [x], *a]\n: 1\n", "name: value"),
        ("theme: mono\0\n", "valid YAML"),
        ("a: [\n", "YAML"),
        ("[" * 20_000, "nested too deeply"),
        (b"\xff\xfe\x00", "cannot be read"),
        ("#" * (2 << 20), "larger than"),
    ],
)
def test_a_file_that_is_no_settings_file_is_named(tmp_path: Path, text: str | bytes, word: str) -> None:
    error = refused(tmp_path, text)
    assert word in str(error)
    assert str(tmp_path / "settings.yaml") in error.detail
    assert error.exit_code == 2


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("stale_day: 90", "There is no setting `stale_day`."),
        ("stale_days: soon", "The setting `stale_days` must be a whole number from 0 to 36500."),
        ("stale_days: 99999999999999999999", "The setting `stale_days` must be a whole number from 0 to 36500."),
        ("stale_days: -1", "The setting `stale_days` must be a whole number from 0 to 36500."),
        ("watch_seconds: .nan", "The setting `watch_seconds` must be a number from 0 to 86400."),
        ("conda_seconds: 0", "The setting `conda_seconds` must be a number above 0 and up to 86400."),
        ("conda_seconds: .inf", "The setting `conda_seconds` must be a number above 0 and up to 86400."),
        ("restore_days: -2", "The setting `restore_days` must be a whole number from -1 to 36500."),
        ("restore_point_bytes: -1", f"The setting `restore_point_bytes` must be a whole number from 0 to {1 << 60}."),
        ("keys: [a]", "The setting `keys` must be names with texts."),
        ("roots: /scratch", "The setting `roots` must be a list of texts."),
        ("theme: 2026-02-30", "A setting is not valid."),
        ("theme: !!bool perhaps", "A setting is not valid."),
        (r'roots: ["/a\0b"]', "The setting `roots` must name a path that can exist."),
        (f"conda: [/opt/{'x' * 300}]", "The setting `conda` must name a path that can exist."),
        (f"restore_directory: {'x/' * 3000}", "The setting `restore_directory` must name a path that can exist."),
        (r'restore_directory: "\ud800"', "The setting `restore_directory` must name a path that can exist."),
        (r'roots: ["/a", "/\ud800"]', "The setting `roots` must name a path that can exist."),
        ('conda: [""]', "The setting `conda` must name a path that can exist."),
        ('roots: [/data, ""]', "The setting `roots` must name a path that can exist."),
        ("ascii: false", "`ascii` is given twice."),
        ("keys: {a: x, b: y, a: z}", "`a` is given twice."),
        ("restore_directory: a-file/below", "The setting `restore_directory` must name a directory."),
        ("restore_directory: ~/a-file", "The setting `restore_directory` must name a directory."),
    ],
)
def test_a_value_out_of_its_range_is_refused_with_its_line(tmp_path: Path, line: str, title: str) -> None:
    (tmp_path / "a-file").touch()
    error = refused(tmp_path, f"# mine\nascii: true\n{line}\n")
    assert error.title == title
    assert f"{tmp_path / 'settings.yaml'}, line 3" in error.detail


@pytest.mark.parametrize(
    ("variable", "value"), [("STALE_DAYS", "soon"), ("RESTORE_BYTES", "-7"), ("RESTORE_DIRECTORY", "a" * 300)]
)
def test_a_bad_variable_is_reported_as_that_variable(tmp_path: Path, variable: str, value: str) -> None:
    error = refused(tmp_path, None, {f"CONDATUI_{variable}": value})
    assert f"In the variable CONDATUI_{variable}" in error.detail
    assert "settings.yaml" not in str(error)


@pytest.mark.parametrize(
    ("home", "title"),
    [
        ("~/a-file", "The variable CONDATUI_HOME must name a directory."),
        ("/dev/null/below", "The variable CONDATUI_HOME must name a directory."),
        ("/" + "x" * 300, "The variable CONDATUI_HOME must name a path that can exist."),
    ],
)
def test_a_bad_home_of_its_own_is_reported_as_that_variable(tmp_path: Path, home: str, title: str) -> None:
    (tmp_path / "a-file").touch()
    error = refused(tmp_path, None, {"CONDATUI_HOME": home})
    assert error.title == title
    assert "settings.yaml" not in str(error)


@pytest.mark.parametrize("limit", [0, -1])
def test_zero_and_minus_one_are_no_limit(tmp_path: Path, limit: int) -> None:
    settings = read(tmp_path, f"restore_bytes: {limit}\nrestore_days: {limit}\n")
    assert (settings.restore_bytes, settings.restore_days) == (limit, limit)


def test_a_restore_directory_that_is_not_there_yet_can_be_made(tmp_path: Path) -> None:
    assert read(tmp_path, "restore_directory: later/points\n").restore_directory == "later/points"


def test_a_pipe_and_an_endless_file_are_not_read(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    os.mkfifo(file)
    assert "not a regular file" in refused(tmp_path).detail
    file.unlink()
    file.symlink_to("/dev/zero")
    assert "not a regular file" in refused(tmp_path).detail


def test_one_variable_moves_every_path(tmp_path: Path) -> None:
    locations = Locations.of_user({"CONDATUI_HOME": str(tmp_path)}, Path("/home/u"))
    for path in (locations.settings_file, locations.prefix_cache, locations.conda_cache, locations.last_list):
        assert path.is_relative_to(tmp_path)
        assert not path.exists()


def test_a_setting_that_is_not_known_is_answered_with_the_nearest_or_with_all(tmp_path: Path) -> None:
    assert refused(tmp_path, "stale_day: 90\n").hint == "Did you mean `stale_days`?"
    far = refused(tmp_path, "flavour: red\n")
    assert all(each in far.hint for each in Settings.__struct_fields__)


def test_a_variable_that_is_nearly_one_of_ours_is_told_and_others_are_not() -> None:
    environ = {
        "CONDATUI_STALE_DAY": "1",
        "CONDATUI_STALE_DAYS": "1",
        "CONDATUI_HOME": "/x",
        "CONDATUI_TEST_TORCH": "/t",
    }
    (told,) = unknown_variables(environ)
    assert (told.title, told.hint) == (
        "The variable CONDATUI_STALE_DAY sets nothing.",
        "Did you mean `CONDATUI_STALE_DAYS`?",
    )


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
