"""What creating and updating from a file share: the file as it is now, pip's part, and whether it has come true."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import Struct
from packaging.utils import canonicalize_name

from condatui_core.actions.protocol import JobContext, Work
from condatui_core.analyses.drift import drift_of
from condatui_core.analyses.match_specs import parse_match_spec
from condatui_core.analyses.platforms import native_subdir
from condatui_core.analyses.requirements import parse_requirement
from condatui_core.conda.commands import conda_environ, install_explicit
from condatui_core.conda.errors import check_answer, last_words
from condatui_core.environment_files.asked import NOTHING, Asked, read_asked, unreadable_parts
from condatui_core.environment_files.explicit_list import MARK
from condatui_core.environment_files.reading import file_and_part
from condatui_core.environment_files.selectors import Target
from condatui_core.errors import CondaError, CondatuiError, RefusedError
from condatui_core.fs.atomic_write import write_new
from condatui_core.fs.delete_tree import delete_tree
from condatui_core.fs.documents import decode
from condatui_core.fs.held_tree import HeldTree, Identity
from condatui_core.fs.safe_read import reason
from condatui_core.records.drift import Drift
from condatui_core.records.finding import Finding, blocker, finding
from condatui_core.records.installation import ChannelConfig, Installation
from condatui_core.records.package import Distribution
from condatui_core.records.prefix import PrefixContents
from condatui_core.text import counted, mask_credentials, sanitize

_SECONDS = 60.0
"""Seconds that pip may take to find out what it would do."""


def asked_of(file: str, config: ChannelConfig, *, python: str = "") -> Asked:
    """What a file asks for on this machine, nothing without one; reads the disk. Raises UsageError as `read_asked`."""
    if not file:
        return NOTHING
    path, part = file_and_part(file)
    subdir = native_subdir(platform.system(), platform.machine())
    return read_asked(path, config, Target(platform=subdir, python=python, environment=part))


def pip_itself(asked: Asked) -> tuple[str, ...]:
    """What conda is asked for as well so that pip can do its part, as conda itself asks for it."""
    if not asked.pip.asks or asked.archives:
        return ()
    named = {wanted.name for each in asked.specs if (wanted := parse_match_spec(each))}
    return tuple(each for each in ("python", "pip") if each not in named)


def refuse_if_changed(asked: Asked, digest: str, file: str) -> None:
    """Raise RefusedError if a file is not what it was when it was planned."""
    if asked.digest != digest:
        raise RefusedError("The file has changed since this was planned.", sanitize(file), "Plan it again.")


def file_blockers(asked: Asked) -> Iterator[Finding]:
    """What of a file cannot be done: then nothing of it is."""
    if lines := tuple(unreadable_parts(asked)):
        message = f"{counted(len(lines), 'line')} of the file cannot be honoured."
        yield blocker("bad-line", message, "Change the file.", map(sanitize, lines))


def no_pip(name: str) -> Finding:
    """The blocker against an environment of this name in which pip has something to do, and will not be."""
    return blocker("no-pip", f"pip has something to do in {sanitize(name)}, which has none.", "Add pip to the file.")


def file_warnings(asked: Asked) -> Iterator[Finding]:
    """What of a file is done otherwise than one may think."""
    if lines := asked.listing.column.left_out:
        message = f"{counted(len(lines), 'line of the file asks', 'lines of the file ask')} for nothing here."
        yield finding("left-out", "note", message, evidence=map(sanitize, lines))
    if places := asked.pip.in_place:
        message = f"{counted(len(places), 'directory', 'directories')} will be used where they are."
        yield finding("in-place", "note", message, "They must stay there.", map(sanitize, places))


def file_facts(asked: Asked) -> Iterator[tuple[str, str]]:
    """What pip is asked for, and which variables are set; never their values, which may be secret."""
    if lines := asked.pip.requirements:
        yield "for pip", "\n".join(map(sanitize, lines))
    if asked.variables:
        yield "variables", ", ".join(sanitize(name) for name, _ in asked.variables)


@asynccontextmanager
async def private_directory() -> AsyncIterator[str]:
    """A directory that only this user can open, and that goes afterwards: what is written there may hold passwords."""
    place = await asyncio.to_thread(tempfile.mkdtemp, prefix="condatui-")
    try:
        yield place
    finally:
        await asyncio.to_thread(delete_tree, place)


ARCHIVES = "explicit.txt"
"""The name of the list by which conda is told exactly which archives to install."""


async def install_archives(
    installation: Installation,
    prefix: str,
    lines: Sequence[str],
    environ: Mapping[str, str],
    work: Work,
    *,
    offline: bool,
    what: str,
) -> None:
    """Let conda install archives by URL and checksum, without a solve; CondaError with its words if it cannot `what`.

    The list lies in a directory that only this user can open, and goes afterwards: it may hold passwords.
    """
    async with private_directory() as place:
        file = Path(place, ARCHIVES)
        text = "".join(f"{line}\n" for line in (MARK, *lines))
        await work.in_thread(partial(write_new, file, text.encode()))
        argv = install_explicit(installation.executable, prefix, str(file), offline=offline)
        check_answer(await work.run(argv, environ=environ), what)


# pip


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


async def install_by_pip(prefix: str, asked: Asked, environ: Mapping[str, str], work: Work, *, offline: bool) -> None:
    """Let the pip of an environment install what is asked of it; CondatuiError with its words if it cannot.

    What it reads lies in a directory that only this user can open, and goes afterwards: it may hold passwords.
    """
    async with private_directory() as place:
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
        raise CondatuiError(f"pip could not {what}.", sanitize(mask_credentials(last_words(answer.stderr))))


class PipMove(Struct, frozen=True):
    """A distribution that pip would install."""

    name: str
    version: str


class _Metadata(Struct):
    name: str
    version: str


class _Installed(Struct):
    metadata: _Metadata


class _Report(Struct):
    install: tuple[_Installed, ...] = ()


async def pip_would_install(
    prefix: str, asked: Asked, environ: Mapping[str, str], context: JobContext, *, offline: bool
) -> tuple[PipMove, ...] | None:
    """What pip says that it would install, by canonical names; None if it cannot say so, such as an old pip.

    It builds nothing meanwhile, since a build runs what was downloaded.
    """
    if any(each.startswith(("-e ", "/")) for each in asked.pip.asks):
        return None
    async with private_directory() as place:
        await asyncio.to_thread(_write, asked, place)
        argv = pip_argv(prefix, asked, offline=offline, place=place, dry_run=True)
        try:
            answer = await context.ask_conda(argv, environ=environ, seconds=_SECONDS)
            report = msgspec.convert(answer.documents[-1], _Report) if not answer.exit_code else None
        except (CondaError, IndexError, msgspec.ValidationError):
            return None
    if report is None:
        return None
    found = (each.metadata for each in report.install)
    return tuple(PipMove(canonicalize_name(each.name), each.version) for each in found)


# Variables


VARIABLES = "conda-meta/state"
"""The file in an environment that has the variables which its activation sets."""
_LARGEST_STATE = 1 << 20
_STATE_FIELDS = msgspec.json.Decoder(dict[str, object])


def set_variables(prefix: str, identity: Identity, variables: Sequence[tuple[str, str]]) -> None:
    """Let the activation of an environment set variables, as `conda env config vars set` does; the others stay."""
    try:
        with HeldTree(prefix, identity) as tree:
            there = tree.status(VARIABLES) is not None
            state = decode(tree.read_bounded(VARIABLES, _LARGEST_STATE), _STATE_FIELDS) if there else {"version": 1}
            known = state.get("env_vars")
            values = {**(known if isinstance(known, dict) else {}), **dict(variables)}
            tree.replace(VARIABLES, json.dumps({**state, "env_vars": values}, indent=2).encode())
            tree.sync()
    except OSError as error:
        where = f"{error.filename or prefix}: {reason(error)}"
        raise CondatuiError("The variables could not be written down.", where) from error


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


# Whether it has come true


def drift_from(contents: PrefixContents, file: str, asked: Asked, config: ChannelConfig) -> tuple[Drift, ...]:
    """How an environment differs from the file that it was to follow; reads the file again, for the python it has now.

    A file that is another one by now decides nothing: then all that counts is what was asked.
    """
    try:
        now = asked_of(file, config, python=python_version(contents))
    except CondatuiError:
        now = asked
    return drift_of_asked(contents, now if now.digest == asked.digest else asked, config)


def python_version(contents: PrefixContents) -> str:
    """The version of the python of an environment; empty if it has none."""
    return next((each.version for each in contents.packages if each.name == "python"), "")


def drift_of_asked(contents: PrefixContents, asked: Asked, config: ChannelConfig) -> tuple[Drift, ...]:
    """How an environment differs from what a file asks for; it has to be read on the same disk."""
    by_place = asked_by_place(contents, asked)
    drift = drift_of(contents, asked.listing, config)
    return tuple(each for each in drift if not _may_be_asked(each, by_place))


def _may_be_asked(drift: Drift, by_place: frozenset[str] | None) -> bool:
    """Whether what seems to be too many is asked for by its place."""
    if drift.kind != "extra" or drift.source != "pypi":
        return False
    return by_place is None or canonicalize_name(drift.name) in by_place


def lacking(drift: Sequence[Drift]) -> tuple[str, ...]:
    """Lines that name what a file asks for and is not there, or not in a version that it allows."""
    words = {"missing": "is not there", "version": "is another version"}
    return tuple(
        f"{each.name} {each.want}: {f'there is {each.have}' if each.have else words[each.kind]}"
        for each in drift
        if each.kind in words
    )


def otherwise(drift: Sequence[Drift]) -> Iterator[Finding]:
    """What else is not as the file has it."""
    if others := [each for each in drift if each.kind not in ("missing", "version")]:
        lines = [f"{each.name} {each.have}: {_WORDS[each.kind]} {each.want}".strip() for each in others]
        message = f"{counted(len(lines), 'package is', 'packages are')} not as in the file."
        yield finding("drift", "note", message, evidence=map(sanitize, lines))


_WORDS = {"build": "the file has", "channel": "the file has", "extra": "is not in the file"}
