"""Groups of environments that are alike: which one stays, and what each of the others has that differs."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Relation = Literal["identical", "subset", "differs"]
"""What a member is to its keeper: the same packages (builds may differ), nothing but packages that the keeper has in
the same version and channel, or anything else."""


class PackageDifference(Struct, frozen=True, kw_only=True):
    """A package that the keeper and a member both have, in another version or from another channel."""

    name: str
    keeper: str
    """The keeper's version."""
    member: str
    """The member's version."""
    order: Literal["older", "newer", "same"]
    """The keeper's version is older than the member's, newer, or the same one from another channel."""
    requested: bool = False
    """Whether the user of the member requested it."""


class AlikeMember(Struct, frozen=True, kw_only=True):
    """An environment of a group, compared with the keeper."""

    prefix: str
    relation: Relation
    similarity: float
    """By name, version and channel, 0 to 1."""
    requested_similarity: float | None = None
    """The same over the packages that either user requested; None if neither requested any."""
    build_similarity: float = 1.0
    """The same with equal builds."""
    stays: str = ""
    """Why it does not go in any case: `frozen`, `you keep it`; empty if it could go."""
    builds: tuple[str, ...] = ()
    """Names of the packages that differ in nothing but their build."""
    differs: tuple[PackageDifference, ...] = ()
    extra: tuple[str, ...] = ()
    """Names of the packages that only the member has."""
    lacking: tuple[str, ...] = ()
    """Names of the packages that only the keeper has."""


class AlikeGroup(Struct, frozen=True, kw_only=True):
    """Environments that are each alike to one of them, the keeper."""

    keeper: str
    """A prefix."""
    why: tuple[str, ...]
    """Why this one stays, each in a few words, the strongest reason first: `used today`, `holds all of the others`."""
    chosen: bool = False
    """Whether the user has chosen it."""
    members: tuple[AlikeMember, ...] = ()
    """The others, the most similar first."""
