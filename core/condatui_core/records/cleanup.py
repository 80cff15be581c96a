"""What could go, why, how far to trust that, and what a choice of it comes to."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from condatui_core.records.request import Cleanable

CleanupKind = Literal["environment", "cache", "kernel", "leftovers", "merge", "relink"]
"""A whole environment or what is left of one (or only its line in environments.txt), a part of a package cache, a
Jupyter kernel whose environment is gone, a site-packages that a living environment no longer reads, a member of a
group that goes once a merged environment has taken its place, or what files of equal content occupy more than once."""

Tier = Literal["cache", "relink", "leftover", "identical", "subset", "stale", "merge", "weak"]
"""How little a candidate is regretted, the least first. A goal never chooses what is only `weak`: a trial name, a name
against the rule, too many of one user."""

TIERS: tuple[Tier, ...] = ("cache", "relink", "leftover", "identical", "subset", "stale", "merge", "weak")

Trust = Literal["certain", "likely", "guess"]
"""How far a reason can be trusted: by the disk or the records, by signs that may mislead, by a name alone."""


class CleanupReason(Struct, frozen=True, kw_only=True):
    """Why something could go."""

    id: str
    """Stable: the id of the finding it comes from, or `cache`, `identical`, `subset`, `differs`, `nothing-requested`,
    `too-many`, `too-large`, `name-rule`, `relink`."""
    text: str
    """A few words."""
    trust: Trust = "certain"
    """How far it can be trusted."""
    evidence: tuple[str, ...] = ()
    """What shows it, one line each."""


class WayBack(Struct, frozen=True, kw_only=True):
    """What it costs to get something back after it has gone."""

    text: str = ""
    """A few words: `restore point, 12 MB`, `downloaded again when needed`."""
    kept_bytes: int = 0
    """What its restore point would occupy at most, which counts against what is freed."""
    download_bytes: int = 0
    """What would have to be downloaded."""
    minutes: float | None = None
    """How long that takes at the pace of earlier restores and clones on this machine; None if there were none."""


def key_of_part(path: str, what: str) -> str:
    """The key of what is not the whole of a path, as a shell keeps it: `/opt/conda/pkgs#channel-index`."""
    return f"{path}#{what.replace(' ', '-')}"


class CleanupCandidate(Struct, frozen=True, kw_only=True):
    """Something that could go."""

    key: str
    """Its identity."""
    kind: CleanupKind
    path: str
    """The prefix, package cache or kernel directory."""
    name: str
    """Its name: of an environment that only its prefix identifies, the prefix."""
    label: str = ""
    """What lists show for it, such as `PROJECT/NAME`; empty if they show the name."""
    project: str = ""
    """The directory of the project that may expect it, though no other tool manages it; empty if there is none."""
    tier: Tier
    part: Cleanable | None = None
    """The part of a package cache; None for all else."""
    also: tuple[Cleanable, ...] = ()
    """The parts of the same cache that go along, because they would bring it back."""
    reasons: tuple[CleanupReason, ...] = ()
    """The strongest first."""
    bytes: int = 0
    """The bytes that it occupies; 0 if not measured."""
    blocked: str = ""
    """Why it cannot be chosen; empty if it can."""
    only_by_hand: str = ""
    """Why a goal and a policy leave it alone, though the user can choose it; empty if they do not."""
    at_work: bool = False
    """Whether that is because a job works on it."""
    prefixes: tuple[str, ...] = ()
    """Of files that are stored twice, the environments that have them; their first one is the path."""
    used_lately: str = ""
    """When it was used in the last days, in words: a goal takes all else first; empty if it was not."""
    instead: str = ""
    """The prefix of the environment that takes its place: the keeper of its group."""
    way_back: WayBack = WayBack()

    @property
    def shown(self) -> str:
        """The name that lists show for it."""
        return self.label or self.name

    @property
    def caution(self) -> str:
        """What to think of before it goes, though nothing stands against it; empty if there is nothing."""
        if self.blocked:
            return ""
        project = f"the project in {self.project} may expect it" if self.project and self.kind != "leftovers" else ""
        return " and ".join(filter(None, (self.used_lately, project)))

    @property
    def frees_at_least(self) -> bool:
        """Whether what it frees is known as a lower bound only: a merge writes files whose sizes are not known yet."""
        return self.kind == "merge"


class CleanupChoice(Struct, frozen=True, kw_only=True):
    """The candidates that the user, a goal or a policy has chosen."""

    prefixes: tuple[str, ...] = ()
    """Environments, remains and lines of environments.txt to remove."""
    cleaned: tuple[tuple[str, tuple[Cleanable, ...]], ...] = ()
    """(cache, parts to clean) pairs."""
    kernels: tuple[str, ...] = ()
    """Directories of Jupyter kernels to delete."""
    leftovers: tuple[str, ...] = ()
    """Prefixes of living environments from which what their python no longer reads is deleted."""
    merges: tuple[tuple[str, str], ...] = ()
    """(member, keeper) pairs."""
    relinks: tuple[tuple[str, ...], ...] = ()
    """For each disk, the environments whose files are stored once."""

    @property
    def gone(self) -> tuple[str, ...]:
        """The prefixes that are gone afterwards, or were made anew."""
        return (*self.prefixes, *(member for member, _ in self.merges))
