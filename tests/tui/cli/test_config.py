"""`condatui config`: what holds and where it comes from, a first file, and an edit that is checked before it counts."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from condatui.cli.invocation import Invocation
from condatui.cli.main import condatui
from condatui_core.settings import Settings
from condatui_core.settings_files.effective import read_settings
from condatui_core.settings_files.template import settings_template

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
EDITOR = """\
import sys, pathlib
texts = pathlib.Path(sys.argv[1])
first, *more = texts.read_text().split("====\\n")
texts.write_text("====\\n".join(more))
pathlib.Path(sys.argv[2]).write_text(first)
"""
"""An editor: writes the next of some texts into the file, whatever was in it."""


class User:
    """A user with a home, and an editor that writes what the user means to write."""

    def __init__(self, home: Path) -> None:
        home.chmod(0o755)
        self.home = home
        (home / "editor.py").write_text(EDITOR)
        self.invocation = Invocation(
            environ={"CONDATUI_HOME": str(home), "CONDATUI_USUAL_PLACES": "0"},
            home=home,
            cwd=str(home),
            clock=lambda: NOW,
            terminal=False,
        )
        self.file = self.invocation.locations.settings_file

    def setting(self, **environ: str) -> None:
        self.invocation = replace(self.invocation, environ={**self.invocation.environ, **environ})

    def means_to_write(self, *texts: str) -> None:
        (self.home / "texts").write_text("====\n".join(texts))
        self.setting(EDITOR=f"{sys.executable} {self.home}/editor.py {self.home}/texts")

    def has(self, text: str) -> None:
        self.file.parent.mkdir(exist_ok=True)
        self.file.write_text(text)

    def run(self, *arguments: str, answer: str = "", terminal: bool = False) -> Result:
        invocation = replace(self.invocation, terminal=terminal)
        return CliRunner().invoke(condatui, ["config", *arguments], obj=invocation, input=answer)

    @property
    def left(self) -> set[str]:
        """The files of condatui's own beside its log."""
        files = (each for each in self.home.rglob("*") if each.is_file())
        return {each.name for each in files} - {"editor.py", "texts"}


@pytest.fixture
def user(tmp_path: Path) -> User:
    return User(tmp_path)


def test_each_setting_has_a_line_with_its_value_its_place_and_its_default(user: User) -> None:
    user.has("# mine\nstale_days: 90\n")
    user.setting(CONDATUI_ASCII="true")
    result = user.run()
    printed = result.stdout.splitlines()
    assert result.exit_code == 0
    assert printed[0] == f"Your settings: {user.file}"
    rows = {line.split()[0]: line.split()[1:] for line in printed[4:]}
    assert rows.keys() == set(Settings.__struct_fields__)
    assert rows["stale_days"] == ["90", f"{user.file},", "line", "2", "180"]
    assert rows["ascii"] == ["true", "CONDATUI_ASCII", "false"]
    assert rows["read_only"] == ["false", "default", "false"]


def test_a_missing_file_is_said_with_what_writes_one(user: User) -> None:
    assert "(not there; `condatui config --init` writes one)" in user.run().stdout


def test_the_document_says_the_same_of_what_was_asked_for(user: User) -> None:
    document = json.loads(user.run("conda_seconds", "--json", "--conda", sys.executable).stdout)
    (setting,) = document["settings"]
    assert setting == {
        "name": "conda_seconds",
        "value": 60.0,
        "source": "default",
        "where": "",
        "default": 60.0,
        "expected": "a number above 0 and up to 86400",
        "variable": "CONDATUI_CONDA_SECONDS",
        "meaning": "Seconds that conda may take to answer.",
    }
    assert (document["file"], document["file_exists"]) == (str(user.file), False)


def test_a_setting_that_there_is_not_is_wrong_usage_with_the_one_that_is_meant(user: User) -> None:
    result = user.run("stale")
    assert result.exit_code == 2
    assert user.run("stale_dayz").stderr.splitlines() == [
        "condatui: There is no setting `stale_dayz`.",
        "  Did you mean `stale_days`?",
    ]


def test_what_an_administrator_has_set_wrongly_is_told_by_every_command(user: User) -> None:
    file = user.home / "machine.yaml"
    file.write_text("stale_days: soon\nascii: true\n")
    file.chmod(0o644)
    user.setting(CONDATUI_SERVER_SETTINGS=str(file), CONDATUI_STALE_DAY="3")
    result = user.run("--json")
    first, second = json.loads(result.stdout)["problems"]
    assert "that an administrator has set" in first and f"{file}, line 1" in first
    assert second == "The variable CONDATUI_STALE_DAY sets nothing. Did you mean `CONDATUI_STALE_DAYS`?"
    assert f"{file}, line 1" in result.stderr
    listed = CliRunner().invoke(condatui, ["list"], obj=user.invocation)
    assert (listed.exit_code, f"{file}, line 1" in listed.stderr) == (0, True)


