"""Whether two cells of one row agree, in version, build or channel. What a cell does not state agrees with anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct

from condatui_core.analyses.specs import satisfies_conda, satisfies_pep440
from condatui_core.analyses.versions import Scheme, is_pep440, rank_versions
from condatui_core.records.comparison import Cell

Ranks = Mapping[str, int]
"""The versions of a row, numbered from the oldest up; the same version in two spellings has one number."""


class Line(Struct, frozen=True):
    """The cells of one row with what they are judged by."""

    name: str
    cells: tuple[Cell | None, ...]
    ranks: Ranks
    uniform: bool
    """Whether no cell is missing and all of them read the same, as in most rows."""


def judge(name: str, cells: tuple[Cell | None, ...]) -> Line:
    """Order the versions of a row; where its cells all read the same there is nothing to order."""
    present = [cell for cell in cells if cell]
    uniform = len(present) == len(cells) and all(_reads_same(present[0], cell) for cell in present)
    stated = {cell.version for cell in present if cell.version}
    ranks = rank_versions(stated, _scheme(present)) if len(stated) > 1 else dict.fromkeys(stated, 0)
    return Line(name, cells, ranks, uniform)


def _reads_same(left: Cell, right: Cell) -> bool:
    return (
        left.version == right.version
        and left.build == right.build
        and left.base_url == right.base_url
        and left.channel == right.channel
        and left.constraint == right.constraint
    )


def _scheme(cells: Sequence[Cell]) -> Scheme:
    """By whose rules a row is ordered: where both sources meet, by PEP 440 if it can read every version."""
    if all(cell.source == "conda" for cell in cells):
        return "conda"
    if all(cell.source == "pypi" for cell in cells):
        return "pep440"
    return "pep440" if all(is_pep440(cell.version) for cell in cells if cell.version) else "conda"


def versions_agree(left: Cell, right: Cell, ranks: Ranks) -> bool:
    """Tell whether two cells can be the same version; two constraints are, if they read the same."""
    if left.version and right.version:
        return ranks[left.version] == ranks[right.version]
    if left.version:
        return satisfies(left.version, right) is not False
    if right.version:
        return satisfies(right.version, left) is not False
    return left.constraint == right.constraint


def satisfies(version: str, asking: Cell) -> bool | None:
    """Check a version against the constraint of a cell, by the rules of its source; None if that cannot be done."""
    check = satisfies_conda if asking.source == "conda" else satisfies_pep440
    return check(version, asking.constraint)


def builds_agree(left: Cell, right: Cell) -> bool:
    """Tell whether two cells can be the same build."""
    mine, theirs = left.build, right.build
    return not mine or not theirs or mine == theirs or fnmatchcase(mine, theirs) or fnmatchcase(theirs, mine)


def channels_agree(left: Cell, right: Cell) -> bool:
    """Tell whether two cells can come from the same channel."""
    mine, theirs = channel_identity(left), channel_identity(right)
    return not mine or not theirs or mine == theirs


def channel_identity(cell: Cell) -> str:
    """What the channel of a cell is told apart by: its base URL, or its name where there is none (`pypi`)."""
    return cell.base_url or cell.channel


def is_vague(cell: Cell) -> bool:
    """Tell whether a cell leaves its version or its channel open, so that it may agree with cells that differ."""
    return not cell.version or not (cell.base_url or cell.channel)
