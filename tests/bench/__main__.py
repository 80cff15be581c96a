"""`make bench`: build the trees, measure, print."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.alike import alike
from bench.blocks import blocks
from bench.cleanup import cleanup
from bench.compare import bytes_sent, matrix
from bench.disk import disk, managed
from bench.finding import finding
from bench.listing import listing
from bench.measure import Line
from bench.pip import pip
from bench.relink import relink
from bench.screen import first_paint, keys_while_loading, keys_while_measuring
from bench.sent import place_1
from bench.snapshots import snapshots
from bench.tree import (
    ENVIRONMENTS,
    LEAST_PACKAGES,
    MANY_ENVIRONMENTS,
    MANY_PACKAGES,
    MOST_ENVIRONMENTS,
    PACKAGES,
    projects_tree,
    tree,
)

_DIRECTORY = Path(__file__).parents[2] / ".bench"


def _figures(scratch: Path) -> Iterator[Line | str]:
    usual = tree(_DIRECTORY, ENVIRONMENTS, PACKAGES)
    many = tree(_DIRECTORY, MANY_ENVIRONMENTS, MANY_PACKAGES)
    most = tree(_DIRECTORY, MOST_ENVIRONMENTS, LEAST_PACKAGES)
    projects = projects_tree(_DIRECTORY)
    yield "Environments of real projects:"
    yield from first_paint(projects, scratch / "projects")
    yield from listing(projects, scratch / "projects")
    yield from disk(projects, scratch / "projects")
    yield f"{ENVIRONMENTS} environments of {PACKAGES} alike packages:"
    yield from first_paint(usual, scratch)
    yield from keys_while_loading(usual, scratch, f"{ENVIRONMENTS} × {PACKAGES}")
    yield from keys_while_loading(many, scratch, f"{MANY_ENVIRONMENTS} × {MANY_PACKAGES}")
    yield from keys_while_loading(most, scratch, f"{MOST_ENVIRONMENTS} × {LEAST_PACKAGES}")
    yield from keys_while_measuring(usual, scratch)
    yield from listing(usual, scratch)
    yield from pip(scratch)
    yield from place_1(usual, scratch)
    yield from matrix()
    yield from bytes_sent(usual, scratch)
    yield from disk(usual, scratch)
    yield from managed(usual)
    yield from relink(usual, scratch)
    yield from blocks(scratch)
    yield from alike()
    yield from cleanup()
    yield from finding()
    yield from snapshots(scratch)


def main() -> None:
    """Measure everything and print a line a figure."""
    _DIRECTORY.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_DIRECTORY) as name:
        for line in _figures(Path(name)):
            print(line, flush=True)


if __name__ == "__main__":
    main()
