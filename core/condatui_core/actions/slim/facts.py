"""Reads the facts that a slimmed copy depends on: the clone that it begins with, and what of it goes."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from functools import partial

from condatui_core.actions.clone.facts import CloneFacts
from condatui_core.actions.clone.facts import read_facts as read_clone_facts
from condatui_core.actions.clone.plan import plan_of as plan_of_clone
from condatui_core.actions.clone.source import OF_INSTALLATION
from condatui_core.actions.protocol import JobContext
from condatui_core.analyses.slimming.going import Going, going_of, packages_named
from condatui_core.disk.slimming import slim_files
from condatui_core.errors import CondatuiError
from condatui_core.prefixes.snapshot import PrefixRecords, read_records
from condatui_core.records.job import Plan
from condatui_core.records.request import CloneRequest, SlimRequest
from condatui_core.records.slimming import SlimmedFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class SlimFacts:
    """Everything that a slimmed copy depends on."""

    request: SlimRequest
    clone: CloneFacts
    """The clone that it begins with, without the conda packages that go as a whole."""
    cloning: Plan
    """The plan of that clone."""
    records: PrefixRecords
    """Those of the environment."""
    slimmed: SlimmedFiles | None
    """The class of each of its files; None if it cannot be read, which stands against the clone as well."""
    going: Going

    @property
    def unknown(self) -> tuple[str, ...]:
        """Names of packages that are to be left out or kept, and are not there."""
        return (*self.going.unknown, *packages_named(self.request.keep, self.records.contents)[1])

    @property
    def kept(self) -> tuple[str, ...]:
        """The packages that stay only because the request keeps them, or something that needs them."""
        spared = self.slimmed.spared if self.slimmed else ()
        return tuple(dict.fromkeys(each.name for each in spared if each.class_name in self.request.classes))

    @property
    def name(self) -> str:
        """What the environment is called."""
        environment = self.clone.environment
        return environment.name if environment else os.path.basename(self.request.source)


def clone_request(request: SlimRequest) -> CloneRequest:
    """The clone that a slimmed copy begins with."""
    return CloneRequest(source=request.source, target=os.path.normpath(request.target), offline=request.offline)


async def read_facts(request: SlimRequest, context: JobContext) -> SlimFacts:
    """Read the facts, changing nothing."""
    records = await asyncio.to_thread(read_records, request.source)
    slimmed = await asyncio.to_thread(_slimmed, request)
    going = Going()
    if slimmed:
        going = going_of(request.classes, records.contents, slimmed, leave_out=request.leave_out)
    clone = await read_clone_facts(clone_request(request), context, without=going.packages)
    return SlimFacts(
        request=request,
        clone=clone,
        cloning=await asyncio.to_thread(partial(plan_of_clone, clone, context)),
        records=records,
        slimmed=slimmed,
        going=going,
    )


def _slimmed(request: SlimRequest) -> SlimmedFiles | None:
    try:
        return slim_files(request.source, OF_INSTALLATION, keep=request.keep)
    except CondatuiError:
        return None
