"""The search's process, `python -m condatui_core.disk.find_same_files`: a request on stdin, a survey on stdout.

It asks its workers in steps, since a million files have a digest and only a few are stored twice: first names and inode
numbers alone, then what `lstat` shows of the files whose digest more than one inode has.
"""

from __future__ import annotations

import gc
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar, cast

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from condatui_core.analyses.relinking import sort_same_files
from condatui_core.disk.claimed_inodes import ClaimedInodes
from condatui_core.disk.first_look import Inode, Summary, UndigestedFile
from condatui_core.disk.held_files import Holder, key_of
from condatui_core.disk.known_digests import KnownDigests
from condatui_core.disk.workers import Forked, Pipe
from condatui_core.fs.documents import decode, encode
from condatui_core.prefixes.bytecode import holds_otherwise
from condatui_core.proc.frames import frame, read_frame
from condatui_core.records.relinking import RelinkRules, RelinkSurvey, SeenFile, SeenInode

_NICENESS = 5
_Answer = TypeVar("_Answer")


class SearchRequest(Struct, frozen=True):
    """A search."""

    holders: tuple[Holder, ...]
    rules: RelinkRules
    directory: str
    """The directory that remembers digests; empty to remember none."""
    workers: int


# Workers, which hold what they have found from one step to the next


_Ask = Callable[[ClaimedInodes], object]


class _Look(Struct, frozen=True):
    holders: tuple[Holder, ...]
    smallest: int
    asked: tuple[str, ...]

    def __call__(self, files: ClaimedInodes) -> Summary:
        return files.look(self.holders, self.smallest, self.asked)


class _Read(Struct, frozen=True):
    wanted: frozenset[Inode]

    def __call__(self, files: ClaimedInodes) -> dict[Inode, str]:
        return files.read(self.wanted)


class _Seen(Struct, frozen=True):
    """An answer that is sent as JSON: pickling so many small records takes ten times as long."""

    inodes: list[SeenInode]


_SEEN = msgspec.json.Decoder(_Seen)


class _See(Struct, frozen=True):
    wanted: Mapping[int, Collection[int]]
    digests: Mapping[Inode, str]
    sharing: frozenset[int]

    def __call__(self, files: ClaimedInodes) -> bytes:
        files.learn(self.digests)
        return encode(_Seen(files.seen(self.wanted, self.sharing)))


class _FindLinks(Struct, frozen=True):
    wanted: frozenset[Inode]

    def __call__(self, files: ClaimedInodes) -> list[tuple[Inode, SeenFile]]:
        return files.cached_links(self.wanted)


def _serve(dealer: Pipe[object, _Ask]) -> None:
    files = ClaimedInodes()
    try:
        while True:
            dealer.send(dealer.receive()(files))
    except (EOFError, BrokenPipeError):
        return


class _Workers:
    """Processes that each hold the files of some holders."""

    def __init__(self, count: int) -> None:
        self._all: list[Forked[_Ask, object]] = []
        for _ in range(count):
            self._all.append(Forked(_serve, apart_from=self._all))

    def ask(self, asks: Sequence[Callable[[ClaimedInodes], _Answer]]) -> list[_Answer]:
        """Let each worker answer its own question."""
        for worker, ask in zip(self._all, asks, strict=True):
            worker.send(ask)
        return [cast("_Answer", worker.receive()) for worker in self._all]

    def ask_all(self, ask: Callable[[ClaimedInodes], _Answer]) -> list[_Answer]:
        """Let all workers answer one question."""
        return self.ask([ask] * len(self._all))

    def end(self) -> None:
        """Kill them."""
        for worker in self._all:
            worker.end()


# The search


def search(request: SearchRequest) -> RelinkSurvey:
    """Find what is stored twice. The calling process must have no threads, as it forks."""
    workers = _Workers(request.workers)
    try:
        return _search(request, workers)
    finally:
        workers.end()


def _search(request: SearchRequest, workers: _Workers) -> RelinkSurvey:
    rules = request.rules
    hands = _dealt(request.holders, request.workers)
    summaries = workers.ask([_Look(each, rules.smallest, rules.prefixes) for each in hands])
    digests = _digests_of_undigested(request, workers, summaries)
    wanted = _stored_twice(summaries, digests)
    sharing = frozenset(device for device, method in rules.methods if method == "reflink")
    seen = _united(decode(each, _SEEN, own=True).inodes for each in workers.ask_all(_See(wanted, digests, sharing)))
    incomplete = frozenset(inode for inode, each in seen.items() if len(each.files) < each.links)
    if incomplete:
        links = [each for found in workers.ask_all(_FindLinks(incomplete)) for each in found]
        seen = _with_links(seen, links)
    return sort_same_files(seen.values(), rules, _meets_bytecode, small=_small_twice(summaries))


