"""Determine which cells agree, and how similar environments are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from msgspec import Struct

from condatui_core.analyses.requirements import satisfies_pep440
from condatui_core.analyses.specs import build_matches, build_number_matches, satisfies_conda
from condatui_core.analyses.versions import Scheme, is_pep440, rank_versions
from condatui_core.records.comparison import Cell

# Agreement of two cells in version, build or channel; an empty field agrees with anything


Ranks = Mapping[str, int]
"""Version → rank in its row, the oldest first; two spellings of the same version have one rank."""


class ComparedLine(Struct, frozen=True):
    """The cells of one row, and the order of their versions."""

    name: str
    cells: tuple[Cell | None, ...]
    ranks: Ranks
    origins: tuple[str, ...]
    """What identifies the channel of each cell, the same for the same package; empty if a cell states none."""
    uniform: bool
    """Whether no cell is missing and all are equal, as in most rows."""

    def channels_agree(self, left: int, right: int) -> bool:
        """Whether two cells can come from the same channel."""
        mine, theirs = self.origins[left], self.origins[right]
        return not mine or not theirs or mine == theirs or not set(mine.split("|")).isdisjoint(theirs.split("|"))

    @property
    def of_one_channel(self) -> bool:
        """Whether all cells can come from the same channel."""
        places = range(len(self.cells))
        alike = len(set(self.origins) - {""}) < 2
        return alike or all(self.channels_agree(left, right) for left, right in combinations(places, 2))


def judge(name: str, cells: tuple[Cell | None, ...]) -> ComparedLine:
    """Order the versions of a row, unless its cells are all equal."""
    present = [cell for cell in cells if cell]
    uniform = len(present) == len(cells) and all(_reads_same(present[0], cell) for cell in present)
    stated = {cell.version for cell in present if cell.version}
    ranks = rank_versions(stated, _scheme(present)) if len(stated) > 1 else dict.fromkeys(stated, 0)
    origins = (_origin(present[0]),) * len(cells) if uniform and present else _origins(cells)
    return ComparedLine(name, cells, ranks, origins, uniform)


def _origins(cells: tuple[Cell | None, ...]) -> tuple[str, ...]:
    """The channel of each cell; archives of equal digests are one package, whatever their URLs say."""
    origins = [_origin(cell) if cell else "" for cell in cells]
    if len(set(origins)) < 2:
        return tuple(origins)
    first: dict[str, str] = {}
    merged: dict[str, str] = {}
    for cell, origin in zip(cells, origins, strict=True):
        for digest in filter(None, (cell.md5, cell.sha256)) if cell else ():
            known = first.setdefault(digest, origin)
            if known != origin:
                merged[origin] = merged.get(known, known)
    return tuple(merged.get(each, each) for each in origins)


def _origin(cell: Cell) -> str:
    return cell.channel_identity or cell.base_url or cell.channel


def _reads_same(left: Cell, right: Cell) -> bool:
    return (
        left.version == right.version
        and left.build == right.build
        and _origin(left) == _origin(right)
        and left.constraint == right.constraint
        and left.build_numbers == right.build_numbers
        and left.digest == right.digest
    )


def _scheme(cells: Sequence[Cell]) -> Scheme:
    """The scheme that orders a row: if both sources occur, PEP 440 if every version is valid under it."""
    if all(cell.source == "conda" for cell in cells):
        return "conda"
    if all(cell.source == "pypi" for cell in cells):
        return "pep440"
    return "pep440" if all(is_pep440(cell.version) for cell in cells if cell.version) else "conda"


def versions_agree(left: Cell, right: Cell, ranks: Ranks) -> bool:
    """Whether two cells can be the same version; two constraints must be equal."""
    if left.version and right.version:
        return ranks[left.version] == ranks[right.version]
    if left.version:
        return satisfies(left.version, right) is not False
    if right.version:
        return satisfies(right.version, left) is not False
    return left.constraint == right.constraint


def satisfies(version: str, constrained: Cell) -> bool | None:
    """Check a version against the constraint of a cell, by the rules of its source; None if one is not readable."""
    check = satisfies_conda if constrained.source == "conda" else satisfies_pep440
    return check(version, constrained.constraint)


def builds_agree(left: Cell, right: Cell) -> bool:
    """Whether two cells can be the same build: by its string, its number, and a digest that a file demands."""
    return _strings_agree(left.build, right.build) and _demands_met(left, right) and _demands_met(right, left)


def _strings_agree(mine: str, theirs: str) -> bool:
    if not mine or not theirs or mine == theirs:
        return True
    return build_matches(mine, theirs) is not False or build_matches(theirs, mine) is not False


def _demands_met(asking: Cell, given: Cell) -> bool:
    """Whether a cell can be what the other one demands beyond the build string; what is not stated can be."""
    if not asking.build_numbers and not asking.digest:
        return True
    number = given.build_number
    if asking.build_numbers and number is not None and build_number_matches(number, asking.build_numbers) is False:
        return False
    comparable = [each for each in (given.md5, given.sha256, given.digest) if len(each) == len(asking.digest)]
    return not asking.digest or not comparable or asking.digest in comparable


def is_vague(cell: Cell) -> bool:
    """Whether a cell leaves its version or channel open, so that it may agree with cells that differ."""
    return not cell.version or not (cell.base_url or cell.channel) or "|" in cell.channel_identity


# Similarity: of the names in either environment, the part with the same name, version and channel in both


Matrix = tuple[tuple[float, ...], ...]
"""Symmetric, with a row and a column for each column of a comparison; 1.0 on the diagonal."""


def similarity_matrix(lines: Iterable[ComparedLine], size: int) -> Matrix:
    """The similarity of every two columns, from rows that are aligned and judged already."""
    same = [[0] * size for _ in range(size)]
    either = [[0] * size for _ in range(size)]
    everywhere = (((1 << size) - 1),) * size
    ways = Counter(everywhere if line.uniform else _alike(line) for line in lines)
    # Most rows agree in one of a few patterns; counting patterns makes twenty columns hardly costlier than two.
    for alike, rows in ways.items():
        for left, right in combinations(range(size), 2):
            if alike[left] or alike[right]:
                either[left][right] += rows
                same[left][right] += rows * (alike[left] >> right & 1)
    return tuple(tuple(_ratio(same, either, row, column) for column in range(size)) for row in range(size))


def _ratio(same: list[list[int]], either: list[list[int]], row: int, column: int) -> float:
    left, right = min(row, column), max(row, column)
    return same[left][right] / either[left][right] if either[left][right] else 1.0


def _alike(line: ComparedLine) -> tuple[int, ...]:
    """For each cell, the columns with an equal cell, as the bits of a number; 0 if the cell is missing."""
    if any(cell and is_vague(cell) for cell in line.cells):
        return tuple(_agreeing(index, line) for index in range(len(line.cells)))
    groups: dict[tuple[int, str], int] = {}
    keys = [
        (line.ranks[cell.version], origin) if cell else None
        for cell, origin in zip(line.cells, line.origins, strict=True)
    ]
    for index, key in enumerate(keys):
        if key is not None:
            groups[key] = groups.get(key, 0) | 1 << index
    return tuple(groups[key] if key is not None else 0 for key in keys)


def _agreeing(index: int, line: ComparedLine) -> int:
    cell = line.cells[index]
    if cell is None:
        return 0
    return sum(
        1 << place
        for place, other in enumerate(line.cells)
        if other is not None and versions_agree(cell, other, line.ranks) and line.channels_agree(index, place)
    )
