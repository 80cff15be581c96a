"""Ask a conda what only conda knows, without changing anything, and remember it."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from condatui_core.conda import commands
from condatui_core.conda.answer_cache import Stamp, cache_file, keep, recall, stamp
from condatui_core.conda.answers import parse_configuration, parse_environments, parse_mamba_info
from condatui_core.conda.conda_environ import Caller, reading_environ
from condatui_core.conda.condarc_files import condarc_files
from condatui_core.conda.environments_txt import environments_txt, listing_would_change
from condatui_core.conda.inquirer import Inquirer
from condatui_core.errors import CondaError
from condatui_core.records.installation import CondaFacts, Installation

_T = TypeVar("_T")

_SCHEMA = 1
"""Counts the shapes of what is remembered: another number, another key."""
_MOST_AGE = timedelta(hours=24)
_CONFIGURING = re.compile(r"CONDA|MAMBA|XDG_|HOME$")
"""The environment variables that an answer may depend on."""


class Asked(Struct, frozen=True):
    """What an installation answered, as far as it did."""

    facts: CondaFacts
    problems: tuple[CondaError, ...] = ()
    """Why something is missing from the facts."""
    listed: bool = True
    """Whether it listed its environments; where that would change a file, it is not asked to."""


class _Remembered(Struct, frozen=True):
    key: bytes
    asked: datetime
    envs_dirs: tuple[tuple[str, Stamp], ...]
    facts: CondaFacts


async def ask(installation: Installation, inquirer: Inquirer) -> Asked:
    """Ask an installation for its configuration and its environments, both at once, and remember a whole answer.

    Never raises CondaError: what fails is among the problems, and what the other command said is kept.
    """
    caller, began = inquirer.caller, inquirer.now()
    key = _key(installation, caller)
    may_list = not await asyncio.to_thread(listing_would_change, caller.home, caller.euid)
    problems: list[CondaError] = []
    facts, prefixes = await asyncio.gather(
        _unless_it_fails(_configuration(installation, inquirer), CondaFacts(), problems),
        _unless_it_fails(_environments(installation, inquirer, may_list), None, problems),
    )
    facts = msgspec.structs.replace(facts, environments=prefixes or ())
    if not problems:
        envs_dirs = tuple((each, stamp(each)) for each in facts.envs_dirs)
        keep(_file(installation, inquirer), _Remembered(key, began, envs_dirs, facts))
    return Asked(facts, tuple(problems), listed=prefixes is not None)


def remembered(installation: Installation, inquirer: Inquirer) -> CondaFacts | None:
    """Recall the last answer if nothing that it depends on has changed since, and it is not a day old."""
    kept = recall(_file(installation, inquirer), _Remembered)
    if kept is None or kept.key != _key(installation, inquirer.caller):
        return None
    if not timedelta() <= inquirer.now() - kept.asked < _MOST_AGE:
        return None
    return kept.facts if all(stamp(each) == seen for each, seen in kept.envs_dirs) else None


async def _configuration(installation: Installation, inquirer: Inquirer) -> CondaFacts:
    if installation.kind == "conda":
        return parse_configuration(await inquirer.read(installation, commands.show_config(installation.executable)))
    return parse_mamba_info(await inquirer.read(installation, commands.mamba_info(installation.executable)))


async def _environments(installation: Installation, inquirer: Inquirer, may_list: bool) -> tuple[str, ...] | None:
    if not may_list:
        return None
    return parse_environments(await inquirer.read(installation, commands.env_list(installation.executable)))


async def _unless_it_fails(answer: Awaitable[_T], otherwise: _T, problems: list[CondaError]) -> _T:
    try:
        return await answer
    except CondaError as error:
        problems.append(error)
        return otherwise


def _file(installation: Installation, inquirer: Inquirer) -> Path:
    return cache_file(inquirer.cache, installation.root_prefix, "facts")


def _key(installation: Installation, caller: Caller) -> bytes:
    """All that an answer depends on, hashed: variables may hold secrets."""
    environ = reading_environ(caller, installation)
    depends_on = (
        _SCHEMA,
        installation.executable,
        installation.version,
        stamp(installation.executable),
        caller.euid,
        sorted((name, value) for name, value in environ.items() if _CONFIGURING.match(name)),
        [(file, stamp(file)) for file in condarc_files(installation.root_prefix, caller.home, environ)],
        stamp(environments_txt(caller.home)),
    )
    return hashlib.blake2b(repr(depends_on).encode()).digest()
