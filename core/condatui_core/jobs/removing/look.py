"""What there is to remove: looked at closely, without changing anything."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from condatui_core.errors import CondatuiError
from condatui_core.jobs.guarding.guards import look_at_all
from condatui_core.jobs.guarding.observed import Observed
from condatui_core.jobs.removing.detours import detours
from condatui_core.jobs.removing.registration import is_registered
from condatui_core.jobs.restoring.making import lost
from condatui_core.jobs.restoring.store import directory_of_points
from condatui_core.jobs.restoring.survey import Survey, package_caches, survey
from condatui_core.jobs.restoring.tree import Freed
from condatui_core.jobs.work import Surroundings
from condatui_core.prefixes.look import HALF_MADE
from condatui_core.records.environment import Environment
from condatui_core.records.installation import Installation

Kind = Literal["environment", "remains", "link", "missing", "nothing"]


@dataclass(frozen=True, slots=True)
class Content:
    """What a prefix holds, as far as a plan has to know."""

    packages: int = 0
    kept_files: int = 0
    """Files that conda could not put back."""
    kept_bytes: int = 0
    gone: tuple[str, ...] = ()
    """Packages that no cache has any more, so that their files have to be kept."""
    lost: tuple[str, ...] = ()
    """What could not be brought back as it is."""
    environments: tuple[str, ...] = ()
    """Other environments inside it."""
    mounts: tuple[str, ...] = ()
    detours: tuple[str, ...] = ()
    """Directories of packages that are behind a link, so that conda cannot be let near."""
    unreadable: tuple[str, ...] = ()
    problem: str = ""
    """Why it could not be looked at."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One path that is to be removed."""

    path: str
    """Absolute, its last part not followed."""
    kind: Kind
    name: str
    observed: Observed
    environment: Environment | None = None
    installation: Installation | None = None
    known: bool = True
    """Whether it is an environment, or lies where environments do; else it may be anything."""
    half_made: bool = False
    """Whether condatui itself was making it and has not come to the end: what it was made of is elsewhere."""
    holds: tuple[str, ...] = ()
    """What must never go along and lies in it: the home directory, a conda, condatui's own files."""
    content: Content = Content()
    point: str = ""
    """The restore point of before it was removed in part, so that it needs no other."""


async def look_at(paths: Sequence[str], around: Surroundings, *, freed: Freed | None = None) -> tuple[Candidate, ...]:
    """Look at paths, each once; with `freed` at every file in them, and what these free together is added up there."""
    seen = await look_at_all(tuple(dict.fromkeys(paths)), around)
    return await asyncio.to_thread(partial(_candidates, seen, around, freed))


def caches_of(installation: Installation | None, around: Surroundings) -> tuple[str, ...]:
    """The package caches from which an installation would put packages back."""
    root = installation.root_prefix if installation else ""
    facts = around.conda_facts.get(root)
    return package_caches(root, facts.pkgs_dirs if facts else ())


def content_of(found: Survey) -> Content:
    """Sum up a survey."""
    return Content(
        packages=len(found.contents.packages),
        kept_files=len(found.kept),
        kept_bytes=found.kept_bytes,
        gone=found.recorded.gone,
        lost=tuple(lost(found)),
        environments=tuple(found.tree.environments),
        mounts=tuple(found.tree.mounts),
        detours=tuple(detours(found.tree, found.recorded.stated)),
        unreadable=tuple(found.tree.unreadable),
    )


def _candidates(seen: Sequence[Observed], around: Surroundings, freed: Freed | None) -> tuple[Candidate, ...]:
    return tuple(_candidate(each, around, freed) for each in seen)


def _candidate(observed: Observed, around: Surroundings, freed: Freed | None) -> Candidate:
    environment = around.environment(observed.real) or around.environment(observed.prefix)
    found = Candidate(
        path=observed.prefix,
        kind=_kind(observed, environment, around),
        name=environment.name if environment and not observed.symlink else observed.prefix,
        observed=observed,
        environment=environment,
        installation=around.installation(environment),
        known=environment is not None or observed.has_conda_meta,
        half_made=os.path.lexists(os.path.join(observed.prefix, HALF_MADE)),
        holds=tuple(_holds(observed, around)),
    )
    if freed and found.kind in ("environment", "remains") and not found.holds:
        content = _content(found, around, freed)
        return replace(found, content=content, kind="remains" if content.detours else found.kind)
    return found


def _kind(observed: Observed, environment: Environment | None, around: Surroundings) -> Kind:
    if observed.symlink:
        return "link"
    if not observed.exists:
        listed = environment is not None or is_registered(around.caller.home, observed.prefix)
        return "missing" if listed else "nothing"
    contents = environment.contents if environment else None
    damaged = contents is not None and bool(contents.problems)  # conda would stop at a record that it cannot read
    misread = "$" in observed.prefix  # conda would take it for a variable, and remove something else
    return "environment" if observed.has_history and not damaged and not misread else "remains"


def _content(candidate: Candidate, around: Surroundings, freed: Freed) -> Content:
    try:
        found = survey(candidate.path, caches_of(candidate.installation, around))
        freed.add(found.tree)
        return content_of(found)
    except CondatuiError as error:
        return Content(problem=error.detail or error.title)


def _holds(observed: Observed, around: Surroundings) -> Iterator[str]:
    precious = (
        str(around.caller.home),
        str(around.locations.state),
        str(around.locations.config),
        str(directory_of_points(around.settings, around.locations)),
        *(each.root_prefix for each in around.inventory.installations if each.root_prefix),
        *(cache for facts in around.conda_facts.values() for cache in facts.pkgs_dirs),
    )
    inside = observed.real.rstrip(os.sep) + os.sep
    for each in precious:
        if os.path.realpath(each).startswith(inside) or os.path.realpath(each) == observed.real:
            yield each
