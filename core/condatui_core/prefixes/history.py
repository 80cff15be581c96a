"""Parse the history of a prefix, conda-meta/history, in the formats of every conda since 2013."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone

from condatui_core.analyses.installations import program_of
from condatui_core.analyses.specs import spec_name
from condatui_core.fs.safe_read import read_bounded, reason
from condatui_core.records.finding import Problem
from condatui_core.records.prefix import History, Revision
from condatui_core.text import mask_credentials
from condatui_core.times import credible, from_seconds

# Requested specs, in the formats that conda has written over the years


_SPECS = re.compile(r"#\s*(?P<action>\w+)\s*specs:\s*(?P<specs>.*)")
_QUOTED = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""")
_RELATION = re.compile(r"(?:==|!=|<=|>=|~=|=|<|>)(?![=<>!~])\S+$")

UPDATE, REMOVE, NEUTERED = "update", "remove", "neutered"
_ACTIONS = {
    "update": UPDATE,
    "install": UPDATE,
    "create": UPDATE,
    "remove": REMOVE,
    "uninstall": REMOVE,
    "neutered": NEUTERED,
}


def parse_specs_comment(comment: str) -> tuple[str, tuple[str, ...]] | None:
    """Parse action and specs of a comment such as `# update specs: ['python=3.9', 'numpy']`; None for any other."""
    match = _SPECS.match(comment)
    action = _ACTIONS.get(match["action"]) if match else None
    if match is None or action is None:
        return None
    text = match["specs"]
    specs = _listed(text) if text.startswith("[") else _before_conda_4_5(text)
    # Tracked features were written as `feature@`; conda drops them as well.
    specs = [spec for spec in specs if spec and not spec.endswith("@")]
    return (action, tuple(specs)) if specs else None


def requested_specs(revisions: Iterable[Revision], installed: Collection[str]) -> tuple[tuple[str, str], ...]:
    """The user's requests that still hold, determined as conda does: (package name, spec) pairs sorted by name.

    Only revisions that name their command count, and only packages that are still installed, since conda did not
    always write removals down.
    """
    requests: dict[str, str] = {}
    for revision in revisions:
        _take_requests(revision, requests)
    return tuple(sorted((name, spec) for name, spec in requests.items() if name in installed))


def requested_after(revisions: Iterable[Revision]) -> Iterator[Mapping[str, str]]:
    """The user's requests after each revision, by package name; the mapping is one object that changes between two."""
    requests: dict[str, str] = {}
    for revision in revisions:
        _take_requests(revision, requests)
        yield requests


def _take_requests(revision: Revision, requests: dict[str, str]) -> None:
    if not revision.command:
        return
    for spec in revision.remove_specs:
        requests.pop(spec_name(spec), None)
    requests |= {spec_name(spec): spec for spec in (*revision.update_specs, *revision.neutered_specs)}


def _listed(text: str) -> list[str]:
    """The strings of a Python list literal, parsed without evaluating code."""
    return [re.sub(r"\\(.)", r"\1", single or double) for single, double in _QUOTED.findall(text)]


def _before_conda_4_5(text: str) -> Sequence[str]:
    """Specs separated by commas, which may also separate the parts of a version: `param >=1.5,<2.0,jupyter`."""
    if "[" in text:
        return []
    specs: list[str] = []
    for part in text.split(","):
        if specs and _RELATION.match(part):
            specs[-1] += f",{part}"
        else:
            specs.append(part)
    return specs


_LARGEST = 32 << 20
"""Bytes; a thousand revisions of a large environment take one MB."""
_HEADER = "==>"
_HEADER_END = "<=="
_COMMAND = re.compile(r"#\s*cmd:\s*(\S.*)")
_CONDA_VERSION = re.compile(r"#\s*conda version:\s*(.+)")


@dataclass(slots=True)
class _Section:
    """A header and the lines that follow it up to the next."""

    date: str
    comments: list[str] = field(default_factory=list)
    packages: list[str] = field(default_factory=list)


def read_history(prefix: str, installed: Collection[str]) -> tuple[History, list[Problem]]:
    """Read the history of a prefix; `installed` are the names of its packages.

    A missing history is empty; one that cannot be read, or that is no text throughout, is a problem.
    """
    path = os.path.join(prefix, "conda-meta", "history")
    try:
        modified = from_seconds(os.stat(path).st_mtime)
        data = read_bounded(path, _LARGEST)
    except FileNotFoundError:
        return History(created=_created_at(prefix)), []
    except OSError as error:
        return History(created=_created_at(prefix)), [Problem(path=path, reason=reason(error))]
    revisions = parse_history(data.decode("utf-8", "replace"))
    return History(
        created=_created_at(prefix) or (revisions[0].at if revisions else None),
        modified=modified,
        revisions=revisions,
        requested=requested_specs(revisions, installed),
    ), [Problem(path=path, reason=each) for each in _no_text(data)]


