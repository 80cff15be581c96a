"""The defaults that an administrator sets: who may write them, and that they stand in nobody's way."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from condatui_core.errors import UsageError
from condatui_core.settings import Locations, Settings
from condatui_core.settings_files import server
from condatui_core.settings_files.effective import read_settings, setting_sources
from condatui_core.settings_files.server import read_server_settings


class ServerMachine:
    """A machine with an administrator's file and a user with settings."""

    def __init__(self, directory: Path) -> None:
        directory.chmod(0o755)
        self.file = directory / "etc" / "config.yaml"
        self.file.parent.mkdir(mode=0o755)
        own = directory / "own"
        own.mkdir()
        self.locations = Locations(home=own, config=own, cache=own, state=own, server_settings=self.file)

    def administrator(self, text: str | bytes, mode: int = 0o644) -> None:
        self.file.write_bytes(text.encode() if isinstance(text, str) else text)
        self.file.chmod(mode)

    def user(self, text: str) -> None:
        self.locations.settings_file.write_text(text)

    def settings(self, **environ: str) -> Settings:
        return read_settings(self.locations, environ)

    @property
    def problems(self) -> tuple[UsageError, ...]:
        return read_server_settings(self.locations).problems


@pytest.fixture
def machine(tmp_path: Path) -> ServerMachine:
    return ServerMachine(tmp_path)


def test_without_a_file_nothing_is_said(machine: ServerMachine) -> None:
    assert (machine.settings(), machine.problems) == (Settings(), ())
    machine.file.parent.rmdir()
    machine.file.parent.touch()
    assert (machine.settings(), machine.problems) == (Settings(), ())


def test_the_users_own_wins_value_by_value(machine: ServerMachine) -> None:
    machine.administrator("stale_days: 30\nascii: true\nroots: [/shared]\nrestore_days: 7\n")
    machine.user("stale_days: 60\n")
    settings = machine.settings(CONDATUI_RESTORE_DAYS="9")
    assert settings == Settings(stale_days=60, ascii=True, roots=("/shared",), restore_days=9)
    sources = {each.name: (each.source, each.where) for each in setting_sources(settings, machine.locations, {})}
    assert sources["stale_days"] == ("file", f"{machine.locations.settings_file}, line 1")
    assert sources["ascii"] == ("server", f"{machine.file}, line 2")
    assert sources["theme"] == ("default", "")


def test_a_wrong_value_is_told_with_its_line_and_the_others_count(machine: ServerMachine) -> None:
    machine.administrator("stale_days: soon\nascii: true\nstale_day: 3\n")
    assert machine.settings() == Settings(ascii=True)
    first, second = machine.problems
    assert f"{machine.file}, line 1" in first.detail
    assert "must be a whole number from 0 to 36500" in first.detail
    assert "There is no setting `stale_day`" in second.detail
    assert "Did you mean `stale_days`?" in second.detail


@pytest.mark.parametrize("text", ["- a list\n", "a: [\n", b"\xff\xfe\x00", "ascii: true\nascii: false\n"])
def test_a_file_that_cannot_be_read_is_told_and_stops_nobody(machine: ServerMachine, text: str | bytes) -> None:
    machine.administrator(text)
    machine.user("stale_days: 60\n")
    assert machine.settings() == Settings(stale_days=60)
    (problem,) = machine.problems
    assert str(machine.file) in problem.detail


def _writable_file(machine: ServerMachine) -> None:
    machine.file.chmod(0o664)


def _writable_directory(machine: ServerMachine) -> None:
    machine.file.parent.chmod(0o777)


def _directory_of_a_link(machine: ServerMachine) -> None:
    elsewhere = machine.file.parent.parent / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    machine.file.rename(elsewhere / "config.yaml")
    machine.file.symlink_to(elsewhere / "config.yaml")
    elsewhere.chmod(0o777)


def _directory_of_a_link_to_a_link(machine: ServerMachine) -> None:
    place = machine.file.parent.parent / "writable"
    place.mkdir()
    machine.file.rename(machine.file.with_name("real.yaml"))
    (place / "link").symlink_to("../etc/real.yaml")
    machine.file.symlink_to(place / "link")
    place.chmod(0o777)


def _directory_of_a_link_to_a_directory(machine: ServerMachine) -> None:
    place = machine.file.parent.parent / "writable"
    place.mkdir()
    machine.file.parent.rename(machine.file.parent.with_name("real"))
    (place / "link").symlink_to(place.parent / "real")
    machine.file.parent.symlink_to("writable/../writable/./link")
    place.chmod(0o777)


@pytest.mark.parametrize(
    "foreign",
    [
        _writable_file,
        _writable_directory,
        _directory_of_a_link,
        _directory_of_a_link_to_a_link,
        _directory_of_a_link_to_a_directory,
    ],
)
def test_what_others_could_have_written_does_not_count(
    machine: ServerMachine, foreign: Callable[[ServerMachine], None]
) -> None:
    machine.administrator("conda: [/tmp/evil]\n")
    assert machine.settings().conda == ("/tmp/evil",)
    foreign(machine)
    assert machine.settings() == Settings()
    (problem,) = machine.problems
    assert "can be changed by others" in problem.detail


def test_links_of_the_administrator_are_followed(machine: ServerMachine) -> None:
    machine.administrator("ascii: true\n")
    machine.file.rename(machine.file.with_name("real.yaml"))
    place = machine.file.parent.parent
    (place / "one").symlink_to("etc/.//../two")
    (place / "two").symlink_to(place / "etc/real.yaml")
    machine.file.symlink_to("../one")
    assert (machine.settings(), machine.problems) == (Settings(ascii=True), ())
    (place / "etc/real.yaml").unlink()
    assert (machine.settings(), machine.problems) == (Settings(), ())
    (place / "etc/real.yaml").symlink_to(machine.file)
    assert machine.settings() == Settings()
    assert "symbolic links" in machine.problems[0].detail


def test_a_link_of_another_user_does_not_count(machine: ServerMachine) -> None:
    machine.administrator("conda: [/tmp/evil]\n")
    machine.file.rename(machine.file.with_name("real.yaml"))
    machine.file.symlink_to("real.yaml")
    try:
        os.lchown(machine.file, 12345, -1)
    except PermissionError:
        pytest.skip("only root gives links away")
    assert machine.settings() == Settings()
    assert f"The link {machine.file} belongs to user 12345" in machine.problems[0].detail


def test_the_file_of_another_user_does_not_count(machine: ServerMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.administrator("conda: [/tmp/evil]\n")
    monkeypatch.setattr(server, "_ROOT", -1)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert machine.settings() == Settings()
    assert f"belongs to user {os.stat(machine.file).st_uid}, not to root" in machine.problems[0].detail


def test_a_pipe_makes_nobody_wait(machine: ServerMachine) -> None:
    os.mkfifo(machine.file, 0o644)
    assert machine.settings() == Settings()
    assert "not a regular file" in machine.problems[0].detail


def test_a_variable_moves_it_and_otherwise_it_lies_where_administrators_look() -> None:
    moved = Locations.of_user({"CONDATUI_HOME": "/own", "CONDATUI_SERVER_SETTINGS": "/srv/x.yaml"}, Path("/home/u"))
    assert moved.server_settings == Path("/srv/x.yaml")
