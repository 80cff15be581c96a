"""Choose which of several files of equal content stays, which are joined to it, and which are better left alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from condatui_core.records.relinking import (
    LinkMethod,
    RelinkRules,
    RelinkSurvey,
    SameFiles,
    SeenFile,
    SeenInode,
    SkippedFiles,
    SkipReason,
    StoredFile,
    StoredInode,
    StoredTwice,
)
from condatui_core.text import counted

_PERMISSIONS = 0o7777
_READABLE = 0o400
_NEVER_KEPT: frozenset[SkipReason] = frozenset(
    {
        "changed",
        "unreadable",
        "other-owner",
        "editable",
        "last-use",
        "prefix-inside",
        "file-system",
    }
)
"""Who is left alone for one of these has nothing joined to it either: that would make it a file of several."""

_OF_ENVIRONMENTS: frozenset[SkipReason] = frozenset({"frozen", "managed"})
"""Why whole environments are left alone, and nothing becomes one with a file that is theirs only."""

MeetsBytecode = Callable[[SeenInode, int], bool]
"""Whether byte code of a source file would begin or cease to hold if the file had another mtime, in nanoseconds."""


def sort_same_files(
    seen: Iterable[SeenInode], rules: RelinkRules, meets_bytecode: MeetsBytecode, *, small: tuple[int, int] = (0, 0)
) -> RelinkSurvey:
    """Sort files whose contents are claimed to be equal into what is joined and what is left alone.

    `meets_bytecode` is asked only about what would get another mtime. `small` are the number and the bytes of
    files that were not looked at since they are too small.
    """
    groups: defaultdict[tuple[int, str], list[SeenInode]] = defaultdict(list)
    for each in seen:
        groups[each.device, next((file.sha256 for file in each.files if file.sha256), "")].append(each)
    sorting = _Sorting(rules, meets_bytecode, small)
    for (device, sha256), inodes in groups.items():
        if len(inodes) > 1:
            sorting.add(device, sha256, inodes)
    return sorting.survey()


class _Sorting:
    def __init__(self, rules: RelinkRules, meets_bytecode: MeetsBytecode, small: tuple[int, int]) -> None:
        self._rules = rules
        self._meets_bytecode = meets_bytecode
        self._methods = dict(rules.methods)
        self._alone: dict[str, SkipReason] = dict(rules.left_alone)
        self._mounts = _MountsOfHolders(rules.mounts)
        self._chosen = frozenset(rules.prefixes)
        self._sets: list[SameFiles] = []
        self._skipped: defaultdict[SkipReason, list[int]] = defaultdict(lambda: [0, 0])
        if small[0]:
            self._skipped["small"] = list(small)

    def survey(self) -> RelinkSurvey:
        """All that was added."""
        skipped = (SkippedFiles(reason=why, files=files, bytes=size) for why, (files, size) in self._skipped.items())
        devices = {each.device for each in self._sets}
        return RelinkSurvey(
            sets=tuple(sorted(self._sets, key=lambda each: (-each.frees, each.kept.paths[0].path))),
            skipped=tuple(sorted(skipped, key=lambda each: (-each.bytes, each.reason))),
            packages=by_package(self._sets),
            methods=tuple((device, method) for device, method in self._rules.methods if device in devices),
        )

    def add(self, device: int, sha256: str, inodes: Sequence[SeenInode]) -> None:
        """Sort the files of one content."""
        method = self._methods.get(device)
        inodes = _without_shared(inodes)
        reasons: dict[int, SkipReason | None] = {each.number: self._why_alone(each, method) for each in inodes}
        classes: defaultdict[object, list[SeenInode]] = defaultdict(list)
        for each in inodes:
            if self._may_be_kept(each, reasons[each.number]):
                classes[self._likeness(each, method)].append(each)
        largest = sorted(classes.values(), key=lambda each: (-len(each), min(one.number for one in each)))
        first: SeenInode | None = None
        for alike in largest:
            kept = self._kept(alike, reasons)
            if first is None:
                first = kept
            elif self._is_asked_for(kept):
                self._skip(kept, self._difference(first, kept))
            self._join(device, sha256, kept, [each for each in alike if each is not kept], reasons, method)
        left = [each for each in inodes if not self._may_be_kept(each, reasons[each.number])]
        if first is None:  # one of them would stay in any case
            left = sorted(left, key=lambda each: each.allocated)[:-1]
        for each in filter(self._is_asked_for, left):
            self._skip(each, reasons[each.number] or "changed")

    def _may_be_kept(self, inode: SeenInode, why: SkipReason | None) -> bool:
        """Whether others may be joined to a file; to that of a frozen environment if another one has it, too."""
        if why in _OF_ENVIRONMENTS:
            return any(each.holder not in self._alone for each in inode.files)
        return why not in _NEVER_KEPT

    def _join(
        self,
        device: int,
        sha256: str,
        kept: SeenInode,
        others: Sequence[SeenInode],
        reasons: dict[int, SkipReason | None],
        method: LinkMethod | None,
    ) -> None:
        joined: list[SeenInode] = []
        free = self._rules.most_links - kept.links
        for each in others:
            if _is_only_cached(each) or not self._is_asked_for(each):
                continue  # cleaning frees what only caches hold
            why = reasons[each.number]
            if why is None and method == "hardlink":
                why = self._why_not_linked(kept, each, free)
            if why is None:
                joined.append(each)
                free -= each.links
            else:
                self._skip(each, why)
        if joined:
            stored = tuple(_stored(each) for each in joined)
            kept_file = _stored(kept)
            self._sets.append(SameFiles(device=device, size=kept.size, sha256=sha256, kept=kept_file, joined=stored))

    def _why_alone(self, inode: SeenInode, method: LinkMethod | None) -> SkipReason | None:
        """Why nothing of a file may be changed, whatever it would be joined to; None if nothing is against it."""
        return "small" if inode.size < self._rules.smallest else next(self._reasons(inode, method), None)

    def _reasons(self, inode: SeenInode, method: LinkMethod | None) -> Iterator[SkipReason]:
        if method is None or (method == "hardlink" and len(self._mounts_of(inode)) > 1):
            yield "file-system"
        if inode.user != self._rules.user:
            yield "other-owner"
        if not inode.mode & _READABLE:
            yield "unreadable"
        alone: dict[SkipReason | None, None] = {each.alone: None for each in inode.files}
        for why in alone:
            if why and (why, method) != ("last-use", "reflink"):  # what shares blocks keeps its times
                yield why
        if len({each.sha256 for each in inode.files} - {""}) > 1:
            yield "changed"
        if not {each.size for each in inode.files} <= {-1, inode.size}:
            yield "changed"
        for each in inode.files if self._alone else ():
            if each.holder in self._alone:
                yield self._alone[each.holder]
        if method == "hardlink" and not _is_known(inode):
            yield "linked-elsewhere"
        if method == "hardlink" and self._is_asked_for(inode) and not self._is_all_asked_for(inode):
            yield "linked-elsewhere"

    def _why_not_linked(self, kept: SeenInode, inode: SeenInode, free: int) -> SkipReason | None:
        if inode.links > free:
            return "link-limit"
        if kept.modified != inode.modified and self._meets_bytecode(inode, kept.modified):
            return "byte-code"
        return None

    def _likeness(self, inode: SeenInode, method: LinkMethod | None) -> object:
        """What files must have in common to become one; files that share only blocks keep what is their own."""
        if method == "reflink":
            return None
        return inode.mode & _PERMISSIONS, inode.group, inode.attributes, self._mounts_of(inode)

    def _difference(self, one: SeenInode, other: SeenInode) -> SkipReason:
        if self._mounts_of(one) != self._mounts_of(other):
            return "file-system"
        if one.mode & _PERMISSIONS != other.mode & _PERMISSIONS:
            return "other-mode"
        return "other-owner" if one.group != other.group else "other-attributes"

    def _mounts_of(self, inode: SeenInode) -> frozenset[str]:
        """By which mounts a file was found: no link leads from one to another, even of the same disk."""
        return self._mounts.of(inode.files)

    def _is_asked_for(self, inode: SeenInode) -> bool:
        return not self._chosen or any(each.holder in self._chosen for each in inode.files)

    def _is_all_asked_for(self, inode: SeenInode) -> bool:
        return not self._chosen or all(each.cached or each.holder in self._chosen for each in inode.files)

    def _kept(self, alike: Sequence[SeenInode], reasons: dict[int, SkipReason | None]) -> SeenInode:
        """The one that stays: a package cache's, one that cannot go, the one with most links, the oldest."""

        if alike[0].extents:  # the others of them would keep their blocks
            return alike[0]

        def rank(inode: SeenInode) -> tuple[bool, bool, bool, int, int, int]:
            is_cached = any(each.cached for each in inode.files)
            is_held = reasons[inode.number] not in (None, "small")
            return not is_cached, self._is_asked_for(inode), not is_held, -inode.links, inode.modified, inode.number

        return min(alike, key=rank)

    def _skip(self, inode: SeenInode, why: SkipReason) -> None:
        sums = self._skipped[why]
        sums[0] += len(_stored(inode).paths)
        sums[1] += inode.allocated


