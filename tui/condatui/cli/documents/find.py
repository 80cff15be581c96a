"""Convert what environments have of a set of wanted packages to the JSON document of `condatui find`."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET, Struct, UnsetType

from condatui_core.analyses.suitability import Answer, Lack, Suitability
from condatui_core.records.comparison import Source
from condatui_core.records.environment import State


class HeldDocument(Struct, frozen=True, kw_only=True):
    """A package that is there as wanted."""

    name: str
    """The name that was asked for: conda's, or pip's canonical one."""
    want: str
    """What is asked for; `*` for any version."""
    have: str
    """The version that is there, with the build if one is asked for."""
    source: Source
    """Its installer: `pypi` where Python sees what pip has installed, though conda may have been asked."""


class LackDocument(Struct, frozen=True, kw_only=True):
    """A package that is not as wanted."""

    name: str
    """As in what is there."""
    kind: Lack
    """In what it falls short, the first that applies; `unclear` if it cannot be decided whether it does."""
    want: str
    """What is asked for; `*` for any version."""
    have: str
    """What is there: a version, with the build or channel where that is the matter; empty if it is missing."""
    source: Source | None
    """Its installer; None if it is missing."""


class FoundDocument(Struct, frozen=True, kw_only=True):
    """What one environment has of what is wanted."""

    name: str
    """As in `list`."""
    prefix: str
    """Its real path."""
    state: State
    """As in `list`: `ok`, or `broken` if some of it could not be read."""
    satisfies: bool
    """Whether it has everything that is wanted; false if all of it is for other versions of python."""
    lacks: tuple[LackDocument, ...]
    """What it lacks, in the order in which it is wanted."""
    has: tuple[HeldDocument, ...]
    """What it has, in the order in which it is wanted."""
    beside: int
    """The number of its packages that were not asked for."""
    host: str | UnsetType = UNSET
    """The machine that it is on; only with `--snapshots`."""


class FindDocument(Struct, frozen=True, kw_only=True):
    """Which environments have what is wanted, and what the others lack."""

    file: str | None
    """The absolute path of the file that says what is wanted; None if the command line does."""
    left_out: tuple[str, ...]
    """Lines of the file that ask for nothing here, or that could not be understood."""
    environments: tuple[FoundDocument, ...]
    """Those that can be used on this machine: first those that satisfy, then those that lack least."""


def describe_find(found: Sequence[Suitability], *, file: str | None, left_out: Sequence[str]) -> FindDocument:
    """Describe what the environments have, in the order given."""
    return FindDocument(file=file, left_out=tuple(left_out), environments=tuple(map(_found, found)))


def _found(found: Suitability) -> FoundDocument:
    environment = found.environment
    return FoundDocument(
        name=environment.name,
        prefix=environment.path,
        host=environment.host or UNSET,
        state=environment.state,
        satisfies=found.satisfies,
        lacks=tuple(_lack(each, each.lack) for each in found.answers if each.lack),
        has=tuple(_held(each, each.source) for each in found.answers if not each.lack and each.source),
        beside=found.beside,
    )


def _lack(answer: Answer, kind: Lack) -> LackDocument:
    return LackDocument(name=answer.name, kind=kind, want=answer.want, have=answer.have, source=answer.source)


def _held(answer: Answer, source: Source) -> HeldDocument:
    return HeldDocument(name=answer.name, want=answer.want, have=answer.have, source=source)
