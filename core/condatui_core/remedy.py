"""Remedies: what the user can do about something, independent of the front end.

A remedy with the same wording everywhere is a plain text. One that a command words as a flag and the workbench as a
key or a field is a record here, with its arguments; each front end has its own wording for it.
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
    """Include conda itself in a clone of base."""


class ReplaceFile(Struct, frozen=True, kw_only=True, tag_field="kind", tag="replace-file"):
    """Allow the existing file to be replaced, or choose another name."""


class IgnoreEditable(Struct, frozen=True, kw_only=True, tag_field="kind", tag="ignore-editable"):
    """Pack without packages installed in place, or install them regularly."""


class IgnoreMissing(Struct, frozen=True, kw_only=True, tag_field="kind", tag="ignore-missing"):
    """Pack without missing files, or install their packages again."""


class ExcludeFiles(Struct, frozen=True, kw_only=True, tag_field="kind", tag="exclude-files"):
    """Leave unreadable files out of an archive by a pattern, or ask their owner."""


class BuildFromArchive(Struct, frozen=True, kw_only=True, tag_field="kind", tag="build-from-archive"):
    """Build an image from the packed environment, which has what no list can say."""


class LeaveOutVariables(Struct, frozen=True, kw_only=True, tag_field="kind", tag="leave-out-variables"):
    """Look whether any of the environment's variables is a secret, and leave them out then."""


class WithoutRestorePoint(Struct, frozen=True, kw_only=True, tag_field="kind", tag="without-restore-point"):
    """Remove without a restore point."""

    elsewhere: bool = False
    """Whether another directory for restore points would help as well."""


class TakeKernels(Struct, frozen=True, kw_only=True, tag_field="kind", tag="take-kernels"):
    """Delete the Jupyter kernels that start an environment along with it."""


class AcceptSize(Struct, frozen=True, kw_only=True, tag_field="kind", tag="accept-size"):
    """Accept a restore point over the limit of the settings, or remove without one."""

    limit_bytes: int
    """What a restore point may hold by the settings."""
    planned: bool = True
    """Whether the plan includes it, so that confirming the plan is enough; otherwise it must be planned again."""


class Thaw(Struct, frozen=True, kw_only=True, tag_field="kind", tag="thaw"):
    """Thaw an environment, or remove it although it is frozen."""

    file: str
    """The file that makes it frozen."""


class Unkeep(Struct, frozen=True, kw_only=True, tag_field="kind", tag="unkeep"):
    """Take the keep mark of an environment away, or remove it although it has one."""

    prefix: str
    """The real path of the environment."""


class RepairMarks(Struct, frozen=True, kw_only=True, tag_field="kind", tag="repair-marks"):
    """Repair the file of keep marks, or remove an environment whatever that file says."""

    file: str
    """The path of that file."""


class SetBaseline(Struct, frozen=True, kw_only=True, tag_field="kind", tag="set-baseline"):
    """Make another environment the baseline, or none, where the user has set it."""


class FollowBaseline(Struct, frozen=True, kw_only=True, tag_field="kind", tag="follow-baseline"):
    """Bring the packages of an environment to the versions that the baseline has."""

    prefix: str
    """The real path of the environment."""
    baseline: str
    """The real path of the baseline."""


class RemoveEnvironment(Struct, frozen=True, kw_only=True, tag_field="kind", tag="remove-environment"):
    """Remove the remains of an environment, unless a job works on it."""

    prefix: str
    """Where it lies."""


class FreeSpace(Struct, frozen=True, kw_only=True, tag_field="kind", tag="free-space"):
    """Free some space on the disk first."""


class Reload(Struct, frozen=True, kw_only=True, tag_field="kind", tag="reload"):
    """Reload, since something no longer exists."""


class LeaveReadOnly(Struct, frozen=True, kw_only=True, tag_field="kind", tag="leave-read-only"):
    """Allow changes again, where that is allowed."""

    started: bool
    """Whether condatui was started so that nothing can be changed, and stays so until its end."""


class SeparateOne(Struct, frozen=True, kw_only=True, tag_field="kind", tag="separate-one"):
    """Make the files of an environment its own again that a relink has joined."""

    prefixes: tuple[str, ...]
    """The environments that have such files."""


class ListEnvironments(Struct, frozen=True, kw_only=True, tag_field="kind", tag="list-environments"):
    """List the environments."""


class ListRestorePoints(Struct, frozen=True, kw_only=True, tag_field="kind", tag="list-restore-points"):
    """List the restore points."""


class SeeDuplicates(Struct, frozen=True, kw_only=True, tag_field="kind", tag="see-duplicates"):
    """See what going from alike environments to one frees."""


class SeeInterrupted(Struct, frozen=True, kw_only=True, tag_field="kind", tag="see-interrupted"):
    """See what an interrupted job has left."""

    way_out: bool = False
    """Whether that has been looked at, and there is a way out."""


Remedy: TypeAlias = (
    NameConda
    | AllowDownloads
    | TakeConda
    | ReplaceFile
    | IgnoreEditable
    | IgnoreMissing
    | ExcludeFiles
    | BuildFromArchive
    | LeaveOutVariables
    | WithoutRestorePoint
    | TakeKernels
    | AcceptSize
    | Thaw
    | Unkeep
    | RepairMarks
    | SetBaseline
    | FollowBaseline
    | RemoveEnvironment
    | FreeSpace
    | Reload
    | LeaveReadOnly
    | SeparateOne
    | ListEnvironments
    | ListRestorePoints
    | SeeDuplicates
    | SeeInterrupted
)

Advice: TypeAlias = Remedy | str
"""What to do: a remedy that each front end words itself, or a plain text for all of them."""
