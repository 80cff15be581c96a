"""Convert the history of an environment to the JSON document of `condatui history`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct, field

from condatui_core.records.environment import Environment
from condatui_core.records.prefix import Revision
from condatui_core.records.revision import HistoryPackage, MoveKind, RevisionFacts, RevisionMove


class ChangedPackageDocument(Struct, frozen=True, kw_only=True):
    """A package that a revision changed."""

    name: str
    """conda's name."""
    kind: MoveKind
    """How it changed: the first of these that holds. `added` and `removed` packages are in lists of their own."""
    before: str = field(name="from")
    """The version and build before, as `1.26.4=py311_0`."""
    after: str = field(name="to")
    """The version and build afterwards."""
    from_channel: str
    """Where it came from before, by the history; empty if it does not say."""
    to_channel: str
    """Where it came from afterwards."""


class HistoryRevisionDocument(Struct, frozen=True, kw_only=True):
    """One revision: what made it, what it changed, and what going back to it takes."""

    number: int
    """The number in `conda list --revisions`, from 0."""
    at: datetime | None
    """The time; None if the line cannot be parsed."""
    command: str
    """The whole command, credentials masked; empty if not stated."""
    by: str
    """The user who ran it, by the owner of the records that it wrote; empty if these do not tell."""
    conda_version: str
    """The version of conda; empty if not stated."""
    added: tuple[str, ...]
    """Added packages, as `name-version-build`."""
    removed: tuple[str, ...]
    """Removed packages, as `name-version-build`."""
    changed: tuple[ChangedPackageDocument, ...]
    """The packages that are there before and after it, and not the same."""
    requested: dict[str, str]
    """What the user had requested after it: package name and spec."""
    present: bool
    """Whether the environment has exactly the conda packages that it had after this revision."""
    restorable: bool
    """Whether it can be gone back to, as far as is known without asking a channel."""
    to_download: tuple[str, ...]
    """The packages that only their channels have, as `name-version-build`."""
    download_bytes: int | None
    """Bytes of these; None if the size of any is not known."""
    unknown: tuple[str, ...]
    """The packages of which neither this machine nor the history says where to get them."""


class HistoryDocument(Struct, frozen=True, kw_only=True):
    """The history of one environment."""

    name: str
    """The name, as in `list`."""
    prefix: str
    """Its real path."""
    revisions: tuple[HistoryRevisionDocument, ...]
    """Oldest first."""


def describe_history(environment: Environment, facts: Sequence[RevisionFacts]) -> HistoryDocument:
    """Describe the history of an environment."""
    revisions = environment.contents.history.revisions if environment.contents else ()
    return HistoryDocument(
        name=environment.name,
        prefix=environment.prefix,
        revisions=tuple(map(_revision, revisions, facts)),
    )


def _revision(revision: Revision, facts: RevisionFacts) -> HistoryRevisionDocument:
    moves = facts.moves
    return HistoryRevisionDocument(
        number=revision.number,
        at=revision.at,
        command=revision.command,
        by=facts.by,
        conda_version=revision.conda_version,
        added=tuple(each.after.dist_name for each in moves if each.after and not each.before),
        removed=tuple(each.before.dist_name for each in moves if each.before and not each.after),
        changed=tuple(_changed(each, each.before, each.after) for each in moves if each.before and each.after),
        requested=dict(facts.requested),
        present=facts.present,
        restorable=facts.restorable,
        to_download=tuple(each.package.dist_name for each in facts.to_download),
        download_bytes=facts.download_bytes,
        unknown=tuple(each.dist_name for each in facts.unknown),
    )


def _changed(move: RevisionMove, before: HistoryPackage, after: HistoryPackage) -> ChangedPackageDocument:
    return ChangedPackageDocument(
        name=move.name,
        kind=move.kind,
        before=_version(before),
        after=_version(after),
        from_channel=before.channel,
        to_channel=after.channel,
    )


def _version(package: HistoryPackage) -> str:
    return f"{package.version}={package.build}"
