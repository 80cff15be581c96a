"""Verifies a clone: compares it with its source on the disk, starts its python, and words the outcome."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from condatui_core.actions.clone.facts import CloneFacts
from condatui_core.actions.clone.mirror import Mirrored, surplus
from condatui_core.actions.clone.plan import finding
from condatui_core.actions.clone.source import Source
from condatui_core.actions.prefix_change import LARGEST_TEXT, PrefixChange, is_binary, same
from condatui_core.analyses.channels import same_package
from condatui_core.fs.safe_read import open_regular, reason
from condatui_core.fs.tree import PrefixTree, TreeEntry, read_tree
from condatui_core.prefixes.meta_file import record_file_name
from condatui_core.prefixes.probe import HALF_MADE
from condatui_core.records.finding import Finding
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.job import Outcome
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import PrefixContents
from condatui_core.text import counted, format_bytes

# Comparing the clone with its source


@dataclass(frozen=True, slots=True)
class Verified:
    """The differences between a clone and its source."""

    contents: PrefixContents
    """The contents of the clone."""
    missing_packages: tuple[str, ...]
    other_packages: tuple[str, ...]
    distributions: tuple[str, ...]
    """Distributions of pip that only one of the two has, or has in another version."""
    differing: tuple[str, ...]
    """Paths that only one of the two has, or that differ in more than the prefix."""
    naming_source: tuple[str, ...]
    """Text files of the clone that still contain the prefix of its source."""
    bytes_used: int
    """The bytes that `df` has lost to the clone."""


def not_linked(records: Iterable[PackageRecord], target: str) -> tuple[str, ...]:
    """The packages of which a target has no record; `verify` compares the content of the records."""
    meta = os.path.join(target, "conda-meta")
    there = set(os.listdir(meta)) if os.path.isdir(meta) else set()
    return tuple(sorted(_spelled(each) for each in records if record_file_name(each) not in there))


def verify(
    source: Source,
    change: PrefixChange,
    contents_in: Callable[[PrefixTree], PrefixContents],
    *,
    channels: ChannelConfig,
    ignored: Collection[str],
    temporary_bytes: int = 0,
) -> Verified:
    """Compare a clone with its source, changing nothing.

    `contents_in` gives the contents of a clone with this tree, `channels` says which URLs are of one channel.
    `ignored` are paths that are known to differ, and `temporary_bytes` those of the clone that will be deleted.
    Raises OSError if the clone is gone.
    """
    tree = read_tree(change.target)
    contents = contents_in(tree)
    differing = tuple(_differing(source, tree, change, frozenset(ignored)))
    left_out = {each.name for each in source.left_out}
    expected = [each for each in source.contents.distributions if each.owner not in left_out]
    return Verified(
        contents=contents,
        missing_packages=_lacking(contents.packages, source.records, channels),
        other_packages=_lacking(source.records, contents.packages, channels),
        distributions=tuple(sorted(_distributions(expected) ^ _distributions(contents.distributions))),
        differing=differing,
        naming_source=tuple(_naming(source, tree, change)),
        bytes_used=tree.exclusive_bytes - temporary_bytes,
    )


def _lacking(
    there: Sequence[PackageRecord], wanted: Sequence[PackageRecord], channels: ChannelConfig
) -> tuple[str, ...]:
    """The wanted packages that are not among those that are there."""
    spelled = {_spelled(each): each for each in there}
    found = (spelled.get(_spelled(each)) for each in wanted)
    lacking = (
        one for one, other in zip(wanted, found, strict=True) if not other or not same_package(one, other, channels)
    )
    return tuple(sorted(map(_spelled, lacking)))


def _spelled(record: PackageRecord) -> str:
    return f"{record.name}-{record.version}-{record.build}"


def _distributions(found: Iterable[Distribution]) -> set[str]:
    return {f"{each.name} {each.version}" for each in found if each.owner is None}


def _differing(source: Source, tree: PrefixTree, change: PrefixChange, ignored: frozenset[str]) -> Iterator[str]:
    there = {each.path: each for each in tree.entries if each.path.partition("/")[0] != "conda-meta"}
    for entry in source.tree.entries:
        if entry.path in ignored or entry.kind not in ("file", "directory", "symlink"):
            continue
        found = there.get(entry.path)
        try:
            if found is None or not same(entry, found, change):
                yield entry.path
        except OSError as error:
            yield f"{entry.path}: {reason(error)}"
    yield from (each.path for each in surplus(source, there))


def _naming(source: Source, tree: PrefixTree, change: PrefixChange) -> Iterator[str]:
    """Search the text files that are the clone's own, whether conda wrote them or condatui copied them."""
    inodes = {each.inode for each in source.tree.entries if each.kind == "file"}
    for entry in tree.entries:
        if _may_name(entry) and entry.inode not in inodes:
            with open_regular(os.path.join(change.target, entry.path)) as stream:
                data = stream.read()
            if not is_binary(data) and change.occurs_in(data):
                yield entry.path


