"""Collect the facts for a bug report. A fact that cannot be determined becomes a problem in the report."""

from __future__ import annotations

import asyncio
import os
import platform
import re
import shutil
import sys
from collections import Counter
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import TypeVar

import msgspec

from condatui_core import __version__
from condatui_core.fs.locks import locks_work
from condatui_core.fs.mounts import Mount, mount_of, mounts
from condatui_core.log import last_troubles, unexpected
from condatui_core.proc.child import STDOUT, ChildError, Output
from condatui_core.proc.runner import run_to_end
from condatui_core.records.doctor import DirectoryFacts, DoctorReport, LogFacts, TerminalFacts, TmuxFacts, Versions
from condatui_core.records.finding import Finding
from condatui_core.restore_points.store import directory_of_points
from condatui_core.settings import Locations, SettingSource
from condatui_core.text import mask_credentials
from condatui_core.workbench import Workbench

_T = TypeVar("_T")

_PACKAGES = ("textual", "rich", "click", "msgspec", "conda-pack", "packaging", "platformdirs", "psutil", "pyyaml")
_TMUX_OPTIONS = ("set-clipboard", "allow-passthrough", "escape-time", "default-terminal")
_TMUX_SECONDS = 2.0
_MOST_BYTES = 1 << 16
_MOST_ENTRIES = 20


@dataclass(frozen=True, slots=True)
class _Problems:
    """The boundary at which every failure becomes a problem in the report."""

    messages: list[str] = field(default_factory=list)

    async def unless(self, finding: Awaitable[_T], what: str, otherwise: _T) -> _T:
        """The result of `finding`; if it fails, `otherwise`, and a problem is added."""
        try:
            return await finding
        except Exception as error:  # noqa: BLE001 - the named boundary of the doctor
            described = unexpected(error)
            first_line = described.detail.partition("\n")[0]
            self.messages.append(f"{what} could not be determined: {described.title} {first_line}")
            return otherwise


async def examine(
    workbench: Workbench,
    *,
    terminal: TerminalFacts,
    settings: Sequence[SettingSource],
    problems: Sequence[str],
    environ: Mapping[str, str],
    at: datetime,
) -> DoctorReport:
    """Collect everything and run each conda; `problems` are those that are known already."""
    failures = _Problems([*problems])
    locations = workbench.locations
    file = locations.log
    no_tmux = TmuxFacts(version="", inside="TMUX" in environ, options={})
    tmux = await failures.unless(_tmux(environ), "tmux", no_tmux)
    asked = await failures.unless(workbench.ask_installations(), "What the condas answer", ())
    states = await failures.unless(_states(workbench, failures), "The environments", {})
    told = await failures.unless(asyncio.to_thread(workbench.journal_findings), "The journals", ())
    failures.messages.extend(map(_line, told))
    own, roots = _own_directories(workbench), [each.root_prefix for each in asked if each.root_prefix]
    directories = await failures.unless(asyncio.to_thread(_directories, own, roots), "The directories", ())
    troubles = await failures.unless(asyncio.to_thread(last_troubles, file, _MOST_ENTRIES), "The log", ())
    report = DoctorReport(
        at=at,
        versions=_versions(),
        terminal=terminal,
        tmux=tmux,
        installations=asked,
        directories=directories,
        settings=tuple(settings),
        environments=states,
        log=LogFacts(path=str(file), bytes=_size(file), entries=troubles),
        problems=tuple(failures.messages),
    )
    return _fit_to_publish(report, locations)


def _line(found: Finding) -> str:
    """A finding on one line; a remedy that each front end words itself is left out."""
    return f"{found.message} {found.remedy}".rstrip() if isinstance(found.remedy, str) else found.message


def _versions() -> Versions:
    return Versions(
        condatui=__version__,
        python=platform.python_version(),
        executable=sys.executable,
        platform=platform.platform(),
        packages={name: _version(name) for name in _PACKAGES},
    )


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


