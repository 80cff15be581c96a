"""What lies in the site-packages that the python of an environment no longer reads."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from condatui_core.actions.checkpoint import PlannedCheckpoint, plan_checkpoint, subject_of, unreadable
from condatui_core.actions.guards import blockers_to_alter, observe_prefixes
from condatui_core.actions.prefix_state import PrefixState
from condatui_core.actions.protocol import JobContext
from condatui_core.errors import CondatuiError
from condatui_core.prefixes.leftovers import Leftovers, freed_by, leftovers_in
from condatui_core.prefixes.snapshot import PrefixSnapshot, read_snapshot
from condatui_core.records.environment import Environment
from condatui_core.records.finding import Finding
from condatui_core.records.job import PlannedLeftovers
from condatui_core.records.request import LeftoversRequest
from condatui_core.records.restore_point import Occasion

BEFORE_DELETING = Occasion(change="leftovers")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftoversTarget:
    """One environment with leftovers, as it is now."""

    prefix: str
    name: str
    observed: PrefixState
    environment: Environment | None = None
    snapshot: PrefixSnapshot | None = None
    leftovers: tuple[Leftovers, ...] = ()
    checkpoint: PlannedCheckpoint | None = None
    blockers: tuple[Finding, ...] = ()

    @property
    def bytes(self) -> int:
        """The bytes that `df` gains when they go."""
        return freed_by(self.leftovers)

    @property
    def planned(self) -> PlannedLeftovers:
        """What is going to be deleted."""
        identity = self.snapshot.tree.entries[0].inode if self.snapshot else (0, 0)
        return PlannedLeftovers(
            prefix=self.prefix,
            identity=identity,
            paths=tuple(each.top for each in self.leftovers),
            files=sum(each.files for each in self.leftovers),
            over_limit=self.checkpoint is not None and self.checkpoint.too_large,
        )


async def read_leftovers(request: LeftoversRequest, context: JobContext) -> tuple[LeftoversTarget, ...]:
    """Read the environments, and what lies in the site-packages that their python no longer reads."""
    seen = await observe_prefixes(tuple(dict.fromkeys(request.prefixes)), context)
    return tuple([await asyncio.to_thread(_read, each, context) for each in seen])


def _read(observed: PrefixState, context: JobContext) -> LeftoversTarget:
    environment = context.environment(observed.real)
    subject = subject_of(observed.real, context, BEFORE_DELETING)
    blockers = [*blockers_to_alter(observed, environment, context, with_conda=False)]
    try:
        snapshot = read_snapshot(observed.real)
        checkpoint = plan_checkpoint(snapshot, subject, context)
    except (OSError, CondatuiError) as error:
        blockers.append(unreadable(subject.name, error))
        return LeftoversTarget(
            prefix=observed.real, name=subject.name, observed=observed, environment=environment, blockers=(*blockers,)
        )
    return LeftoversTarget(
        prefix=observed.real,
        name=subject.name,
        observed=observed,
        environment=environment,
        snapshot=snapshot,
        leftovers=leftovers_in(snapshot),
        checkpoint=checkpoint,
        blockers=(*blockers, *checkpoint.blockers),
    )
