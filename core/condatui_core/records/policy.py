"""What a policy file says: what an unattended cleanup may delete, and the rules for names and users."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

AllowedReason = Literal[
    "cache",
    "relink",
    "leftover",
    "identical",
    "subset",
    "stale",
    "merge",
    "orphan",
    "missing",
    "broken",
    "stale-python",
    "kernel",
    "scratch-name",
    "name-rule",
    "nothing-requested",
    "too-many",
    "too-large",
]
"""What a policy may allow: a tier with everything in it, or one reason by its id."""


_Bytes: TypeAlias = Annotated[int, Meta(ge=0, le=1 << 60)]


class Policy(Struct, frozen=True, kw_only=True):
    """The rules of a policy file; what is left out sets no rule."""

    allow: tuple[AllowedReason, ...] = ()
    """The tiers and reasons for which something may go; nothing else goes."""
    max_age_days: Annotated[int, Meta(ge=1, le=36_500)] | None = None
    """Days without use after which an environment is stale; by default as in the settings."""
    min_free: _Bytes | None = None
    """Bytes that are to be free on each file system on which something may go: nothing goes there if they are, else no
    more than it takes."""
    keep: tuple[str, ...] = ()
    """Names, prefixes and patterns such as `prod-*` of environments and caches that stay."""
    names: str = ""
    """A regular expression that the names of environments have to match as a whole."""
    users: tuple[str, ...] = ()
    """The users whose environments may go; by default those of the user who runs it."""
    max_environments_per_user: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    """How many environments a user may have; those that were used last are within it."""
    max_bytes_per_user: _Bytes | None = None
    """How many bytes the environments of a user may occupy; those that were used last are within it."""
