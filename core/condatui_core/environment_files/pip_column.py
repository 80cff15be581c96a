"""The column of what lines for pip ask for, with what the files ask for that they name by `-r` and `-c`."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from condatui_core.analyses.channels import PYPI
from condatui_core.analyses.requirements import parse_requirement
from condatui_core.environment_files.pip_files import ReadPipLines, names_a_file
from condatui_core.environment_files.selectors import Target, applies
from condatui_core.records.comparison import Cell, Entry
from condatui_core.text import mask_credentials


class Requests(Struct, frozen=True):
    """What a file asks for, and what is told of its other lines."""

    entries: tuple[Entry, ...] = ()
    left_out: tuple[str, ...] = ()
    """The lines that ask for nothing on the target, or cannot be understood."""
    bounds: tuple[Entry, ...] = ()
    """What is only restricted, if it is there at all."""


def sorted_requests(found: Iterable[Entry | str], bounds: Iterable[Entry | str] = ()) -> Requests:
    """What was found, line by line: what is asked for, and texts that say what is left out."""
    found, bounds = tuple(found), tuple(bounds)
    return Requests(
        entries=tuple(each for each in found if isinstance(each, Entry)),
        left_out=tuple(each for each in (*found, *bounds) if isinstance(each, str)),
        bounds=tuple(each for each in bounds if isinstance(each, Entry)),
    )


def pip_requests(lines: Iterable[str], target: Target, follow: ReadPipLines) -> Requests:
    """What these lines ask of pip on a target; `follow` reads the files that they name."""
    found: list[Entry | str] = []
    bounds: list[Entry | str] = []
    for line in lines:
        if not names_a_file(line):
            found.append(pip_entry(line, target))
            continue
        named = follow([line])
        found += [pip_entry(each, target) for each in named.asks]
        found += named.refused
        bounds += [pip_entry(each, target) for each in named.constraints]
    return sorted_requests(found, bounds)


def pip_entry(line: str, target: Target) -> Entry | str:
    """What a line asks of pip; a text that says what is left out if it asks for nothing on this target."""
    wanted = parse_requirement(line)
    if wanted is None:
        return mask_credentials(line)
    if applies(wanted.marker, target) is False:
        return f"{mask_credentials(line)} (not for this platform and Python)"
    cell = Cell(
        name=wanted.name,
        source="pypi",
        version=wanted.version,
        constraint=wanted.constraint,
        channel=PYPI,
        url=wanted.url,
        requested=True,
        extras=wanted.extras,
    )
    return Entry(cell=cell)
