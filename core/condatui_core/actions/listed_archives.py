"""Lets conda install archives by URL and checksum, from a list that nobody else can read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from condatui_core.actions.protocol import Work
from condatui_core.conda.commands import install_explicit
from condatui_core.conda.errors import check_answer
from condatui_core.environment_files.explicit_list import MARK
from condatui_core.fs.atomic_write import write_new
from condatui_core.fs.private_directory import PrivateDirectory, remove_abandoned
from condatui_core.records.installation import Installation
from condatui_core.settings import Locations


@asynccontextmanager
async def private_directory(locations: Locations) -> AsyncIterator[str]:
    """A directory that only this user can open, and that goes afterwards: what is written there may hold passwords.

    What a killed process has left of such directories goes first.
    """
    await asyncio.to_thread(remove_abandoned, locations.private)
    made = await asyncio.to_thread(PrivateDirectory, locations.private)
    try:
        yield str(made.path)
    finally:
        await asyncio.to_thread(made.remove)


ARCHIVES = "explicit.txt"
"""The name of the list by which conda is told exactly which archives to install."""


async def install_archives(
    installation: Installation,
    prefix: str,
    lines: Sequence[str],
    environ: Mapping[str, str],
    work: Work,
    locations: Locations,
    *,
    offline: bool,
    what: str,
) -> None:
    """Let conda install archives by URL and checksum, without a solve; CondaError with its words if it cannot `what`.

    The list lies in a directory that only this user can open, and goes afterwards: it may hold passwords.
    """
    async with private_directory(locations) as place:
        file = Path(place, ARCHIVES)
        text = "".join(f"{line}\n" for line in (MARK, *lines))
        await work.in_thread(partial(write_new, file, text.encode()))
        argv = install_explicit(installation.executable, prefix, str(file), offline=offline)
        check_answer(await work.run(argv, environ=environ), what)