def _may_name(entry: TreeEntry) -> bool:
    return (
        entry.kind == "file"
        and entry.status.st_nlink == 1
        and entry.status.st_size <= LARGEST_TEXT
        and entry.path != HALF_MADE
        and not entry.path.startswith("conda-meta/")
        and not entry.path.endswith(".pyc")
    )


# The outcome


def outcome_of(
    facts: CloneFacts,
    mirrored: Mirrored,
    verified: Verified,
    *,
    problems: Sequence[str],
    complaint: str,
    python: str,
) -> Outcome:
    """The outcome of a clone, with findings on what is not as in its source.

    `complaint` is what conda complained about, `python` is why the clone's python does not run; both may be empty.
    """
    contents = verified.contents
    pip = len(contents.pip_distributions)
    packages = counted(len(contents.packages), "package") + (f" and {pip} of pip" if pip else "")
    name = os.path.basename(facts.target.prefix)
    return Outcome(
        message=f"{name} was made: {packages}, {format_bytes(verified.bytes_used)} on the disk.",
        findings=(
            *_differences(verified),
            *_losses(mirrored, verified, problems),
            *_said(complaint, python),
            *_notes(facts),
        ),
        bytes_used=verified.bytes_used,
        says_bytes=True,
        files=(facts.target.prefix,),
    )


def _differences(verified: Verified) -> Iterator[Finding]:
    for found, words, where in (
        (verified.missing_packages, ("package of the source is", "packages of the source are"), "not in the clone"),
        (verified.other_packages, ("package is", "packages are"), "in the clone and not in the source"),
    ):
        if found:
            yield finding("differs", "error", f"{counted(len(found), *words)} {where}.", "Compare the two.", found)
    if verified.distributions:
        count = counted(len(verified.distributions), "distribution of pip is", "distributions of pip are")
        yield finding("differs", "error", f"{count} not the same in both.", "Compare the two.", verified.distributions)
    if verified.differing:
        message = f"{counted(len(verified.differing), 'file is', 'files are')} not the same in both."
        yield finding("differs", "warning", message, "Look at them before you rely on the clone.", verified.differing)


def _losses(mirrored: Mirrored, verified: Verified, problems: Sequence[str]) -> Iterator[Finding]:
    if naming := sorted({*mirrored.naming_source, *verified.naming_source}):
        count = counted(len(naming), "file still names", "files still name")
        message = f"{count} the source, because the path could not be replaced there."
        yield finding("old-prefix", "warning", message, "Install their packages again in the clone.", naming)
    if mirrored.unreadable:
        message = f"{counted(len(mirrored.unreadable), 'file')} could not be read: missing in the clone."
        yield finding("unreadable", "warning", message, "Ask its owner.", mirrored.unreadable)
    if mirrored.special:
        count = counted(len(mirrored.special), "pipe, socket or device was", "pipes, sockets and devices were")
        yield finding("special-files", "note", f"{count} not copied.", "", mirrored.special)
    if problems:
        yield finding("broken", "warning", "Some of its metadata could not be read.", "", problems)


def _said(complaint: str, python: str) -> Iterator[Finding]:
    if complaint:
        lines = complaint.splitlines()
        yield finding(
            "conda-said", "warning", "conda complained, and went on.", "Is the source as it should be?", lines
        )
    if python:
        yield finding("python-fails", "error", "Its python does not run as it should.", "Does the source's?", (python,))


def _notes(facts: CloneFacts) -> Iterator[Finding]:
    if facts.origin.frozen is not None:
        yield finding("frozen", "note", "Its source is frozen; the clone is not.")