def _dealt(holders: Iterable[Holder], workers: int) -> list[tuple[Holder, ...]]:
    """Deal holders to workers, the largest first, each to the one that has least to do."""
    hands: list[list[Holder]] = [[] for _ in range(workers)]
    weights = [0] * workers
    for each in sorted(holders, key=_weight, reverse=True):
        least = weights.index(min(weights))
        hands[least].append(each)
        weights[least] += _weight(each)
    return [tuple(each) for each in hands]


_WEIGHT_OF_CACHE = 500


def _weight(holder: Holder) -> int:
    return _WEIGHT_OF_CACHE if holder.cache else len(holder.records) + len(holder.distributions)


def _digests_of_undigested(request: SearchRequest, workers: _Workers, summaries: Sequence[Summary]) -> dict[Inode, str]:
    """Read the files of which no record states a digest, if another file of this size could be the same."""
    files = {each for summary in summaries for each in summary.undigested}
    if not files:
        return {}
    known = KnownDigests(Path(request.directory) if request.directory else None)
    stated = set[int]().union(*(summary.sizes for summary in summaries))
    alike: defaultdict[tuple[int, int, int, int], list[UndigestedFile]] = defaultdict(list)
    for each in files:
        alike[each.device, each.size, each.mode, each.user].append(each)
    candidates = [each for group in alike.values() for each in group if len(group) > 1 or each.size in stated]
    candidates = [each for each in candidates if each.user == request.rules.user]
    digests = known.of(candidates)
    missing = frozenset(each.inode for each in candidates if each.inode not in digests)
    for found in workers.ask_all(_Read(missing)) if missing else ():
        digests.update(found)
    if missing:
        known.keep(candidates, digests)
    return digests


def _stored_twice(summaries: Iterable[Summary], digests: Mapping[Inode, str]) -> dict[int, set[int]]:
    """The keys of digests that more than one inode has, by device."""
    first: defaultdict[int, dict[int, int]] = defaultdict(dict)
    twice: defaultdict[int, set[int]] = defaultdict(set)
    for summary in summaries:
        for device, columns in summary.columns.items():
            known = first[device].setdefault
            pairs = zip(columns.keys, columns.numbers, strict=True)
            twice[device].update(key for key, number in pairs if number and known(key, number) != number)
    for (device, number), sha256 in digests.items():
        if first[device].setdefault(key_of(sha256), number) != number:
            twice[device].add(key_of(sha256))
    return {device: found - {0} for device, found in twice.items()}


_BLOCK = 4096
"""What a small file occupies at least, on most file systems."""


def _small_twice(summaries: Iterable[Summary]) -> tuple[int, int]:
    """How many too small files of what was asked for could be joined to others, and about how many bytes that is."""
    sizes: dict[tuple[int, int], int] = {}
    asked: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
    others: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
    for summary in summaries:
        for device, small in summary.small.items():
            rows = zip(small.keys, small.numbers, small.sizes, small.asked, strict=True)
            for key, number, size, is_asked in rows:
                if key and number:
                    (asked if is_asked else others)[device, key].add(number)
                    sizes[device, key] = size
    twice = {each: len(found) - (found >= others.get(each, set())) for each, found in asked.items()}
    return sum(twice.values()), sum(count * -(-sizes[each] // _BLOCK) * _BLOCK for each, count in twice.items())


def _united(parts: Iterable[Iterable[SeenInode]]) -> dict[Inode, SeenInode]:
    """Put together the paths of inodes that several workers have seen."""
    seen: dict[Inode, SeenInode] = {}
    for each in (inode for part in parts for inode in part):
        inode = each.device, each.number
        known = seen.get(inode)
        seen[inode] = replace(known, files=known.files + each.files) if known else each
    return seen


def _with_links(seen: Mapping[Inode, SeenInode], links: Iterable[tuple[Inode, SeenFile]]) -> dict[Inode, SeenInode]:
    """Add paths in caches of which no record tells, each with the package of the inode's other paths."""
    more = dict(seen)
    for inode, link in links:
        known = more[inode]
        if all(each.path != link.path for each in known.files):
            more[inode] = replace(known, files=(*known.files, replace(link, package=known.files[0].package)))
    return more


def _meets_bytecode(inode: SeenInode, modified: int) -> bool:
    times = inode.modified, modified
    return any(holds_otherwise(each.path, times, size=inode.size) for each in inode.files)


# The process


REQUEST = msgspec.json.Decoder(SearchRequest)
ANSWER = msgspec.json.Decoder(RelinkSurvey)


def main() -> None:
    """Serve the request on stdin."""
    request = decode(read_frame(sys.stdin.buffer), REQUEST, own=True)
    os.nice(_NICENESS)
    gc.disable()  # it would look at millions of records again and again, none of which is in a cycle
    try:
        sys.stdout.buffer.write(frame(encode(search(request))))
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # the parent process has stopped reading
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.buffer.fileno())


if __name__ == "__main__":
    main()
