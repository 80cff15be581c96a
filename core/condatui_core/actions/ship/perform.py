"""Writes the directory that an image is built from: the archive first where there is one, and the Dockerfile last."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from condatui_core.actions.guards import refuse
from condatui_core.actions.pack.perform import pack
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.actions.ship.plan import ShipFacts, plan_of, read_facts, written_names
from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.fs.atomic_write import sync_path, write_whole
from condatui_core.fs.safe_read import reason
from condatui_core.records.job import Outcome, Plan
from condatui_core.records.request import PackRequest, ShipRequest
from condatui_core.reports.dockerfile import LAYERS
from condatui_core.text import format_bytes, sanitize


async def perform(plan: Plan, request: ShipRequest, context: JobContext, work: Work) -> Outcome:  # noqa: ARG001
    """Write the files as they are to be by now. RefusedError if something has come up, CondatuiError if one fails."""
    facts = await read_facts(request, context)
    plan_now = plan_of(request, context.environment(request.prefix), facts)
    refuse(plan_now.blockers)
    assert facts.content is not None  # otherwise there are blockers
    packed = 0
    if facts.packing is not None:
        packed = await _pack(facts, request, context, work)
    await work.stage("write", f"Writing into {sanitize(request.directory)}")
    left = [each for each in facts.content.files if not facts.packing or each[0] != LAYERS]
    await work.in_thread(partial(_write, request, left))
    written = sum(len(data) for _, data in facts.content.files) + packed
    weight = sum(each.bytes or 0 for each in facts.content.layers)
    return Outcome(
        message=f"{sanitize(request.directory)} is ready: the image adds {format_bytes(weight)} to its base.",
        findings=plan_now.warnings,
        bytes_used=written,
        files=tuple(os.path.join(request.directory, each) for each in written_names(request, facts.content)),
        receiver=(f"docker build --tag NAME {shlex.quote(request.directory)}",),
    )


async def _pack(facts: ShipFacts, request: ShipRequest, context: JobContext, work: Work) -> int:
    """Pack the environment into the directory; returns the bytes of the archive.

    What says that the archive is a ship's own comes first: killed in between, the next one may replace it.
    """
    assert facts.content is not None and facts.packing is not None and facts.slimming is not None
    assert isinstance(facts.packing.request, PackRequest)
    await work.stage("directory", f"Making {sanitize(request.directory)}")
    await work.in_thread(partial(_write, request, [each for each in facts.content.files if each[0] == LAYERS]))
    outcome = await pack(facts.packing.request, context, work, left_out=facts.slimming.left_out)
    return outcome.bytes_used or 0


def _write(request: ShipRequest, files: Sequence[tuple[str, bytes]]) -> None:
    """Write each file whole or not at all, over none that no ship has written."""
    _make_directory(request.directory)
    for name, data in files:
        file = os.path.join(request.directory, name)
        try:
            write_whole(Path(file), data, replace=request.replace)
        except FileExistsError as error:
            raise RefusedError(f"{sanitize(file)} exists by now.", hint="Choose another directory.") from error
        except OSError as error:
            raise CondatuiError(f"{sanitize(file)} could not be written.", reason(error)) from error


def _make_directory(directory: str) -> None:
    if os.path.isdir(directory):
        return
    try:
        os.mkdir(directory)
        sync_path(os.path.dirname(directory))
    except OSError as error:
        raise CondatuiError(f"{sanitize(directory)} could not be made.", reason(error)) from error
