"""Order versions: conda's rules for conda packages, PEP 440 for Python distributions. The order is total."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, total_ordering
from itertools import zip_longest
from typing import Literal

from packaging.version import InvalidVersion, Version

Scheme = Literal["conda", "pep440"]
"""The rules that order versions."""

Part = tuple[int, int, str]
"""A run of digits or of letters as (rank, number, letters): letters come before numbers, `post` after them."""
Component = tuple[Part, ...]
"""The runs between two dots."""

_LETTERS, _NUMBER, _POST = range(3)
_ZERO: Part = (_NUMBER, 0, "")
_EPOCH: Component = (_ZERO,)
_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]+)*")
"""What most versions are."""
_VALID = re.compile(r"[*.+!_0-9a-z]+")
_RUNS = re.compile(r"[0-9]+|[*]+|[^0-9*]+")
_WORDS = re.compile(r"[0-9]+|[a-z]+")
_LONGEST = 1000
"""Characters; a longer text is no version and is ordered as text."""


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class CondaVersion:
    """A version as conda orders it: https://docs.conda.io/projects/conda-build/en/stable/resources/package-spec.html.

    Missing parts count as 0, so `1.1` equals `1.1.0`; letters make a version earlier (`1.1a1 < 1.1`), `dev` earliest,
    `post` later; the part after `+` matters only if the rest is equal.
    """

    release: tuple[Component, ...]
    """The epoch, then the components."""
    local: tuple[Component, ...] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CondaVersion) and self._order(other) == 0

    def __lt__(self, other: CondaVersion) -> bool:
        return self._order(other) < 0

    def __hash__(self) -> int:
        # Equal versions differ in nothing but zeros that are missing in one of them.
        return hash(tuple([part for each in (*self.release, *self.local) for part in each if part != _ZERO]))

    def starts_with(self, other: CondaVersion) -> bool:
        """Whether this matches `other.*`: equal up to other's last part, which letters may continue."""
        if not other.local:
            return _starts_with(self.release, other.release)
        return _order(self.release, other.release) == 0 and _starts_with(self.local, other.local)

    def _order(self, other: CondaVersion) -> int:
        return _order(self.release, other.release) or _order(self.local, other.local)


def parse_conda_version(text: str) -> CondaVersion | None:
    """Parse a version by conda's rules; None if it breaks them."""
    version = text.strip().lower()
    if len(version) > _LONGEST:
        return None
    if _PLAIN.fullmatch(version):
        return CondaVersion((_EPOCH, *[((_NUMBER, int(piece), ""),) for piece in version.split(".")]))
    if not _VALID.fullmatch(version):
        # A dash counts as an underscore, unless there are underscores too.
        version = version if "_" in version else version.replace("-", "_")
        if not _VALID.fullmatch(version):
            return None
    epoch, marked, rest = version.rpartition("!")
    release, plus, local = rest.partition("+")
    if (marked and not epoch.isdigit()) or not release or "+" in local:
        return None
    release_pieces = _pieces(release)
    local_pieces = local.replace("_", ".").split(".") if plus else []
    if not all(release_pieces) or not all(local_pieces):
        return None
    return CondaVersion(_components([epoch or "0", *release_pieces]), _components(local_pieces))


VersionKey = tuple[bool, CondaVersion | Version, str]
"""(valid, parsed version, text if invalid); keys of one scheme can be compared and hashed."""


def rank_versions(texts: Iterable[str], scheme: Scheme) -> dict[str, int]:
    """Number versions from the oldest up; equal versions have the same number."""
    keys = {text: version_key(text, scheme) for text in texts}
    if len(keys) == 1:
        return dict.fromkeys(keys, 0)
    ranks: dict[str, int] = {}
    rank, newest = -1, None
    for text, key in sorted(keys.items(), key=lambda pair: pair[1]):
        rank += key != newest
        ranks[text], newest = rank, key
    return ranks


@lru_cache(maxsize=16384)
def version_key(text: str, scheme: Scheme) -> VersionKey:
    """The key by which versions sort, compare and hash."""
    if scheme == "pep440":
        try:
            return True, Version(text), ""
        except (InvalidVersion, ValueError):  # ValueError: more digits than Python converts to a number
            return False, _guess(text), text
    version = parse_conda_version(text)
    return (True, version, "") if version is not None else (False, _guess(text), text)


def is_pep440(text: str) -> bool:
    """Whether a version is valid under PEP 440."""
    return version_key(text, "pep440")[0]


def _pieces(release: str) -> list[str]:
    """Split at dots and underscores; a final underscore stays, since it makes `1.1_` earlier than `1.1a`."""
    stem, end = (release[:-1], "_") if release.endswith("_") else (release, "")
    pieces = stem.replace("_", ".").split(".")
    pieces[-1] += end
    return pieces


def _components(pieces: Iterable[str]) -> tuple[Component, ...]:
    return tuple(_component(piece) for piece in pieces)


def _component(text: str) -> Component:
    parts = tuple(_part(run) for run in _RUNS.findall(text))
    # A leading number is always present, so that `1.a1` is `1.0a1`.
    return parts if text[:1].isdigit() else (_ZERO, *parts)


def _part(run: str) -> Part:
    if run.isdigit():
        return (_NUMBER, int(run), "")
    if run == "post":
        return (_POST, 0, "")
    # Capitals sort before small letters and the underscore, and everything else is small.
    return (_LETTERS, 0, "DEV" if run == "dev" else run)


def _order(left: tuple[Component, ...], right: tuple[Component, ...]) -> int:
    for mine, theirs in _pairs(left, right):
        if mine != theirs:
            return -1 if mine < theirs else 1
    return 0


def _pairs(left: tuple[Component, ...], right: tuple[Component, ...]) -> Iterator[tuple[Part, Part]]:
    for mine, theirs in zip_longest(left, right, fillvalue=()):
        yield from zip_longest(mine, theirs, fillvalue=_ZERO)


def _starts_with(whole: tuple[Component, ...], start: tuple[Component, ...]) -> bool:
    *leading, last = start
    place = len(leading)
    if _order(whole[:place], tuple(leading)):
        return False
    here = whole[place] if place < len(whole) else ()
    *before, end = last
    if _order((here[: len(before)],), (tuple(before),)):
        return False
    part = here[len(before)] if len(before) < len(here) else _ZERO
    return part == end or (part[0] == end[0] == _LETTERS and part[2].startswith(end[2]))


def _guess(text: str) -> CondaVersion:
    """Parse an invalid version by its numbers and words, so that `1.10~x` is still newer than `1.9~x`."""
    return CondaVersion(_components(_WORDS.findall(text[:_LONGEST].lower())))
