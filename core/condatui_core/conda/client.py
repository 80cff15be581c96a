"""Ask a conda what only conda knows, change nothing, and keep the answer on disk."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeAlias, TypeVar

import msgspec
from msgspec import Struct

import condatui_core
from condatui_core.conda import commands
from condatui_core.conda.answer import CondaAnswer, with_documents
from condatui_core.conda.commands import Caller, reading_environ
from condatui_core.conda.errors import not_started, timed_out, wrote_too_much
from condatui_core.conda.parsers import parse_configuration, parse_environments, parse_mamba_info
from condatui_core.conda.registry import environments_txt, listing_would_change, put_back_lines, registered_lines
from condatui_core.errors import CondaError
from condatui_core.fs.atomic_write import put_in_cache
from condatui_core.fs.safe_read import read_bounded
from condatui_core.proc.child import ChildNotStartedError, ChildTimedOutError, ChildWroteTooMuchError
from condatui_core.proc.runner import Runner
from condatui_core.records.installation import CondaFacts, Installation
from condatui_core.settings import expand_home

# Configuration files


_NAMES = (".condarc", "condarc", "condarc.d", ".mambarc", "mambarc", "mambarc.d")


def condarc_files(root_prefix: str, home: Path, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Every configuration file and directory that conda, mamba or micromamba would read, existing or not, each once.

    Those of the active environment are left out: condatui asks an installation without any active environment.
    """
    directories = ["/etc/conda", "/var/lib/conda", root_prefix]
    if config := environ.get("XDG_CONFIG_HOME"):
        directories += [os.path.join(config, "conda"), os.path.join(config, "mamba")]
    directories += [str(home / each) for each in (".config/conda", ".config/mamba", ".conda", ".mamba", "")]
    files = [os.path.join(directory, name) for directory in directories for name in _NAMES]
    files += [expand_home(environ[name], home) for name in ("CONDARC", "MAMBARC") if environ.get(name)]
    return tuple(dict.fromkeys(each for file in files for each in (file, *_inside(file))))


def _inside(directory: str) -> Iterator[str]:
    if not directory.endswith(".d"):
        return
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return
    yield from (os.path.join(directory, name) for name in names if name.endswith((".yml", ".yaml")))


# Answers on disk: small files that may vanish at any time and are never trusted


_Kept = TypeVar("_Kept", bound=Struct)
_logger = logging.getLogger(__name__)

Stamp: TypeAlias = tuple[int, int, int] | None
"""Modification time in nanoseconds, size and inode of a file; None if it is not there."""


