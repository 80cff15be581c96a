"""What the doctor finds out, on machines where much of it is missing or broken."""

from __future__ import annotations

import asyncio
import logging
import os
from datetime import datetime, timezone
from pathlib import Path

import pytest

from condatui_core.doctor import examine
from condatui_core.log import open_log
from condatui_core.records.doctor import DoctorReport, TerminalFacts
from condatui_core.settings import Locations, Settings
from condatui_core.settings_files.effective import setting_sources
from condatui_core.workbench import Workbench
from support.prefixes import make_prefix

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
TERMINAL = TerminalFacts(
    term="xterm",
    colorterm="",
    program="",
    locale="",
    encoding="utf-8",
    columns=80,
    rows=24,
    colors="256",
    no_color=False,
    ssh=False,
)


class Machine:
    """A home with nothing in it, and a PATH with nothing on it but what a test puts there."""

    def __init__(self, directory: Path) -> None:
        self.home = directory / "home"
        self.bin = directory / "bin"
        self.bin.mkdir()
        self.home.mkdir()
        self.environ = {"PATH": f"{self.bin}", "CONDATUI_HOME": str(self.home / "own")}
        self.settings = Settings(usual_places=False)
        self.locations = Locations.of_user(self.environ, self.home)

    def script(self, name: str, text: str) -> Path:
        file = self.bin / name
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(0o755)
        return file

    def examine(self, *problems: str) -> DoctorReport:
        workbench = Workbench(self.settings, self.locations, environ=self.environ, clock=lambda: NOW)
        sources = setting_sources(self.settings, self.locations, self.environ)
        environ = self.environ
        return asyncio.run(
            examine(workbench, terminal=TERMINAL, settings=sources, problems=problems, environ=environ, at=NOW)
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_on_an_empty_machine_there_is_nothing_and_nothing_is_wrong(machine: Machine) -> None:
    report = machine.examine()
    assert (report.format, report.installations, report.environments, report.problems) == (1, (), {}, ())
    assert (report.tmux.version, report.tmux.options) == ("", {})
    assert report.log.bytes is None
    assert report.versions.packages["msgspec"]


def test_a_conda_that_fails_is_told_with_its_words_and_the_time_it_took(machine: Machine) -> None:
    root = make_prefix(machine.home / "miniconda3")
    root.package("conda", "24.7.1")
    root.write("bin/conda", "#!/bin/sh\necho 'no such thing' >&2\nexit 7\n").chmod(0o755)
    machine.environ["CONDA_EXE"] = str(root.path / "bin/conda")
    asked = machine.examine().installations[0]
    assert (asked.version, asked.found_by, asked.answered) == ("24.7.1", "$CONDA_EXE", False)
    assert asked.executable == "~/miniconda3/bin/conda"
    assert asked.milliseconds is not None
    assert "no such thing" in asked.error


def test_environments_are_counted_by_state(machine: Machine) -> None:
    make_prefix(machine.home / ".conda/envs/good")
    (machine.home / ".conda/envs/half/conda-meta").mkdir(parents=True)
    (machine.home / ".conda/environments.txt").write_text(f"{machine.home}/.conda/envs/gone\n")
    counts = machine.examine().environments
    assert counts == {"ok": 1, "missing": 1, "orphan": 1}


def test_inside_tmux_its_options_are_asked_and_outside_they_are_not(machine: Machine) -> None:
    machine.script("tmux", 'case "$*" in -V) echo tmux 3.3a;; *allow*) exit 1;; *) echo "value of $3";; esac')
    outside = machine.examine().tmux
    assert (outside.version, outside.inside, outside.options) == ("tmux 3.3a", False, {})
    machine.environ["TMUX"] = "/run/tmux,1,0"
    inside = machine.examine().tmux
    assert inside.options["set-clipboard"] == "value of set-clipboard"
    assert inside.options["allow-passthrough"] is None


def test_a_tmux_that_hangs_is_waited_for_no_longer_than_a_moment(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("condatui_core.doctor._TMUX_SECONDS", 0.05)
    machine.script("tmux", "exec /bin/sleep 600")
    assert machine.examine().tmux.version == ""


def test_directories_say_whether_they_are_there_and_whether_locks_work(machine: Machine) -> None:
    machine.locations.state.mkdir(parents=True)
    found = {each.name: each for each in machine.examine().directories}
    assert set(found) == {"settings", "state", "cache", "restore points"}
    assert found["state"].exists and found["state"].locks
    assert found["state"].path == "~/own/state"
    assert not found["settings"].exists and found["settings"].writable and found["settings"].locks is None
    assert found["state"].free_bytes and found["state"].free_bytes > 0
    assert list(machine.locations.state.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_state_directory_that_cannot_be_written_is_told(machine: Machine) -> None:
    machine.locations.state.mkdir(parents=True)
    machine.locations.state.chmod(0o500)
    found = {each.name: each for each in machine.examine().directories}
    assert not found["state"].writable and not found["restore points"].writable


def test_a_state_directory_that_is_a_file_is_no_reason_to_fail(machine: Machine) -> None:
    machine.locations.state.parent.mkdir(parents=True)
    machine.locations.state.write_text("")
    open_log(machine.locations.log, debug=False)
    report = machine.examine()
    assert not next(each for each in report.directories if each.name == "state").exists
    assert any("The log could not be determined" in each for each in report.problems)


def test_whatever_fails_is_a_problem_and_the_rest_is_told(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("https://anna:hunter2@example.org")

    monkeypatch.setattr(Workbench, "load", fail)
    report = machine.examine("known before")
    assert report.problems[0] == "known before"
    assert "The environments could not be determined" in report.problems[1]
    assert "RuntimeError: https://***@example.org" in report.problems[1]
    assert report.directories


def test_the_end_of_the_log_is_told_without_home_and_secrets(machine: Machine) -> None:
    open_log(machine.locations.log, debug=False)
    for number in range(25):
        logging.getLogger("condatui").warning("%d %s/x /data%s", number, machine.home, machine.home)
    entries = machine.examine().log.entries
    assert len(entries) == 20
    assert entries[-1].message == f"24 ~/x /data{machine.home}"


def test_settings_say_where_they_come_from(machine: Machine) -> None:
    file = machine.locations.settings_file
    file.parent.mkdir(parents=True)
    file.write_text("# mine\nstale_days: 9\n'roots': [https://u:secret@host/x]\ntheme: a\n")
    machine.environ |= {"CONDATUI_THEME": "b"}
    machine.settings = Settings(usual_places=False, stale_days=9, roots=("https://u:secret@host/x",), theme="b")
    found = {each.name: each for each in machine.examine().settings}
    assert (found["stale_days"].source, found["stale_days"].where) == ("file", "~/own/config/settings.yaml, line 2")
    assert found["roots"].value == ["https://***@host/x"] and found["roots"].where.endswith("line 3")
    assert (found["theme"].source, found["theme"].where) == ("environment", "CONDATUI_THEME")
    assert found["ascii"].source == "default"


def test_what_the_command_line_gives_wins(machine: Machine) -> None:
    sources = setting_sources(Settings(debug=True), machine.locations, {"CONDATUI_DEBUG": "1"}, {"debug"})
    assert next(each for each in sources if each.name == "debug").source == "command line"
