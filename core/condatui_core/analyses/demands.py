"""Hold one installed package against what a file asks for: in what does it differ first?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from packaging.version import InvalidVersion, Version

from condatui_core.analyses.requirements import satisfies_pep440
from condatui_core.analyses.specs import (
    build_matches,
    build_number_matches,
    glob_matches,
    satisfies_conda,
    stated_of_archive,
)
from condatui_core.records.comparison import Cell
from condatui_core.records.drift import DriftKind
from condatui_core.text import strip_credentials


class Demand(NamedTuple):
    """One thing that a file asks of a package, and whether the package has it."""

    kind: DriftKind
    met: bool | None
    """None if it cannot be decided."""
    have: str
    want: str


def demands(asked: Cell, held: Cell, *, exact: bool) -> tuple[Demand, ...]:
    """What a file asks of a package, and whether it is so; the first that is not says how the package differs.

    With `exact` versions of pip must be the same to the letter, `2.1.0+cu121` is not `2.1.0`, and the place that an
    archive is to be taken from is none of its properties; otherwise pip's own rules count.
    """
    if asked.source == "conda":
        return tuple(_of_conda(asked, held))
    return tuple(_of_pip(asked, held, exact=exact))


def asked_words(asked: Cell) -> str:
    """What a file asks for: a version or constraint, `*` for any, and the build or the place if it names one."""
    version = asked.version or asked.constraint or "*"
    return " ".join(filter(None, (asked.url or version, asked.build)))


# conda


def _of_conda(asked: Cell, held: Cell) -> Iterator[Demand]:
    wanted = asked.version or asked.constraint
    yield Demand("version", _version_met(held.version, wanted), held.version, wanted)
    if held.source == "pypi":
        yield Demand("channel", False, f"{held.version} pypi", f"{wanted or '*'} {asked.channel or 'conda'}")
        return
    have, want = held.version, wanted or "*"
    yield Demand("build", _build_met(asked, held), f"{have} {held.build}", f"{want} {asked.build}")
    if asked.build_numbers:
        number = None if held.build_number is None else build_number_matches(held.build_number, asked.build_numbers)
        numbers = f"{have} build number {held.build_number}", f"{want} build number {asked.build_numbers}"
        yield Demand("build", number, *numbers)
    mine, its = (f"/{held.subdir}", f"/{asked.subdir}") if asked.subdir else ("", "")
    channels = f"{have} {held.channel}{mine}", f"{want} {asked.channel or '*'}{its}"
    yield Demand("channel", _channel_met(asked, held), *channels)
    mine, its = _digests(asked, held)
    yield Demand("build", _digest_met(asked, held), f"{have} {mine}", f"{want} {its}")
    for key, value in asked.also:
        yield Demand("build", stated_of_archive(key, value, held.url), f"{have} {held.build}", f"{want} {key}={value}")


def _version_met(version: str, wanted: str) -> bool | None:
    return not wanted or version == wanted or satisfies_conda(version, wanted)


def _build_met(asked: Cell, held: Cell) -> bool | None:
    return not asked.build or build_matches(held.build, asked.build)


def _digests(asked: Cell, held: Cell) -> tuple[str, str]:
    """The digests that can be compared: what is there, and what is asked for."""
    if asked.digest:
        kind = "md5" if len(asked.digest) == _MD5 else "sha256"
        return f"{kind} {held.md5 if kind == 'md5' else held.sha256}", f"{kind} {asked.digest}"
    if asked.sha256 and held.sha256:
        return f"sha256 {held.sha256}", f"sha256 {asked.sha256}"
    return f"md5 {held.md5}", f"md5 {asked.md5}"


_MD5 = 32
"""Digits of an md5; a sha256 has twice as many."""


def _digest_met(asked: Cell, held: Cell) -> bool | None:
    """Whether the archive is the one that is asked for; one of another format has the same contents."""
    mine, its = (each.partition(" ")[2].lower() for each in _digests(asked, held))
    if not its or (not asked.digest and (not mine or _format(asked) != _format(held))):
        return True
    return mine == its if mine else None


def _format(cell: Cell) -> str:
    """The end of an archive's name; empty if its URL is unknown."""
    return (cell.url or "").rpartition(".")[2]


def _channel_met(asked: Cell, held: Cell) -> bool | None:
    if asked.subdir and held.subdir and asked.subdir != held.subdir:
        return False
    if not asked.channel_identity or _same_archive(asked, held):
        return True
    if not held.channel_identity:
        return None
    return any(glob_matches(each, held.channel_identity) for each in asked.channel_identity.split("|"))


def _same_archive(asked: Cell, held: Cell) -> bool:
    """Whether what a list says of an archive and what is there are one, whatever their URLs are."""
    digests = {asked.md5, asked.sha256} - {""}
    return not digests.isdisjoint((held.md5, held.sha256))


# pip


_INDEXES = re.compile(r"https?://(?:files\.pythonhosted\.org|pypi\.org)/")
_COMMIT = re.compile(r"[0-9a-f]{7,40}")


def _of_pip(asked: Cell, held: Cell, *, exact: bool) -> Iterator[Demand]:
    wanted = asked.version or asked.constraint
    yield Demand("version", _pip_version_met(asked, held.version, exact=exact), held.version, wanted)
    place = "" if exact or not asked.url or _INDEXES.match(asked.url) else asked.url
    mine = f"{held.version} {held.url or held.channel}"
    commit = _commit(place) if place else asked.build
    if commit and held.source == "pypi":
        yield Demand("build", _commit_met(commit, held.build), f"{held.version} {held.build}".rstrip(), commit)
    if place:
        yield Demand("channel", _place_met(place, held), mine, place)


def _pip_version_met(asked: Cell, version: str, *, exact: bool) -> bool | None:
    if not asked.version:
        return satisfies_pep440(version, asked.constraint)
    if exact or asked.version == version:
        return _release(asked.version) == _release(version)
    met = satisfies_pep440(version, f"=={asked.version}")
    return asked.version == version if met is None else met


def _release(version: str) -> Version | str:
    """A version in its one spelling; as it is if it is none by PEP 440."""
    try:
        return Version(version)
    except InvalidVersion:
        return version


def _commit(place: str) -> str:
    """The commit, branch or tag in the address of a repository; empty if there is none."""
    scheme, _, rest = place.partition("://")
    path = rest.partition("#")[0].partition("/")[2]
    return path.rpartition("@")[2].strip() if "+" in scheme and "@" in path else ""


def _commit_met(commit: str, held: str) -> bool | None:
    """Whether this commit is installed; what a branch or tag points to cannot be told."""
    if not _COMMIT.fullmatch(commit):
        return None
    return bool(held) and (held.startswith(commit) or commit.startswith(held))


def _place_met(place: str, held: Cell) -> bool | None:
    if "://" not in place:
        return None
    return bool(held.url) and _bare(place) == _bare(held.url or "")


def _bare(place: str) -> str:
    """A place without what may differ in spelling: the kind of repository, user, commit, fragment."""
    scheme, _, rest = strip_credentials(place).partition("://")
    host, _, path = rest.partition("#")[0].partition("/")
    if "+" in scheme:
        path = path.rpartition("@")[0] or path
    return f"{scheme.rpartition('+')[2].lower()}://{host.lower()}/{path.rstrip('/').removesuffix('.git')}"
