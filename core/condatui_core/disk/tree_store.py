"""What is kept from one walk to the next: a tree a place, and the table of them all."""

from __future__ import annotations

import logging
import os
import zlib
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

import condatui_core
from condatui_core.disk.messages import PlaceRequest
from condatui_core.disk.tree import Files, InodeTable, InodeTree, ScanProblem
from condatui_core.fs.atomic_write import put_in_cache
from condatui_core.records.disk import LinkTable

# Trees on disk: written whole or not at all, and passed over if anything about them is not as it must be.


_Document = TypeVar("_Document", bound=Struct)
_logger = logging.getLogger(__name__)

_FORMAT = 3
"""To be raised when the same bytes come to mean something else."""
_CHECK = 4
"""Bytes of the checksum that a file begins with."""
_ROWS = ".rows"


class _TreeRows(Struct, frozen=True, array_like=True, kw_only=True):
    """What tells whether a tree still holds, and its sums."""

    writer: str
    token: bytes
    place: bytes
    skip: tuple[bytes, ...]
    paths: bytes
    stamps: bytes
    blocks: bytes
    sizes: bytes
    problems: tuple[ScanProblem, ...]


class TreeColumns(Struct, frozen=True, array_like=True):
    """What is known of one device, as bytes."""

    device: int
    columns: tuple[bytes, ...]

    @staticmethod
    def of(device: int, columns: Iterable[array[int]]) -> TreeColumns:
        """Turn columns into bytes."""
        return TreeColumns(device, tuple(column.tobytes() for column in columns))

    def arrays(self, typecodes: str) -> Iterator[array[int]]:
        """Turn them back. Raises ValueError if there are not as many, or not of equal length."""
        found = [_column(typecode, data) for typecode, data in zip(typecodes, self.columns, strict=True)]
        if len({len(column) for column in found}) > 1:
            raise ValueError("columns of unequal length")
        return iter(found)


class _Links(Struct, frozen=True, array_like=True):
    token: bytes
    links: tuple[TreeColumns, ...]
    singles: tuple[TreeColumns, ...]
    targets: list[tuple[int, bytes]]


class TreeFile:
    """The two files of one place: rows, which every walk reads, and links, which only a changed one needs."""

    def __init__(self, directory: Path, place: bytes) -> None:
        name = f"{zlib.crc32(place):08x}{zlib.adler32(place):08x}"  # two places of one name only cost each other time
        self._place = place
        self._rows = directory / f"{name}{_ROWS}"
        self._links = directory / f"{name}.links"
        self._token = b""

    def load_rows(self) -> tuple[InodeTree, tuple[bytes, ...]] | None:
        """Read a tree without its links, and the places inside it that it passed over; None if there is no such."""
        rows = _read_rows(self._rows)
        if rows is None or rows.place != self._place:
            return None
        tree = InodeTree(
            paths=rows.paths.split(b"\0") if rows.paths else [],
            stamps=_column("q", rows.stamps),
            blocks=_column("Q", rows.blocks),
            sizes=_column("Q", rows.sizes),
            problems=list(rows.problems),
        )
        self._token = rows.token
        return tree, rows.skip

    def load_links(self, tree: InodeTree) -> bool:
        """Read the links of the tree whose rows were loaded last; False if they are not there or not its own."""
        stored = read_document(self._links, _Links)
        if stored is None or stored.token != self._token:
            return False
        tree.links = {each.device: Files(*each.arrays("IQ")) for each in stored.links}
        tree.singles = {each.device: Files(*each.arrays("IQ")) for each in stored.singles}
        tree.targets = stored.targets
        return True

    def save(self, tree: InodeTree, skip: tuple[bytes, ...]) -> None:
        """Write a tree. Raises OSError if that cannot be done."""
        token = os.urandom(8)
        rows = _TreeRows(
            writer=_writer(),
            token=token,
            place=self._place,
            skip=skip,
            paths=b"\0".join(tree.paths),
            stamps=tree.stamps.tobytes(),
            blocks=tree.blocks.tobytes(),
            sizes=tree.sizes.tobytes(),
            problems=tuple(tree.problems),
        )
        write_document(self._links, _Links(token, _stored(tree.links), _stored(tree.singles), tree.targets))
        write_document(self._rows, rows)

    def mark(self) -> int:
        """A number that changes when the tree is saved; 0 if none is there."""
        try:
            status = os.stat(self._rows)
        except OSError:
            return 0
        return hash((status.st_mtime_ns, status.st_ino, status.st_size))

    def remove(self) -> None:
        """Delete both files; raises OSError."""
        self._rows.unlink(missing_ok=True)
        self._links.unlink(missing_ok=True)