def test_init_writes_all_settings_and_changes_none(user: User) -> None:
    assert user.run("--init").exit_code == 0
    text = user.file.read_text()
    assert all(f"\n#{each}: " in text for each in Settings.__struct_fields__)
    assert read_settings(user.invocation.locations, {}) == Settings()
    bare = "\n".join(line.removeprefix("#") if ": " in line and line[1] != " " else line for line in text.splitlines())
    user.file.write_text(bare)
    opened = read_settings(user.invocation.locations, {})
    assert replace(opened, conda=(), roots=(), unmeasured=(), columns=(), keys={}) == Settings()


def test_init_replaces_nothing(user: User) -> None:
    user.has("ascii: true\n")
    result = user.run("--init")
    assert (result.exit_code, user.file.read_text()) == (3, "ascii: true\n")
    user.file.unlink()
    user.file.symlink_to("gone")
    assert (user.run("--init").exit_code, user.file.is_symlink()) == (3, True)


def test_an_edit_that_is_right_takes_the_place_of_the_file(user: User) -> None:
    user.has("ascii: true\n")
    user.file.chmod(0o640)
    user.means_to_write("ascii: true\nstale_days: 9\n")
    result = user.run("--edit")
    assert (result.exit_code, result.stderr) == (0, f"{user.file} is changed.\n")
    assert (user.file.read_text(), user.file.stat().st_mode & 0o777) == ("ascii: true\nstale_days: 9\n", 0o640)
    assert user.left == {"settings.yaml"}


def test_a_first_edit_begins_with_the_commented_file(user: User) -> None:
    user.setting(EDITOR="true")
    assert "Nothing was changed" in user.run("--edit").stderr
    assert not user.file.exists()
    user.setting(VISUAL="sed -i s/#stale_days/stale_days/")
    assert user.run("--edit").exit_code == 0
    assert user.file.read_text() == settings_template().replace("#stale_days", "stale_days")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("\nstale_days: soon\n", "line 2"),
        ("theme: mauve\n", "There is no theme `mauve`"),
        ("columns: [disk, chanels]\n", "There is no column `chanels`"),
        ("keys: {environments.sort: nokey}\n", "There is no key `nokey`"),
        ("keys: {sort: o}\n", "There is no action `sort`"),
        ("[", "not valid YAML"),
    ],
)
def test_an_edit_that_is_wrong_replaces_nothing_and_is_kept(user: User, text: str, word: str) -> None:
    user.has("ascii: true\n")
    user.means_to_write(text)
    result = user.run("--edit")
    rejected = user.file.with_name("settings.yaml.rejected")
    assert (result.exit_code, user.file.read_text()) == (2, "ascii: true\n")
    assert word in result.stderr and str(rejected) in result.stderr
    assert rejected.read_text() == text
    assert user.left == {"settings.yaml", "settings.yaml.rejected"}


def test_a_wrong_edit_can_be_gone_on_with(user: User) -> None:
    user.means_to_write("stale_days: soon\n", "stale_days: 3\n")
    result = user.run("--edit", answer="y\n", terminal=True)
    assert (result.exit_code, user.file.read_text()) == (0, "stale_days: 3\n")
    assert "must be a whole number" in result.stderr


def test_a_broken_file_can_be_mended(user: User) -> None:
    user.has("stale_days: soon\n")
    assert user.run().exit_code == 2
    user.means_to_write("stale_days: 3\n")
    assert (user.run("--edit").exit_code, user.file.read_text()) == (0, "stale_days: 3\n")


def test_what_another_program_has_written_meanwhile_stays(user: User) -> None:
    user.has("ascii: true\n")
    user.setting(EDITOR=f"sh -c 'echo debug: true > {user.file}; echo stale_days: 3 > $0'")
    result = user.run("--edit")
    assert (result.exit_code, user.file.read_text()) == (2, "debug: true\n")
    assert "changed by something else" in result.stderr