def _without_shared(inodes: Sequence[SeenInode]) -> Sequence[SeenInode]:
    """Of the files that share their blocks already, the most that do so are one, and it comes first: it stays."""
    sharing: defaultdict[tuple[tuple[int, int], ...], list[SeenInode]] = defaultdict(list)
    for each in inodes:
        if each.extents:
            sharing[each.extents].append(each)
    if not sharing:
        return inodes
    one = max(sharing.values(), key=len)
    return [one[0], *(each for each in inodes if each.extents != one[0].extents)]


class _MountsOfHolders:
    """Finds the mounts of files: nearly always the one that their holder is on."""

    def __init__(self, points: Iterable[str]) -> None:
        self._points = sorted(points, key=len, reverse=True)
        self._within: dict[str, list[str]] = {}
        """By holder, the mounts that its files may be on, the innermost first."""

    def of(self, files: Iterable[SeenFile]) -> frozenset[str]:
        """Where what the files are on is mounted; an empty name for what is not known."""
        found: set[str] = set()
        for file in files:
            points = self._within.get(file.holder)
            if points is None:
                points = self._within[file.holder] = list(self._around(file.holder))
            found.add(points[0] if len(points) == 1 else next(each for each in points if _is_below(file.path, each)))
        return frozenset(found)

    def _around(self, holder: str) -> Iterator[str]:
        yield from (each for each in self._points if each != holder and _is_below(each, holder))
        yield next((each for each in self._points if _is_below(holder, each)), "")


