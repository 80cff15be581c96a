"""Remedies: what the user can do about something, in no front end's language.

What reads the same everywhere is a plain text. What a command says as a flag and the workbench as a key or a field is
a record here, with its arguments; each front end has words of its own for it.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct


class NameConda(Struct, frozen=True, kw_only=True, tag_field="kind", tag="name-conda"):
    """Name a conda that works."""

    why: Literal["none", "not-conda", "unusable"] = "none"
    """None was found, the one found is something else, or the one that is needed cannot be used."""


class AllowDownloads(Struct, frozen=True, kw_only=True, tag_field="kind", tag="allow-downloads"):
    """Let packages be downloaded for a clone."""


class TakeConda(Struct, frozen=True, kw_only=True, tag_field="kind", tag="take-conda"):
    """Take conda itself along into a clone of base."""


class ReplaceFile(Struct, frozen=True, kw_only=True, tag_field="kind", tag="replace-file"):
    """Let the file that is there be replaced, or choose another name."""


class IgnoreEditable(Struct, frozen=True, kw_only=True, tag_field="kind", tag="ignore-editable"):
    """Pack without what is installed in place, or install it for good."""


class IgnoreMissing(Struct, frozen=True, kw_only=True, tag_field="kind", tag="ignore-missing"):
    """Pack without the files that are gone, or install their packages again."""


class ExcludeFiles(Struct, frozen=True, kw_only=True, tag_field="kind", tag="exclude-files"):
    """Leave unreadable files out of an archive by a pattern, or ask their owner."""


class WithoutRestorePoint(Struct, frozen=True, kw_only=True, tag_field="kind", tag="without-restore-point"):
    """Remove without a restore point."""

    elsewhere: bool = False
    """Whether keeping restore points in another directory would do as well."""


class AcceptSize(Struct, frozen=True, kw_only=True, tag_field="kind", tag="accept-size"):
    """Agree to a restore point over the limit of the settings, or do without one."""

    limit_bytes: int
    """What a restore point may hold by the settings."""
    planned: bool = True
    """Whether the plan has it, so that agreeing to the plan is enough; otherwise it has to be planned again."""


class Thaw(Struct, frozen=True, kw_only=True, tag_field="kind", tag="thaw"):
    """Thaw an environment, or remove it though it is frozen."""

    file: str
    """What makes it frozen."""


class RemoveEnvironment(Struct, frozen=True, kw_only=True, tag_field="kind", tag="remove-environment"):
    """Remove what is left of an environment, unless a job is at it."""

    prefix: str
    """Where it lies."""


class FreeSpace(Struct, frozen=True, kw_only=True, tag_field="kind", tag="free-space"):
    """Free some space on the disk first."""


class Reload(Struct, frozen=True, kw_only=True, tag_field="kind", tag="reload"):
    """Look again what is there: something is gone that was there before."""


class ListEnvironments(Struct, frozen=True, kw_only=True, tag_field="kind", tag="list-environments"):
    """Look which environments there are."""


class ListRestorePoints(Struct, frozen=True, kw_only=True, tag_field="kind", tag="list-restore-points"):
    """Look which restore points there are."""


Remedy: TypeAlias = (
    NameConda
    | AllowDownloads
    | TakeConda
    | ReplaceFile
    | IgnoreEditable
    | IgnoreMissing
    | ExcludeFiles
    | WithoutRestorePoint
    | AcceptSize
    | Thaw
    | RemoveEnvironment
    | FreeSpace
    | Reload
    | ListEnvironments
    | ListRestorePoints
)

Advice: TypeAlias = Remedy | str
"""What to do: a remedy that each front end says in its own words, or a plain text for all of them."""