def _no_text(data: bytes) -> Iterator[str]:
    """Why a file is not, or not throughout, the text that conda writes."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        yield "written as UTF-16, not as UTF-8"
    elif b"\0" in data:  # what a power cut leaves of a file, or UTF-16 without its mark
        yield "it has NUL bytes, which no conda writes"


def parse_history(text: str) -> tuple[Revision, ...]:
    """Parse a history file, ignoring unknown lines; its times are taken to be in this machine's time zone.

    Credentials are masked line by line, in time that grows with the text and no faster.
    """
    revisions: list[Revision] = []
    installed: dict[str, str] = {}
    for number, section in enumerate(_sections(text)):
        added, removed = _changes(section.packages, installed)
        for dist_name in removed:
            installed.pop(dist_name, None)
        installed |= added
        revisions.append(_revision(number, section, added, removed))
    return tuple(revisions)


def _sections(text: str) -> Iterator[_Section]:
    section: _Section | None = None
    for line in map(str.strip, text.splitlines()):
        date, end, _ = line.removeprefix(_HEADER).partition(_HEADER_END)
        if line.startswith(_HEADER) and end and date.strip():
            if section:
                yield section
            section = _Section(date.strip())
        elif section and line and "\0" not in line:
            (section.comments if line[0] == "#" else section.packages).append(_masked(line))
    if section:
        yield section


def _masked(line: str) -> str:
    """A line without credentials; of nearly all lines a look at a few characters shows that they have none."""
    return mask_credentials(line) if "/t/" in line or "=" in line or "@" in line or "--" in line else line


_Sources = dict[str, str]
"""`name-version-build` → where it came from: `conda-forge/linux-64`, a URL, or empty."""


def _changes(lines: list[str], before: _Sources) -> tuple[_Sources, _Sources]:
    """The packages added and removed: an old conda listed all installed packages, a newer one marks changes."""
    if any(line.startswith(("+", "-")) for line in lines):
        return _marked("+", lines), _marked("-", lines)
    if not lines:
        return {}, {}
    state = dict(map(_package, lines))
    added = {name: source for name, source in state.items() if name not in before}
    return added, {name: before[name] for name in sorted(before.keys() - state.keys())}


def _marked(sign: str, lines: list[str]) -> _Sources:
    return dict(_package(line[1:]) for line in lines if line.startswith(sign) and line != sign)


def _package(line: str) -> tuple[str, str]:
    """`conda-forge/linux-64::numpy-1.26.4-py311_0` → (`numpy-1.26.4-py311_0`, `conda-forge/linux-64`)."""
    source, _, dist_name = line.rpartition("::")
    return dist_name.removesuffix(".conda").removesuffix(".tar.bz2"), source


def _revision(number: int, section: _Section, added: _Sources, removed: _Sources) -> Revision:
    command = program = conda_version = ""
    specs: dict[str, tuple[str, ...]] = {}
    for comment in section.comments:
        if match := _COMMAND.match(comment):
            program = program_of(match[1])
            command = _shortened(match[1], program)
        elif match := _CONDA_VERSION.match(comment):
            conda_version = match[1]
        elif parsed := parse_specs_comment(comment):
            specs[parsed[0]] = parsed[1]
    return Revision(
        number=number,
        at=_time(section.date),
        command=command,
        program=program,
        conda_version=conda_version,
        added=tuple(added),
        removed=tuple(removed),
        added_from=_stated(added),
        removed_from=_stated(removed),
        update_specs=specs.get(UPDATE, ()),
        remove_specs=specs.get(REMOVE, ()),
        neutered_specs=specs.get(NEUTERED, ()),
    )


def _stated(packages: _Sources) -> tuple[str, ...]:
    """Where packages came from; nothing if no line says it."""
    return tuple(packages.values()) if any(packages.values()) else ()


def _shortened(command: str, program: str) -> str:
    """`/opt/conda/bin/conda create` → `conda create`: the full path takes much space and says little."""
    name = "conda" if program.endswith("/__main__.py") else os.path.basename(program)
    return (name + command[len(program) :]).rstrip()


def _time(text: str) -> datetime | None:
    try:
        # Without a zone, it is the local time of the machine that wrote it.
        return credible(datetime.fromisoformat(text).astimezone(timezone.utc))
    except (ValueError, OverflowError, OSError):
        return None


def _created_at(prefix: str) -> datetime | None:
    """When the environment was created, from the file that conda 25.11 and later write (seconds since 1970)."""
    try:
        return from_seconds(float(read_bounded(os.path.join(prefix, "conda-meta", "created_at"), 1 << 10)))
    except (ValueError, OSError):
        return None