def _is_below(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def _is_known(inode: SeenInode) -> bool:
    """Whether the paths of all hard links are known."""
    return len({each.path for each in inode.files}) >= inode.links


def _is_only_cached(inode: SeenInode) -> bool:
    return all(each.cached for each in inode.files)


def _stored(inode: SeenInode) -> StoredInode:
    files = {each.path: each for each in inode.files}
    return StoredInode(
        number=inode.number,
        bytes=inode.allocated,
        modified=inode.modified,
        paths=tuple(
            StoredFile(path=path, holder=each.holder, package=each.package, cached=each.cached)
            for path, each in sorted(files.items())
        ),
        elsewhere=max(inode.links - len(files), 0),
    )


def by_package(sets: Iterable[SameFiles]) -> tuple[StoredTwice, ...]:
    """What joining frees by package; a file that several packages have counts for the one that keeps it.

    Of a copy that stays one holder is told: who is linked to it already has no copy of its own.
    """
    holders: defaultdict[str, set[str]] = defaultdict(set)
    sums: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for each in sets:
        package = each.kept.paths[0].package
        holders[package].update(path.holder for inode in each.joined for path in inode.paths)
        holders[package].add(min(each.kept.paths, key=lambda path: (not path.cached, path.path)).holder)
        sums[package][0] += sum(len(inode.paths) for inode in each.joined)
        sums[package][1] += each.frees
    found = (
        StoredTwice(package=package, holders=tuple(sorted(holders[package])), files=files, bytes=size)
        for package, (files, size) in sums.items()
    )
    return tuple(sorted(found, key=lambda each: (-each.bytes, each.package)))


def places_of(packages: Iterable[StoredTwice]) -> str:
    """In how many environments and caches copies of some packages are, in words."""
    return counted(len({holder for each in packages for holder in each.holders}), "place")
