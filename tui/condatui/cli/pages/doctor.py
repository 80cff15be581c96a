"""Print the facts for a bug report as plain lines to paste."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

import click

from condatui_core.records.doctor import AskedInstallation, DirectoryFacts, DoctorReport, TerminalFacts, TmuxFacts
from condatui_core.settings import SettingSource
from condatui_core.text import format_bytes, sanitize

_WIDTH = 100
"""The longest line, since a report is read in a browser or in a mail."""
_INDENT = "    "


def print_report(report: DoctorReport) -> None:
    """Print the report."""
    for line in report_lines(report):
        click.echo(line)


def report_lines(report: DoctorReport) -> Iterator[str]:
    """The lines of a report, none wider than a hundred columns."""
    for title, facts in _sections(report):
        yield title
        for fact in facts:
            yield from wrap(
                sanitize(fact),
                _WIDTH,
                initial_indent="  ",
                subsequent_indent=_INDENT,
                break_on_hyphens=False,
            )
        yield ""


def _sections(report: DoctorReport) -> Iterator[tuple[str, list[str]]]:
    versions = report.versions
    packages = [f"{name} {version or 'is not installed'}" for name, version in versions.packages.items()]
    yield f"condatui {versions.condatui}, {report.at.isoformat(timespec='seconds')}", []
    yield "Problems", [*report.problems] or ["none"]
    yield "Versions", [f"python {versions.python}, {versions.executable}", versions.platform, ", ".join(packages)]
    yield "Terminal", [*_terminal(report.terminal), _tmux(report.tmux)]
    yield "Condas", [_installation(each) for each in report.installations] or ["none found"]
    states = [f"{count} {state}" for state, count in report.environments.items()]
    yield "Environments", [", ".join(states) or "none"]
    yield "Directories", [_directory(each) for each in report.directories]
    yield "Settings", [_setting(each) for each in report.settings]
    size = "nothing yet" if report.log.bytes is None else format_bytes(report.log.bytes)
    entries = [f"{each.at} {each.level} {each.logger}: {each.message}" for each in report.log.entries]
    yield "Log", [f"{report.log.path}: {size}", *entries]


def _terminal(terminal: TerminalFacts) -> Iterator[str]:
    size = f"{terminal.columns}x{terminal.rows}" if terminal.columns else "no terminal"
    program = f", in {terminal.program}" if terminal.program else ""
    yield f"TERM={terminal.term} COLORTERM={terminal.colorterm}, {size}{program}"
    no_color = ", NO_COLOR is set" if terminal.no_color else ""
    yield f"colors: {terminal.colors}{no_color}; encoding {terminal.encoding}, locale {terminal.locale or 'not set'}"
    yield "over SSH" if terminal.ssh else "not over SSH"


def _tmux(tmux: TmuxFacts) -> str:
    where = "inside" if tmux.inside else "not inside"
    options = [f"{name} {'unknown' if value is None else value}" for name, value in tmux.options.items()]
    return ", ".join((f"{tmux.version or 'no tmux'}, {where}", *options))


def _installation(asked: AskedInstallation) -> str:
    took = "" if asked.milliseconds is None else f" in {asked.milliseconds} ms"
    answer = f"answered{took}" if asked.answered else f"did not answer{took}: {asked.error}"
    version = asked.version or "of unknown version"
    root = asked.root_prefix or "unknown root"
    return f"{asked.kind} {version}, {asked.executable} of {root}, found by {asked.found_by}: {answer}"


def _directory(directory: DirectoryFacts) -> str:
    there = "" if directory.exists else "not there yet, "
    writable = "writable" if directory.writable else "not writable"
    free = "" if directory.free_bytes is None else f", {format_bytes(directory.free_bytes)} free"
    system = f", {directory.file_system} at {directory.mount_point}" if directory.file_system else ""
    locks = "" if directory.locks is None else f", locks {'work' if directory.locks else 'do not work'}"
    notes = "".join(f"; {note}" for note in directory.notes)
    return f"{directory.name}: {directory.path}: {there}{writable}{free}{system}{locks}{notes}"


def _setting(setting: SettingSource) -> str:
    source = f"{setting.source} {setting.where}".strip()
    return f"{setting.name}: {_value(setting.value)} ({source})"


def _value(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {each}" for key, each in value.items()) or "none"
    return str(value) if value != "" else "not set"