def kept_besides(directory: Path, places: Iterable[bytes]) -> Iterator[tuple[bytes, TreeFile]]:
    """Find the trees that are kept of other places than these."""
    known = {TreeFile(directory, place)._rows.name for place in places}
    for path in directory.glob(f"*{_ROWS}"):
        if path.name not in known and (rows := _read_rows(path)):
            yield rows.place, TreeFile(directory, rows.place)


def _read_rows(path: Path) -> _TreeRows | None:
    rows = read_document(path, _TreeRows)
    return rows if rows and rows.writer == _writer() else None


def read_document(path: Path, shape: type[_Document]) -> _Document | None:
    """Read what `write_document` has written; None if there is nothing, or a bit of it has turned."""
    try:
        data = path.read_bytes()
        if zlib.crc32(memoryview(data)[_CHECK:]).to_bytes(_CHECK, "big") != data[:_CHECK]:
            _logger.debug("passed over %s: damaged", path)
            return None
        return msgspec.msgpack.decode(memoryview(data)[_CHECK:], type=shape)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, msgspec.DecodeError) as error:
        _logger.debug("passed over %s: %s", path, error)
        return None


def write_document(path: Path, document: Struct) -> None:
    """Write a document so that whoever reads meanwhile sees the old or the new one whole; raises OSError."""
    data = msgspec.msgpack.encode(document)
    put_in_cache(path, zlib.crc32(data).to_bytes(_CHECK, "big"), data)


def _stored(files: Mapping[int, Files]) -> tuple[TreeColumns, ...]:
    return tuple(TreeColumns.of(device, (each.rows, each.inodes)) for device, each in files.items())


def _column(typecode: str, data: bytes) -> array[int]:
    column = array(typecode)
    column.frombytes(data)
    return column


def _writer() -> str:
    """Who must have written a file for it to be understood: the numbers are this machine's own."""
    return f"{_FORMAT} {condatui_core.__version__} {os.uname().nodename} {array('I').itemsize}"


class DamagedStoreError(Exception):
    """Something of what was kept is missing, so that nothing of it can be used."""


class _StoredTable(Struct, frozen=True, array_like=True):
    writer: str
    places: tuple[tuple[bytes, bool], ...]
    marks: tuple[int, ...]
    """Of the tree files that it was made of."""
    table: LinkTable


class _StoredInodes(Struct, frozen=True, array_like=True):
    writer: str
    devices: tuple[TreeColumns, ...]


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
        stored = read_document(self._table, _StoredTable)
        if (
            stored is None
            or stored.writer != _writer()
            or stored.places != self._key()
            or stored.marks != self._marks()
        ):
            return None
        return stored.table

    def load(self, number: int) -> InodeTree:
        """Read a tree with its links; raises DamagedStoreError if they are not there any more."""
        file = self._file(number)
        loaded = file.load_rows()
        if loaded is None or not file.load_links(loaded[0]):
            raise DamagedStoreError
        return loaded[0]

    def inodes(self) -> dict[int, InodeTable]:
        """Read what is known of the inodes in all kept trees; raises DamagedStoreError if it is not there any more."""
        stored = read_document(self._inodes, _StoredInodes)
        if stored is None or stored.writer != _writer():
            raise DamagedStoreError
        return {each.device: InodeTable(*each.arrays("QIQQ")) for each in stored.devices}

    def gone(self) -> Iterable[InodeTree]:
        """The trees of places that are no more."""
        for place, file in self._others():
            loaded = None if os.path.lexists(place) else file.load_rows()
            if loaded and file.load_links(loaded[0]):
                yield loaded[0]

    def save(
        self, trees: Sequence[InodeTree], changed: Collection[int], inodes: Mapping[int, InodeTable], table: LinkTable
    ) -> None:
        """Keep the trees that have changed, what is known of the inodes in all of them, and the table."""
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._unfinished.touch()
            for number in changed:
                self._file(number).save(trees[number], self._places[number].skip)
            for _, file in self._others():  # no part of this walk, so nobody knows whether they fit the rest
                file.remove()
            devices = tuple(TreeColumns.of(device, each.columns()) for device, each in inodes.items())
            write_document(self._inodes, _StoredInodes(_writer(), devices))
            write_document(self._table, _StoredTable(_writer(), self._key(), self._marks(), table))
            self._unfinished.unlink(missing_ok=True)
        except (OSError, OverflowError) as error:
            _logger.debug("the walk is not remembered in %s: %s", self.directory, error)

    def _others(self) -> list[tuple[bytes, TreeFile]]:
        """The trees of places that are not asked for."""
        return list(kept_besides(self.directory, (each.path for each in self._places)))

    def _file(self, number: int) -> TreeFile:
        return TreeFile(self.directory, self._places[number].path)

    def _key(self) -> tuple[tuple[bytes, bool], ...]:
        return tuple((each.path, each.cache) for each in self._places)

    def _marks(self) -> tuple[int, ...]:
        return tuple(self._file(number).mark() for number in range(len(self._places)))
