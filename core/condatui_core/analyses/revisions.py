"""What each revision of an environment has changed, and which packages the environment had after it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from condatui_core.analyses.channels import UNKNOWN, channel_identity, split_platform
from condatui_core.analyses.versions import version_key
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import History, Revision
from condatui_core.records.revision import HistoryPackage, MoveKind, RevisionChanges, RevisionMove
from condatui_core.text import strip_credentials

State = Mapping[str, HistoryPackage]
"""The packages of an environment by name."""

_FEATURES = re.compile(r"\[[^\]]*\]$")
"""The features that conda 4.1 and 4.2 wrote after a build: `numpy-1.11.1-py35_0[nomkl]`."""
_DEFAULT_CHANNELS = ChannelConfig()


def changes_of(history: History) -> tuple[RevisionChanges, ...]:
    """What each revision has changed, oldest first, with as many entries as the history has revisions."""
    state: dict[str, HistoryPackage] = {}
    return tuple(RevisionChanges(number=each.number, moves=tuple(_apply(each, state))) for each in history.revisions)


def states_of(history: History) -> Iterator[tuple[Revision, State]]:
    """Each revision with the packages after it, oldest first; the mapping is one object that changes between two."""
    state: dict[str, HistoryPackage] = {}
    for revision in history.revisions:
        _apply(revision, state)
        yield revision, state


def state_after(history: History, number: int) -> tuple[HistoryPackage, ...]:
    """The conda packages that an environment had after a revision, sorted by name, by its history alone.

    Raises LookupError if the history has no such revision.
    """
    for revision, state in states_of(history):
        if revision.number == number:
            return tuple(state[name] for name in sorted(state))
    raise LookupError(number)


def never_named(history: History, packages: Iterable[PackageRecord]) -> tuple[PackageRecord, ...]:
    """The installed packages that no line of the history names: no revision has brought them or can take them."""
    named = {
        history_package(each).name for revision in history.revisions for each in (*revision.added, *revision.removed)
    }
    return tuple(each for each in packages if each.name not in named)


@lru_cache(maxsize=1 << 14)
def history_package(dist_name: str, source: str = "") -> HistoryPackage:
    """The package that a history names `name-version-build`, from a `source` such as `conda-forge/linux-64`."""
    name, *rest = _FEATURES.sub("", dist_name).rsplit("-", 2)
    if len(rest) != 2:
        return HistoryPackage(dist_name.lower())
    channel, subdir = split_platform(strip_credentials(source))
    channel = "" if channel == UNKNOWN else channel
    return HistoryPackage(name.lower(), rest[0], rest[1], channel, subdir)


# One revision


def _apply(revision: Revision, state: dict[str, HistoryPackage]) -> list[RevisionMove]:
    """Change the state as a revision did, and list what that changed.

    A package is in an environment once, so its name decides: mamba takes away under one channel's spelling what
    conda had added under another. A package that is added as it was there already has not changed, although conda
    lists it after a revision without lines.
    """
    gone = _by_name(revision.removed, revision.removed_from)
    come = _by_name(revision.added, revision.added_from)
    moves = []
    for name in sorted(gone.keys() | come.keys()):
        before, after = state.pop(name, gone.get(name)), come.get(name)
        if after is not None:
            state[name] = after
        if before != after and (kind := _kind(before, after)):
            moves.append(RevisionMove(name=name, kind=kind, before=before, after=after))
    return moves


def _by_name(dist_names: tuple[str, ...], sources: tuple[str, ...]) -> dict[str, HistoryPackage]:
    padded = sources or ("",) * len(dist_names)
    packages = (history_package(each, source) for each, source in zip(dist_names, padded, strict=True))
    return {each.name: each for each in packages if each.name}


def _kind(before: HistoryPackage | None, after: HistoryPackage | None) -> MoveKind | None:
    """How a package has changed; None if only the spelling of where it came from has."""
    if before is None or after is None:
        return "added" if before is None else "removed"
    if before.version != after.version:
        older, newer = version_key(before.version, "conda"), version_key(after.version, "conda")
        if older != newer:
            return "up" if older < newer else "down"
    if (before.version, before.build) != (after.version, after.build):
        return "build"
    return "channel" if _other_channel(before.channel, after.channel) else None


def _other_channel(before: str, after: str) -> bool:
    stated = bool(before and after)
    return stated and channel_identity(before, _DEFAULT_CHANNELS) != channel_identity(after, _DEFAULT_CHANNELS)