def stamp(path: str | Path) -> Stamp:
    """Stamp a file or directory: if a later stamp differs, it was changed in between."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


_LARGEST_ANSWER = 16 << 20
"""Bytes of a cache file."""


def cache_file(cache: Path, subject: str, kind: str) -> Path:
    """The cache file for what is known about a root prefix or an executable."""
    return cache / f"{hashlib.blake2b(os.fsencode(subject), digest_size=12).hexdigest()}.{kind}"


def recall_answer(file: Path, shape: type[_Kept]) -> _Kept | None:
    """Read a cached answer; None if the file is missing or damaged."""
    try:
        return msgspec.msgpack.decode(read_bounded(str(file), _LARGEST_ANSWER), type=shape)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        _logger.debug("passed over %s: %s", file, error)
        return None


def remember_answer(file: Path, value: Struct) -> None:
    """Write a cache file atomically, readable by its owner alone; a failure is only logged."""
    try:
        put_in_cache(file, msgspec.msgpack.encode(value))
    except (OSError, UnicodeEncodeError) as error:  # a full disk, another user's home, a path that is not UTF-8
        _logger.debug("not remembered in %s: %s", file, error)


# One command


async def run_conda(
    runner: Runner, argv: Sequence[str], *, environ: Mapping[str, str], seconds: float | None, more_time: str = ""
) -> CondaAnswer:
    """Run a command and find the JSON in its output; raises CondaError if it cannot start or does not finish.

    `more_time` says how to give it more time.
    """
    try:
        return await with_documents(await runner(argv, environ=environ, seconds=seconds))
    except ChildNotStartedError as error:
        raise not_started(error) from error
    except ChildTimedOutError as error:
        raise timed_out(error, more_time) from error
    except ChildWroteTooMuchError as error:
        raise wrote_too_much(error) from error


class CondaClient(Struct, frozen=True):
    """Runs reading commands of condas, and knows where their answers are kept."""

    runner: Runner
    caller: Caller
    cache: Path
    """The directory for answers; it need not exist."""
    now: Callable[[], datetime]
    """The current time, with its time zone."""
    seconds: float
    """Seconds that a conda may take for one answer."""

    async def read(self, installation: Installation, command: Sequence[str]) -> CondaAnswer:
        """Run a command that only reads; raises CondaError if it cannot start or does not end in time."""
        environ = reading_environ(self.caller, installation)
        return await run_conda(
            self.runner,
            command,
            environ=environ,
            seconds=self.seconds,
            more_time="Raise the setting `conda_seconds` to give it more time.",
        )


# Facts about an installation


_T = TypeVar("_T")

_SCHEMA = 2
"""The version of the cached format; it is part of the key, so an older file is never read."""
_MOST_AGE = timedelta(hours=24)
_CONFIGURING = re.compile(r"CONDA|MAMBA|XDG_|HOME$")
"""The environment variables that an answer may depend on."""


class InstallationAnswer(Struct, frozen=True):
    """What an installation answered, possibly incomplete."""

    facts: CondaFacts
    problems: tuple[CondaError, ...] = ()
    """Why something is missing from the facts."""


class _Remembered(Struct, frozen=True):
    key: bytes
    asked: datetime
    envs_dirs: tuple[tuple[str, Stamp], ...]
    facts: CondaFacts


async def ask(installation: Installation, client: CondaClient) -> InstallationAnswer:
    """Ask an installation for its configuration and environments concurrently, and keep a complete answer on disk.

    Never raises CondaError: a failure is among the problems, and the answer of the other command is used.
    """
    caller, began = client.caller, client.now()
    key = _key(installation, caller)
    may_list = not await asyncio.to_thread(listing_would_change, caller.home, caller.euid)
    problems: list[CondaError] = []
    facts, prefixes = await asyncio.gather(
        _unless_it_fails(_configuration(installation, client), CondaFacts(), problems),
        _unless_it_fails(_environments(installation, client, may_list), None, problems),
    )
    facts = msgspec.structs.replace(facts, environments=prefixes or ())
    if not problems:
        envs_dirs = tuple((each, stamp(each)) for each in facts.envs_dirs)
        remember_answer(_file(installation, client), _Remembered(key, began, envs_dirs, facts))
    return InstallationAnswer(facts, tuple(problems))


def remembered(installation: Installation, client: CondaClient) -> CondaFacts | None:
    """Read the kept answer if nothing that it depends on has changed since, and it is less than a day old."""
    kept = recall_answer(_file(installation, client), _Remembered)
    if kept is None:
        return None
    why = ""
    if kept.key != _key(installation, client.caller):
        why = "its executable, its configuration or the environment variables have changed"
    elif not timedelta() <= client.now() - kept.asked < _MOST_AGE:
        why = "it is too old"
    elif not all(stamp(each) == seen for each, seen in kept.envs_dirs):
        why = "a directory with environments has changed"
    if why:
        _logger.debug("not using the kept answer of %s: %s", installation.executable, why)
    return None if why else kept.facts


async def _configuration(installation: Installation, client: CondaClient) -> CondaFacts:
    if installation.kind == "conda":
        return parse_configuration(await client.read(installation, commands.show_config(installation.executable)))
    return parse_mamba_info(await client.read(installation, commands.mamba_info(installation.executable)))


async def _environments(installation: Installation, client: CondaClient, may_list: bool) -> tuple[str, ...] | None:
    if not may_list:
        return None
    home = client.caller.home
    before = await asyncio.to_thread(registered_lines, home)
    try:
        return parse_environments(await client.read(installation, commands.env_list(installation.executable)))
    finally:  # a disk may have been unmounted since it was found harmless
        await asyncio.to_thread(_put_back, home, before)


def _put_back(home: Path, before: Sequence[bytes]) -> None:
    try:
        put_back_lines(home, before, only_not_mounted=True)
    except OSError as error:
        _logger.warning("environments.txt could not be put back: %s", error)


async def _unless_it_fails(answer: Awaitable[_T], otherwise: _T, problems: list[CondaError]) -> _T:
    try:
        return await answer
    except CondaError as error:
        problems.append(error)
        return otherwise


def _file(installation: Installation, client: CondaClient) -> Path:
    return cache_file(client.cache, installation.root_prefix, "facts")


def _key(installation: Installation, caller: Caller) -> bytes:
    """A hash of everything that an answer depends on; hashed because variables may hold secrets."""
    environ = reading_environ(caller, installation)
    depends_on = (
        _SCHEMA,
        condatui_core.__version__,
        installation.executable,
        installation.version,
        stamp(installation.executable),
        caller.euid,
        sorted((name, value) for name, value in environ.items() if _CONFIGURING.match(name)),
        [(file, stamp(file)) for file in condarc_files(installation.root_prefix, caller.home, environ)],
        stamp(environments_txt(caller.home)),
    )
    return hashlib.blake2b(repr(depends_on).encode()).digest()