@pytest.mark.parametrize("editor", ["false", "/no/such/editor", "sh 'x"])
def test_an_editor_that_fails_changes_nothing(user: User, editor: str) -> None:
    user.has("ascii: true\n")
    user.setting(EDITOR=editor)
    result = user.run("--edit")
    assert (result.exit_code, user.file.read_text()) == (1, "ascii: true\n")
    assert "The editor has failed" in result.stderr
    assert user.left == {"settings.yaml"}


@pytest.mark.parametrize("editor", ["rm -f", "sh -c 'rm $0; mkfifo $0'", "sh -c 'rm $0; mkdir $0'"])
def test_a_draft_that_is_gone_is_told(user: User, editor: str) -> None:
    user.has("ascii: true\n")
    user.setting(EDITOR=editor)
    result = user.run("--edit", answer="n\n", terminal=True)
    assert (result.exit_code, user.file.read_text()) == (2, "ascii: true\n")
    assert "What was written cannot be read" in result.stderr
    assert "What you have written cannot be kept" in result.stderr
    assert user.left == {"settings.yaml"}


@pytest.mark.parametrize(
    ("editor", "exit_code"),
    [
        ("sh -c 'echo stale_days: 5 > $0; kill -9 $$'", 1),
        ("sh -c 'echo stale_days: 5 > $0; exit 3'", 1),
        ("sh -c 'yes \\# stale_days: 5 | head -c 1200000 > $0'", 2),
        ("sh -c 'printf stale_days:\\\\377 > $0'", 2),
    ],
)
def test_what_was_written_is_kept_however_the_edit_ends(user: User, editor: str, exit_code: int) -> None:
    user.has("ascii: true\n")
    user.setting(EDITOR=editor)
    result = user.run("--edit")
    rejected = user.file.with_name("settings.yaml.rejected")
    assert (result.exit_code, user.file.read_text()) == (exit_code, "ascii: true\n")
    assert f"What you have written is kept in {rejected}" in result.stderr
    assert b"stale_days:" in rejected.read_bytes()
    assert user.left == {"settings.yaml", "settings.yaml.rejected"}


def test_what_can_be_written_nowhere_beside_the_settings_is_kept_with_the_state(user: User) -> None:
    user.file.parent.mkdir()
    user.file.symlink_to("gone/settings.yaml")
    (user.file.parent / "settings.yaml.rejected").mkdir()
    user.means_to_write("stale_days: 3\n")
    result = user.run("--edit")
    kept = user.invocation.locations.state / "settings.yaml.rejected"
    assert (result.exit_code, kept.read_text()) == (1, "stale_days: 3\n")
    assert "The settings file cannot be written" in result.stderr and str(kept) in result.stderr


def test_without_a_terminal_and_an_editor_it_says_what_to_set(user: User) -> None:
    result = user.run("--edit")
    assert (result.exit_code, "Set EDITOR" in result.stderr) == (2, True)


def test_a_link_to_the_settings_stays_a_link(user: User) -> None:
    (user.home / "dotfiles").write_text("ascii: true\n")
    user.file.parent.mkdir()
    user.file.symlink_to("../dotfiles")
    user.means_to_write("ascii: false\n")
    assert user.run("--edit").exit_code == 0
    assert (user.file.is_symlink(), (user.home / "dotfiles").read_text()) == (True, "ascii: false\n")


@pytest.mark.parametrize("arguments", [("--edit", "--init"), ("--edit", "theme"), ("--init", "--json")])
def test_what_would_be_ignored_is_wrong_usage(user: User, arguments: tuple[str, ...]) -> None:
    assert (user.run(*arguments).exit_code, user.left) == (2, set())


@pytest.mark.parametrize("option", ["--edit", "--init"])
def test_who_asks_for_no_changes_gets_none(user: User, option: str) -> None:
    user.means_to_write("ascii: true\n")
    assert (user.run(option, "--read-only").exit_code, user.left) == (3, set())
    user.setting(CONDATUI_READ_ONLY="true")  # which must not keep the user from changing just that
    assert user.run(option).exit_code == 0


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("columns: [pyhton]\n", "There is no column `pyhton`"),
        ("theme: nosuch\n", "nosuch"),
        ("keys:\n  no-such-action: x\n", "no-such-action"),
    ],
)
def test_what_keeps_only_the_workbench_from_opening_is_said(user: User, text: str, problem: str) -> None:
    user.has(text)
    told = user.run("--json")
    assert told.exit_code == 0
    assert problem in told.stderr
    (listed,) = json.loads(told.stdout)["problems"]
    assert problem in listed
    user.has("columns: [python]\ntheme: textual-light\n")
    assert user.run().stderr == ""