async def _tmux(environ: Mapping[str, str]) -> TmuxFacts:
    tmux = shutil.which("tmux", path=environ.get("PATH", ""))
    inside = "TMUX" in environ
    if tmux is None:
        return TmuxFacts(version="", inside=inside, options={})
    version = await _answer((tmux, "-V"), environ) or ""
    names = _TMUX_OPTIONS if inside else ()
    values = await asyncio.gather(*(_answer((tmux, "show", "-gv", name), environ) for name in names))
    return TmuxFacts(version=version, inside=inside, options=dict(zip(names, values, strict=True)))


async def _answer(argv: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """The output of a command; None if it fails or does not answer in time."""
    output = Output(_MOST_BYTES)
    try:
        exit_code = await run_to_end(argv, environ, output, seconds=_TMUX_SECONDS)
    except ChildError:
        return None
    return output.text(STDOUT).strip() if exit_code == 0 else None


async def _states(workbench: Workbench, problems: _Problems) -> dict[str, int]:
    counts: Counter[str] = Counter()
    async for inventory in workbench.load():
        if inventory.complete:
            counts = Counter(each.state for each in inventory.environments)
            problems.messages.extend(map(_line, inventory.problems))
    return dict(sorted(counts.items()))


def _own_directories(workbench: Workbench) -> list[tuple[str, Path]]:
    locations = workbench.locations
    return [
        ("settings", locations.config),
        ("state", locations.state),
        ("cache", locations.cache),
        ("restore points", directory_of_points(workbench.settings, locations)),
    ]


def _directories(own: Sequence[tuple[str, Path]], roots: Sequence[str]) -> tuple[DirectoryFacts, ...]:
    mounted = mounts()
    found = [_directory(name, path, mounted, own=True) for name, path in own]
    return (*found, *(_directory("base environment", Path(each), mounted, own=False) for each in roots))


def _directory(name: str, path: Path, mounted: Sequence[Mount], *, own: bool) -> DirectoryFacts:
    there = next((each for each in (path, *path.parents) if each.is_dir()), Path("/"))
    writable = os.access(there, os.W_OK | os.X_OK)
    mount = mount_of(os.path.realpath(there), mounted)
    locks = _locks(there) if own and there == path and writable else None
    return DirectoryFacts(
        name=name,
        path=str(path),
        exists=there == path,
        writable=writable,
        free_bytes=_free(there),
        file_system=mount.kind if mount else "",
        mount_point=mount.point if mount else "",
        locks=locks,
        notes=(*_notes(mount), *(("without locks, two condatuis do not wait for each other",) * (locks is False))),
    )


def _notes(mount: Mount | None) -> Iterator[str]:
    if mount is None:
        return
    if mount.kind.startswith("nfs"):
        yield "NFS: changes by another machine may appear late"
    if "noatime" in mount.options:
        yield "noatime: reading a file leaves no trace, so the last use is less certain"
    elif mount.access_times == "not kept":
        yield "read-only"
    elif mount.access_times == "unsure":
        yield "access times are not reliable here"


def _locks(directory: Path) -> bool | None:
    """Whether locks work there, tried on a temporary file."""
    try:
        return locks_work(directory)
    except OSError:
        return None


def _free(directory: Path) -> int | None:
    try:
        return shutil.disk_usage(directory).free
    except OSError:
        return None


def _size(file: Path) -> int | None:
    try:
        return file.stat().st_size
    except OSError:
        return None


def _fit_to_publish(report: DoctorReport, locations: Locations) -> DoctorReport:
    """The report without credentials and without the path of the home directory, in all fields."""
    homes = {str(locations.home), os.path.realpath(locations.home)} - {"/", ""}
    pattern = "|".join(re.escape(each) for each in sorted(homes, key=len, reverse=True))
    home = re.compile(rf"(?<![\w./-])(?:{pattern})(?![\w.-])") if homes else None

    def fit(value: object) -> object:
        if isinstance(value, str):
            masked = mask_credentials(value)
            return home.sub("~", masked) if home else masked
        if isinstance(value, dict):
            return {fit(key): fit(each) for key, each in value.items()}
        return [fit(each) for each in value] if isinstance(value, list | tuple) else value

    return msgspec.convert(fit(msgspec.to_builtins(report)), DoctorReport)
