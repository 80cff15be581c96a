"""Verify an environment against a file on the disk: read it, compare, and ask whether conda can still build it."""

from __future__ import annotations

import asyncio
import platform
from functools import partial

from condatui_core.actions.protocol import JobContext, caches_of
from condatui_core.analyses.drift import verify
from condatui_core.analyses.platforms import native_subdir
from condatui_core.environment_files.reading import file_and_part, read_environment_file, stated_channels
from condatui_core.errors import NoCondaError, UsageError
from condatui_core.proc.runner import Runner
from condatui_core.records.comparison import Listing
from condatui_core.records.drift import Verification
from condatui_core.records.environment import Environment
from condatui_core.records.installation import ChannelConfig, Installation, can_change
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.solution import Solution
from condatui_core.solving import SolvingConda, solve
from condatui_core.text import sanitize


def verify_file(
    environment: Environment, file: str, config: ChannelConfig, platform_asked: str | None = None
) -> Verification:
    """Hold an environment against a file, given by its absolute path; `FILE#NAME` is one part of a lock file. Blocks.

    Raises UsageError if the file cannot be read, or if the environment has nothing to hold against it.
    """
    contents = _contents_of(environment)
    return verify(contents, _listing(environment, file, config, platform_asked), config)


async def solve_file(
    environment: Environment,
    file: str,
    context: JobContext,
    runner: Runner,
    *,
    offline: bool,
    platform: str | None = None,
) -> Solution:
    """Find out whether conda can still build what a file describes, and how an environment differs from that.

    Raises UsageError as `verify_file` and for the platform of another machine, NoCondaError if there is no conda to
    ask.
    """
    _check_is_here(platform)
    contents = _contents_of(environment)
    config = context.inventory.channel_config(environment)
    listing = await asyncio.to_thread(_listing, environment, file, config, platform)
    channels = await asyncio.to_thread(lambda: stated_channels(file_and_part(file)[0]))
    installation = _solving_installation(environment, context)
    conda = SolvingConda(
        installation=installation,
        caller=context.caller,
        runner=runner,
        channels=config,
        pkgs_dirs=caches_of(installation, context),
        platform=platform or _this_platform(),
    )
    return await solve(contents, listing, channels, conda, offline=offline)


def _check_is_here(asked: str | None) -> None:
    """Raise UsageError for another platform: conda would solve for this one, and answer another question."""
    if asked not in (None, _this_platform()):
        title = f"conda solves for {_this_platform()} here, not for {sanitize(asked)}."
        raise UsageError(title, hint="Ask without solving, or on such a machine.")


def _contents_of(environment: Environment) -> PrefixContents:
    if environment.contents is None or not environment.readable:
        detail = f"{sanitize(environment.prefix)} is {environment.state}"
        raise UsageError(f"`{sanitize(environment.name)}` has nothing to hold against a file.", detail)
    return environment.contents


def _listing(environment: Environment, file: str, config: ChannelConfig, asked: str | None) -> Listing:
    path, part = file_and_part(file)
    read = partial(read_environment_file, path, config, asked or _this_platform(), python=environment.python)
    return read(environment=part, platform_asked=asked is not None)


def _this_platform() -> str:
    return native_subdir(platform.system(), platform.machine())


def _solving_installation(environment: Environment, context: JobContext) -> Installation:
    """The conda of an environment; a mamba solves in another way, so another conda is asked instead of it."""
    condas = [each for each in context.inventory.installations if can_change(each)]
    owner = next((each for each in condas if each.root_prefix == environment.installation), None)
    if owner or condas:
        return owner or condas[0]
    raise NoCondaError("There is no conda that could be asked.", hint="mamba and micromamba are not asked to solve.")
