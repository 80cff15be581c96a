"""pip's part of what a file asks for: what it would install, and what it installs and uninstalls."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import Struct
from packaging.utils import canonicalize_name

from condatui_core.actions.listed_archives import private_directory
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.analyses.requirements import parse_requirement
from condatui_core.conda.commands import conda_environ
from condatui_core.conda.errors import last_words
from condatui_core.environment_files.asked import Asked
from condatui_core.errors import CondaError, CondatuiError
from condatui_core.fs.atomic_write import write_new
from condatui_core.records.installation import Installation
from condatui_core.records.package import Distribution
from condatui_core.records.prefix import PrefixContents
from condatui_core.settings import Locations

_SECONDS = 60.0
"""Seconds that pip may take to find out what it would do."""


def pip_argv(prefix: str, asked: Asked, *, offline: bool, place: str = "", dry_run: bool = False) -> tuple[str, ...]:
    """The command by which pip installs what is asked of it, from files in `place`."""
    dry = ("--dry-run", "--quiet", "--report", "-", "--only-binary", ":all:") if dry_run else ()
    alone = ("--no-deps",) if asked.lists_everything else ()
    here = ("--no-index",) if offline else ()
    bounds = ("-c", os.path.join(place, _CONSTRAINTS)) if asked.pip.constraints else ()
    options = ("--no-input", "--disable-pip-version-check", *dry, *alone, *here)
    return (*_pip(prefix), "install", *options, "-r", os.path.join(place, _REQUIREMENTS), *bounds)


_REQUIREMENTS = "requirements.txt"
_CONSTRAINTS = "constraints.txt"


def _pip(prefix: str) -> tuple[str, ...]:
    return (os.path.join(prefix, "bin", "python"), "-m", "pip")


def pip_environ(prefix: str, installation: Installation, context: JobContext) -> Mapping[str, str]:
    """The variables for the pip of an environment, which is to find its own programs first and nothing of the user."""
    environ = conda_environ(context.caller, installation)
    path = os.pathsep.join(filter(None, (os.path.join(prefix, "bin"), environ.get("PATH", ""))))
    return {**environ, "PATH": path, "CONDA_PREFIX": prefix, "PYTHONNOUSERSITE": "1", "PIP_USER": "0"}


def _write(asked: Asked, place: str) -> None:
    for name, lines in ((_REQUIREMENTS, asked.pip.asks), (_CONSTRAINTS, asked.pip.constraints)):
        write_new(Path(place, name), "".join(f"{each}\n" for each in lines).encode())


async def install_by_pip(
    prefix: str, asked: Asked, environ: Mapping[str, str], work: Work, locations: Locations, *, offline: bool
) -> None:
    """Let the pip of an environment install what is asked of it; CondatuiError with its words if it cannot.

    What it reads lies in a directory that only this user can open, and goes afterwards: it may hold passwords.
    """
    async with private_directory(locations) as place:
        await work.in_thread(partial(_write, asked, place))
        argv = pip_argv(prefix, asked, offline=offline, place=place)
        await _run_pip(argv, environ, work, "install what the file asks of it")


async def uninstall_by_pip(prefix: str, names: Sequence[str], environ: Mapping[str, str], work: Work) -> None:
    """Let the pip of an environment uninstall distributions; CondatuiError with its words if it cannot."""
    argv = (*_pip(prefix), "uninstall", "--yes", "--no-input", "--disable-pip-version-check", *names)
    await _run_pip(argv, environ, work, "uninstall what the file does not ask for")


async def _run_pip(argv: Sequence[str], environ: Mapping[str, str], work: Work, what: str) -> None:
    answer = await work.run(argv, environ=environ)
    if answer.exit_code:
        raise CondatuiError(f"pip could not {what}.", last_words(answer.stderr))


class PipComing(Struct, frozen=True, kw_only=True):
    """A distribution that pip would install."""

    name: str
    """The canonical name."""
    version: str
    requires: tuple[str, ...] = ()
    """Its dependencies as requirement strings, those included that are there already."""
    asked: bool = True
    """Whether the file names it; otherwise only something else that comes needs it."""


class _Metadata(Struct):
    name: str
    version: str
    requires_dist: tuple[str, ...] = ()


class _Installed(Struct):
    metadata: _Metadata
    requested: bool = True


class _Report(Struct):
    install: tuple[_Installed, ...] = ()


async def pip_would_install(
    prefix: str, asked: Asked, environ: Mapping[str, str], context: JobContext, *, offline: bool
) -> tuple[PipComing, ...] | None:
    """What pip says that it would install; None if it cannot say so, such as an old pip.

    It builds nothing meanwhile, since a build runs what was downloaded.
    """
    if any(each.startswith(("-e ", "/")) for each in asked.pip.asks):
        return None
    async with private_directory(context.locations) as place:
        await asyncio.to_thread(_write, asked, place)
        argv = pip_argv(prefix, asked, offline=offline, place=place, dry_run=True)
        try:
            answer = await context.ask_conda(argv, environ=environ, seconds=_SECONDS)
            report = msgspec.convert(answer.documents[-1], _Report) if not answer.exit_code else None
        except (CondaError, IndexError, msgspec.ValidationError):
            return None
    if report is None:
        return None
    return tuple(map(_coming, report.install))


def _coming(installed: _Installed) -> PipComing:
    found = installed.metadata
    return PipComing(
        name=canonicalize_name(found.name),
        version=found.version,
        requires=found.requires_dist,
        asked=installed.requested,
    )


# What is asked for without a name


def asked_by_place(contents: PrefixContents, asked: Asked) -> frozenset[str] | None:
    """The distributions that a file asks for by a place that tells no name, by canonical names; None if it is unknown.

    None stands for any of them.
    """
    places = [line.removeprefix("-e ").split(" ")[0] for line in asked.pip.asks if _is_place(line)]
    known = {_place_of(each): canonicalize_name(each.name) for each in contents.pip_distributions}
    found = [known.get(os.path.realpath(each.partition("[")[0])) for each in places]
    return None if None in found else frozenset(name for name in found if name)


def _is_place(line: str) -> bool:
    """Whether a line asks for something without a name."""
    return not line.startswith("--") and line[:2] not in ("-i", "-f") and parse_requirement(line) is None


def _place_of(distribution: Distribution) -> str:
    url = distribution.location or distribution.url or ""
    return os.path.realpath(unquote(urlsplit(url).path) if url.startswith("file:") else url) if url else ""
