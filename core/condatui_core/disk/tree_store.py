"""What is kept from one walk to the next: a tree a place, and the table of them all."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from condatui_core.disk.messages import PlaceRequest
from condatui_core.disk.tree import Inodes, Tree
from condatui_core.disk.tree_file import Columns, TreeFile, kept_besides, read_document, write_document
from condatui_core.records.disk import LinkTable


class DamagedStoreError(Exception):
    """Something of what was kept is missing, so that nothing of it can be used."""


class _Table(Struct, frozen=True, array_like=True):
    places: tuple[tuple[bytes, bool], ...]
    marks: tuple[int, ...]
    """Of the tree files that it was made of."""
    table: LinkTable


class _Inodes(Struct, frozen=True, array_like=True):
    devices: tuple[Columns, ...]


class TreeStore:
    """The directory of kept trees. A store that cannot be written is no reason to trouble anybody."""

    def __init__(self, directory: Path, places: Sequence[PlaceRequest]) -> None:
        self.directory = directory
        self._places = places
        self._table = directory / "table"
        self._inodes = directory / "inodes"
        self._unfinished = directory / "unfinished"

    def whole(self) -> bool:
        """Whether the last walk has written all it had to; trees of different walks do not fit together."""
        return not self._unfinished.exists()

    def table(self) -> LinkTable | None:
        """The table of the last walk, if it was made of the very trees that are kept now."""
        stored = read_document(self._table, _Table)
        if stored is None or stored.places != self._key() or stored.marks != self._marks():
            return None
        return stored.table

    def load(self, number: int) -> Tree:
        """Read a tree with its links; raises DamagedStoreError if they are not there any more."""
        file = self._file(number)
        loaded = file.load_rows()
        if loaded is None or not file.load_links(loaded[0]):
            raise DamagedStoreError
        return loaded[0]

    def inodes(self) -> dict[int, Inodes]:
        """Read what is known of the inodes in all kept trees; raises DamagedStoreError if it is not there any more."""
        stored = read_document(self._inodes, _Inodes)
        if stored is None:
            raise DamagedStoreError
        return {each.device: Inodes(*each.arrays("QIQQ")) for each in stored.devices}

    def gone(self) -> Iterable[Tree]:
        """The trees of places that are no more."""
        for place, file in self._others():
            loaded = None if os.path.lexists(place) else file.load_rows()
            if loaded and file.load_links(loaded[0]):
                yield loaded[0]

    def save(
        self, trees: Sequence[Tree], changed: Collection[int], inodes: Mapping[int, Inodes], table: LinkTable
    ) -> None:
        """Keep the trees that have changed, what is known of the inodes in all of them, and the table."""
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._unfinished.touch()
            for number in changed:
                self._file(number).save(trees[number], self._places[number].skip)
            for _, file in self._others():  # no part of this walk, so nobody knows whether they fit the rest
                file.remove()
            devices = tuple(Columns.of(device, each.columns()) for device, each in inodes.items())
            write_document(self._inodes, _Inodes(devices))
            write_document(self._table, _Table(self._key(), self._marks(), table))
            self._unfinished.unlink(missing_ok=True)
        except (OSError, OverflowError):
            return

    def _others(self) -> list[tuple[bytes, TreeFile]]:
        """The trees of places that are not asked for."""
        return list(kept_besides(self.directory, (each.path for each in self._places)))

    def _file(self, number: int) -> TreeFile:
        return TreeFile(self.directory, self._places[number].path)

    def _key(self) -> tuple[tuple[bytes, bool], ...]:
        return tuple((each.path, each.cache) for each in self._places)

    def _marks(self) -> tuple[int, ...]:
        return tuple(self._file(number).mark() for number in range(len(self._places)))
