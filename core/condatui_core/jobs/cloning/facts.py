"""What is so at this moment, as far as a clone depends on it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial

from condatui_core.bounded_read import reason
from condatui_core.jobs.cloning.packages import Provided, provide
from condatui_core.jobs.cloning.source import Source, read_source
from condatui_core.jobs.cloning.survey import Survey, survey
from condatui_core.jobs.guarding.guards import look_at_all
from condatui_core.jobs.guarding.observed import Observed
from condatui_core.jobs.work import Surroundings
from condatui_core.records.environment import Environment
from condatui_core.records.installation import CondaFacts, Installation
from condatui_core.records.request import CloneRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class CloneFacts:
    """What was found out."""

    request: CloneRequest
    environment: Environment | None
    """The source, as it is listed."""
    installation: Installation | None
    """Whose conda makes the clone."""
    origin: Observed
    """The source."""
    target: Observed
    source: Source | None = None
    """None if it cannot be read."""
    unread: str = ""
    """Why it cannot be read."""
    provided: tuple[Provided, ...] = ()
    survey: Survey


async def find_out(request: CloneRequest, around: Surroundings) -> CloneFacts:
    """Look at source and target, in threads, changing nothing."""
    environment = around.environment(request.source)
    installation = around.installation(environment)
    origin, target = await look_at_all((request.source, request.target), around, installation=installation)
    facts = around.conda_facts.get(installation.root_prefix if installation else "", CondaFacts())
    return await asyncio.to_thread(
        partial(
            _find_out,
            request,
            environment=environment,
            installation=installation,
            origin=origin,
            target=target,
            pkgs_dirs=facts.pkgs_dirs,
        )
    )


def _find_out(
    request: CloneRequest,
    *,
    environment: Environment | None,
    installation: Installation | None,
    origin: Observed,
    target: Observed,
    pkgs_dirs: tuple[str, ...],
) -> CloneFacts:
    source, unread = None, ""
    provided: tuple[Provided, ...] = ()
    seen = Survey()
    try:
        aliases = environment.aliases if environment else ()
        source = read_source(origin.real, base=origin.root, with_conda=request.with_conda, aliases=aliases)
        provided = provide(source.records, pkgs_dirs)
        seen = survey(source, provided, target.device)
    except OSError as error:
        unread = f"{error.filename or origin.real}: {reason(error)}"
    return CloneFacts(
        request=request,
        environment=environment,
        installation=installation,
        origin=origin,
        target=target,
        source=source,
        unread=unread,
        provided=provided,
        survey=seen,
    )
