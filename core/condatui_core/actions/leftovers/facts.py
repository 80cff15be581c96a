"""What lies in the site-packages that the python of an environment no longer reads."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass

from condatui_core.actions.checkpoint import PlannedCheckpoint, plan_checkpoint, subject_of, unreadable
from condatui_core.actions.guards import blockers_to_alter, observe_prefixes
from condatui_core.actions.prefix_state import PrefixState
from condatui_core.actions.protocol import JobContext
from condatui_core.errors import CondatuiError
from condatui_core.fs.tree import PrefixTree, TreeEntry
from condatui_core.prefixes.snapshot import PrefixSnapshot, read_snapshot
from condatui_core.records.environment import Environment
from condatui_core.records.finding import Finding
from condatui_core.records.job import PlannedLeftovers
from condatui_core.records.package import StaleSitePackages
from condatui_core.records.request import LeftoversRequest
from condatui_core.records.restore_point import Occasion

BEFORE_DELETING = Occasion(change="leftovers")
_SHARED = ("", "lib", "lib64", "Lib")
"""Directories above a site-packages that are not those of one python."""


@dataclass(frozen=True, slots=True)
class Leftovers:
    """One site-packages that goes, with the directory of its python if nothing else lies in that."""

    stale: StaleSitePackages
    top: str
    """What is deleted, relative to the prefix: the site-packages, or the directory of its python."""
    going: tuple[TreeEntry, ...]
    """All that goes: what no record of conda states."""
    kept: frozenset[str] = frozenset()
    """The paths in it that stay, since a record of conda states them, with the directories that they lie in."""

    @property
    def files(self) -> int:
        """The number of things that go that are no directories."""
        return sum(1 for each in self.going if each.kind != "directory")


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
        going = [entry for each in self.leftovers for entry in each.going]
        return PrefixTree(self.prefix, going).exclusive_bytes

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


def leftovers_in(snapshot: PrefixSnapshot) -> tuple[Leftovers, ...]:
    """The site-packages of an environment that no python of it reads, with all that may go of them."""
    stated = snapshot.stated
    return tuple(_leftovers(each, snapshot.tree, stated) for each in snapshot.contents.stale_site_packages)


def _leftovers(stale: StaleSitePackages, tree: PrefixTree, stated: frozenset[str]) -> Leftovers:
    top = _top(stale.path, tree)
    inside = [each for each in tree.entries if each.path == top or each.path.startswith(f"{top}/")]
    stays = {path for path in stated if path.startswith(f"{top}/")}
    kept = frozenset(each for path in stays for each in (path, *_directories_of(path)))
    return Leftovers(stale, top, tuple(each for each in inside if each.path not in kept), kept)


def _top(path: str, tree: PrefixTree) -> str:
    """The directory of a python, if nothing lies in it but its site-packages; else the site-packages."""
    above = os.path.dirname(path)
    others = (each.path for each in tree.entries if each.path.startswith(f"{above}/") and each.path != path)
    alone = above not in _SHARED and all(each.startswith(f"{path}/") for each in others)
    return above if alone else path


def _directories_of(path: str) -> Sequence[str]:
    found = []
    while path := os.path.dirname(path):
        found.append(path)
    return found


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
