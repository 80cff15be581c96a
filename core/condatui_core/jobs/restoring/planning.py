"""What bringing an environment back will do, worked out from what was seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from condatui_core.byte_words import spell_bytes
from condatui_core.conda.changing import install_explicit
from condatui_core.jobs.guarding.guards import blockers_to_make, bytes_problem
from condatui_core.jobs.guarding.observed import Observed
from condatui_core.jobs.work import Surroundings
from condatui_core.printable import printable
from condatui_core.records.finding import Finding
from condatui_core.records.installation import Installation
from condatui_core.records.job import Plan, Step
from condatui_core.records.request import RestoreRequest
from condatui_core.records.restore_point import KeptPackage, RestorePoint


@dataclass(frozen=True, slots=True)
class Restorable:
    """A restore point, and what stands there now."""

    point: RestorePoint
    target: str
    explicit: str
    """The explicit file of what conda has to put back."""
    observed: Observed
    installation: Installation | None
    """The one whose environment it was, if it is still there and can do it."""
    to_download: tuple[KeptPackage, ...]
    """What no package cache has any more."""
    problem: str = ""
    """Why the restore point cannot be used."""


def restoring_plan(found: Restorable, request: RestoreRequest, around: Surroundings) -> Plan:
    """Say what will be done, what would be downloaded, and what stands against it."""
    point, name = found.point, printable(found.point.name)
    return Plan(
        request=request,
        title=f"Bring back {name}",
        steps=tuple(_steps(found)),
        prefixes=(found.target,),
        bytes_needed=bytes_needed(found),
        packages=len(point.packages),
        facts=tuple(_facts(found)),
        warnings=tuple(_warnings(found)),
        blockers=blockers_of(found, around),
    )


def bytes_needed(found: Restorable) -> int:
    """What has to be written: kept files, and packages with what comes out of them; links take nothing."""
    return found.point.archived_bytes + sum(5 * each.archive_bytes for each in found.to_download)


def argv(found: Restorable) -> tuple[str, ...]:
    """The command that puts back what conda has to; empty if there is nothing, or nobody to do it."""
    if found.installation is None or not found.point.needed:
        return ()
    return install_explicit(found.installation.executable, found.target, found.explicit, offline=not found.to_download)


def blockers_of(found: Restorable, around: Surroundings) -> tuple[Finding, ...]:
    """What stands against bringing it back."""
    blockers = []
    if found.problem:
        message = f"The restore point of {printable(found.point.name)} is damaged: {printable(found.problem)}."
        blockers.append(_blocker("damaged", message))
    blockers += _against_making(found, around)
    if found.point.needed and found.installation is None:
        owner = found.point.root_prefix
        message = f"{len(found.point.needed)} packages need the conda in {owner}, which cannot be used."
        blockers.append(_blocker("no-conda", message, "Repair that one, or name it: --conda PATH."))
    blockers += bytes_problem(bytes_needed(found), found.observed)
    return tuple(blockers)


def _against_making(found: Restorable, around: Surroundings) -> Iterator[Finding]:
    """What stands against making it; its name and its place have served it before.

    Only where conda would take a part of the name for a variable, it would make something else of it.
    """
    with_conda = bool(found.point.needed)
    for each in blockers_to_make(found.observed, around, with_conda=with_conda and found.installation is not None):
        misread = each.id == "bad-name" and with_conda and "$" in found.target
        if each.id == "target-exists":
            yield replace(each, remedy="Remove or rename what is there first.")
        elif misread or each.id not in ("bad-name", "inside-environment"):
            yield each


def _steps(found: Restorable) -> Iterator[Step]:
    point = found.point
    if point.needed:
        where = "its package cache" if not found.to_download else "its package cache and the network"
        yield Step(title=f"Let conda put back {len(point.needed)} packages from {where}", argv=argv(found))
    yield Step(title=f"Put back {point.archived_files} files that were kept, and all modes, links and times")
    yield Step(title=f"Compare {point.paths} paths with what was removed")


def _facts(found: Restorable) -> Iterator[tuple[str, str]]:
    point = found.point
    yield "removed", f"{point.at:%Y-%m-%d %H:%M}"
    yield "kept", f"{point.archived_files} files, {spell_bytes(point.archived_bytes)}"
    linked = len(point.needed) - len(found.to_download)
    yield "from the cache", f"{linked} packages, linked: they take no space"
    if found.to_download:
        size = spell_bytes(sum(each.archive_bytes for each in found.to_download))
        yield "to download", f"{len(found.to_download)} packages, {size}"


def _warnings(found: Restorable) -> Iterator[Finding]:
    if found.to_download:
        yield Finding(
            id="download",
            severity="warning",
            message=f"{len(found.to_download)} packages are in no package cache any more and have to be downloaded.",
            remedy="They may be gone from their channels.",
            evidence=tuple(each.explicit for each in found.to_download),
        )
    if found.point.lost:
        message = f"{len(found.point.lost)} things do not come back as they were."
        yield Finding(id="not-kept", severity="warning", message=message, evidence=found.point.lost)


def _blocker(name: str, message: str, remedy: str = "") -> Finding:
    return Finding(id=name, severity="error", message=message, remedy=remedy)
