"""Counts what a node set stands for by its text, before ClusterShell spells out every name of it."""

from __future__ import annotations

import math
import re
from typing import Protocol

_MOST_TOLD = 10**15
"""A number that has thousands of digits cannot be written."""
_NODES = re.compile(r"(?:\[[^\]]*\]|[^,!&^\[])+")
"""The parts between the operators, which in brackets are none."""
_BRACKET = re.compile(r"(?P<before>\d*)\[(?P<inner>[^\]]*)\]")
_RANGE = re.compile(r"\s*(?P<first>-?[^\s/-]+)\s*(?:-\s*(?P<last>-?[^\s/-]+)\s*)?(?:/(?P<step>.*))?")


class TooManyHostsError(Exception):
    """What somebody asks for stands for more hosts than anybody means."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count


class _Groups(Protocol):
    """What this module uses of ClusterShell's resolver of groups."""

    def group_nodes(self, group: str, namespace: str | None = None) -> list[str]: ...

    def all_nodes(self, namespace: str | None = None) -> list[str]: ...

    def grouplist(self, namespace: str | None = None) -> list[str]: ...


class BoundedGroups:
    """The groups that ClusterShell knows; all that is asked of them together may stand for so many hosts."""

    def __init__(self, groups: _Groups, most: int) -> None:
        self._groups = groups
        self._most = most
        self._count = 0

    def group_nodes(self, group: str, namespace: str | None = None) -> list[str]:
        """The node sets of a group. Raises TooManyHostsError."""
        return self.checked(self._groups.group_nodes(group, namespace))

    def all_nodes(self, namespace: str | None = None) -> list[str]:
        """The node sets of all that there are. Raises TooManyHostsError."""
        return self.checked(self._groups.all_nodes(namespace))

    def grouplist(self, namespace: str | None = None) -> list[str]:
        """The names of all groups. Raises TooManyHostsError."""
        return self.checked(self._groups.grouplist(namespace))

    def checked(self, asked: list[str]) -> list[str]:
        """The node sets as they are. Raises TooManyHostsError if with all former ones they stand for too many hosts."""
        self._count += sum(map(host_count, asked))
        if self._count > self._most:
            raise TooManyHostsError(min(self._count, _MOST_TOLD))
        return asked


def host_count(asked: str) -> int:
    """How many names ClusterShell spells out for a node set: those that `!` takes away count too, a group counts once.

    What is no node set counts as anything: ClusterShell refuses it.
    """
    return sum(math.prod(map(_in_bracket, _BRACKET.finditer(node))) for node in _NODES.findall(asked))


def _in_bracket(bracket: re.Match[str]) -> int:
    before, ranges = bracket["before"], [_RANGE.fullmatch(each) for each in bracket["inner"].split(",")]
    bounds = [bound for each in ranges if each for bound in (each["first"], each["last"] or each["first"])]
    count = sum(_span(each["first"], each["last"] or each["first"], each["step"] or "1") for each in ranges if each)
    if before and len({*map(len, bounds)}) > 1:  # ClusterShell takes gpu1[1-20] for gpu[11-120]
        ends = sorted((before + each for each in bounds), key=lambda each: (len(each), each))
        return max(count, _span(ends[0], ends[-1], "1"))
    return max(count, 1)


def _span(first: str, last: str, step: str) -> int:
    try:
        return max(1, (int(last) - int(first)) // max(1, int(step)) + 1)
    except ValueError:  # these are no numbers
        return 1
