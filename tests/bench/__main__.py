"""`make bench`: build the trees, measure, print."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.listing import listing
from bench.screen import first_paint, keys_while_loading
from bench.tree import ENVIRONMENTS, MANY_ENVIRONMENTS, MANY_PACKAGES, PACKAGES, tree

_DIRECTORY = Path(__file__).parents[2] / ".bench"


def main() -> None:
    """Measure everything and print a line a figure."""
    usual = tree(_DIRECTORY, ENVIRONMENTS, PACKAGES)
    many = tree(_DIRECTORY, MANY_ENVIRONMENTS, MANY_PACKAGES)
    with tempfile.TemporaryDirectory(dir=_DIRECTORY) as name:
        scratch = Path(name)
        for line in first_paint(usual, scratch):
            print(line)
        for line in keys_while_loading(usual, scratch, f"{ENVIRONMENTS} × {PACKAGES}"):
            print(line)
        for line in keys_while_loading(many, scratch, f"{MANY_ENVIRONMENTS} × {MANY_PACKAGES}"):
            print(line)
        for line in listing(usual, scratch):
            print(line)


if __name__ == "__main__":
    main()
