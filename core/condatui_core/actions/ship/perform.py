"""Writes the directory that an image is built from: the archive first where there is one, and the Dockerfile last."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from functools import partial

from condatui_core.actions.checksum_file import checksum_path
from condatui_core.actions.guards import refuse
from condatui_core.actions.pack.perform import pack
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.actions.ship.content import ShipContent
from condatui_core.actions.ship.output_directory import OutputDirectory
from condatui_core.actions.ship.plan import ShipFacts, plan_of, read_facts, written_names
from condatui_core.errors import RefusedError
from condatui_core.records.job import Outcome, Plan
from condatui_core.records.request import PackRequest, ShipRequest
from condatui_core.reports.dockerfile import ARCHIVE, LAYERS
from condatui_core.text import format_bytes, sanitize, shell_words


async def perform(plan: Plan, request: ShipRequest, context: JobContext, work: Work) -> Outcome:
    """Write the files that the plan has shown.

    Raises RefusedError if something stands against it by now or anything has changed since, CondatuiError if a file
    cannot be written. Then, and if it is cancelled, what it has written goes again.
    """
    facts = await read_facts(request, context)
    plan_now = plan_of(request, context.environment(request.prefix), facts)
    refuse(plan_now.blockers)
    if plan.shipping != plan_now.shipping:
        name = sanitize(os.path.basename(request.prefix))
        raise RefusedError(
            f"{name}, or what its image lacks, has changed since this was planned.", hint="Plan it again."
        )
    assert facts.content is not None  # otherwise there are blockers
    output = OutputDirectory(request.directory, replaces=request.replace)
    try:
        packed = await _write(facts, facts.content, output, context, work)
    except (Exception, asyncio.CancelledError):
        if left := await work.in_thread(output.take_back):
            work.say(f"Still in {sanitize(request.directory)}, from this job: {sanitize(', '.join(left))}.")
        raise
    weight = sum(each.bytes or 0 for each in facts.content.layers)
    return Outcome(
        message=f"{sanitize(request.directory)} is ready: the image adds {format_bytes(weight)} to its base.",
        findings=plan_now.warnings,
        bytes_used=sum(len(data) for _, data in facts.content.files) + packed,
        files=tuple(os.path.join(request.directory, each) for each in written_names(request, facts.content)),
        receiver=(f"docker build --tag NAME {shell_words((request.directory,))}",),
    )


async def _write(
    facts: ShipFacts, content: ShipContent, output: OutputDirectory, context: JobContext, work: Work
) -> int:
    """Write all files; returns the bytes of the archive, 0 without one.

    What says that the archive is a ship's own comes before it: killed in between, the next one may replace it.
    """
    packed, first = 0, [each for each in content.files if facts.packing and each[0] == LAYERS]
    if first:
        await work.stage("directory", f"Making {sanitize(output.directory)}")
        await work.in_thread(partial(_write_files, output, first))
        packed = await _pack(facts, output, context, work)
    await work.stage("write", f"Writing into {sanitize(output.directory)}")
    await work.in_thread(partial(_write_files, output, [each for each in content.files if each not in first]))
    return packed


async def _pack(facts: ShipFacts, output: OutputDirectory, context: JobContext, work: Work) -> int:
    """Pack the environment into the directory; returns the bytes of the archive."""
    assert facts.packing is not None and facts.slimming is not None
    assert isinstance(facts.packing.request, PackRequest)
    names = (ARCHIVE, checksum_path(ARCHIVE))
    before = await work.in_thread(partial(output.there, names))
    try:
        outcome = await pack(facts.packing.request, context, work, left_out=facts.slimming.left_out)
    except RefusedError:  # what is there by now is of somebody else
        raise
    except (Exception, asyncio.CancelledError):
        await work.in_thread(partial(output.claim, {*names} - before))
        raise
    await work.in_thread(partial(output.claim, {*names} - before))
    return outcome.bytes_used or 0


def _write_files(output: OutputDirectory, files: Sequence[tuple[str, bytes]]) -> None:
    output.make()
    for name, data in files:
        output.write(name, data)
