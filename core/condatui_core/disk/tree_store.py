"""Keep the results of a walk for the next one: a tree per place, and the table of all links."""

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
from condatui_core.fs.safe_read import read_bounded
from condatui_core.records.disk import LinkTable

# Trees on disk, written atomically, and ignored if anything in them is invalid


_Document = TypeVar("_Document", bound=Struct)
_logger = logging.getLogger(__name__)

_FORMAT = 7
"""Raise this when the meaning of the stored bytes changes."""
_CHECK = 4
"""Bytes of the checksum at the beginning of a file."""
_ROWS = ".rows"
_TABLE = "table"
_LARGEST = 1 << 30
"""Bytes of a file; ten million files take half of it."""


class _TreeRows(Struct, frozen=True, array_like=True, kw_only=True):
    """The part of a tree that shows whether it is still valid, and its sums."""

    writer: str
    token: bytes
    place: bytes
    skip: tuple[bytes, ...]
    paths: bytes
    stamps: bytes
    blocks: bytes
    sizes: bytes
    inodes: bytes
    problems: tuple[ScanProblem, ...]


class TreeColumns(Struct, frozen=True, array_like=True):
    """The columns of one device, as bytes."""

    device: int
    columns: tuple[bytes, ...]

    @staticmethod
    def of(device: int, columns: Iterable[array[int]]) -> TreeColumns:
        """Convert columns to bytes."""
        return TreeColumns(device, tuple(column.tobytes() for column in columns))

    def arrays(self, typecodes: str) -> Iterator[array[int]]:
        """Convert the bytes to columns. Raises ValueError if their number is wrong or their lengths differ."""
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
        name = f"{zlib.crc32(place):08x}{zlib.adler32(place):08x}"  # a collision of two places only costs time
        self._place = place
        self._rows = directory / f"{name}{_ROWS}"
        self._links = directory / f"{name}.links"
        self._token = b""

    def load_rows(self) -> tuple[InodeTree, tuple[bytes, ...]] | None:
        """Read a tree without its links, and the places inside it that it skipped; None if there is no valid file."""
        rows = _read_rows(self._rows)
        if rows is None or rows.place != self._place:
            return None
        tree = InodeTree(
            paths=rows.paths.split(b"\0") if rows.paths else [],
            stamps=_column("q", rows.stamps),
            blocks=_column("Q", rows.blocks),
            sizes=_column("Q", rows.sizes),
            inodes=_column("I", rows.inodes),
            problems=list(rows.problems),
        )
        self._token = rows.token
        return tree, rows.skip

    def load_links(self, tree: InodeTree) -> bool:
        """Read the links of the tree whose rows were loaded last; False if they are missing or of another tree."""
        stored = read_document(self._links, _Links)
        if stored is None or stored.token != self._token:
            return False
        tree.links = {each.device: Files(*each.arrays("IQ")) for each in stored.links}
        tree.singles = {each.device: Files(*each.arrays("IQ")) for each in stored.singles}
        tree.targets = stored.targets
        return True

    def save(self, tree: InodeTree, skip: tuple[bytes, ...]) -> None:
        """Write a tree. Raises OSError."""
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
            inodes=tree.inodes.tobytes(),
            problems=tuple(tree.problems),
        )
        write_document(self._links, _Links(token, _stored(tree.links), _stored(tree.singles), tree.targets))
        write_document(self._rows, rows)

    def mark(self) -> int:
        """A number that changes when the tree is saved; 0 if there is none."""
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
    """Find the kept trees of other places than these."""
    known = {TreeFile(directory, place)._rows.name for place in places}
    for path in directory.glob(f"*{_ROWS}"):
        if path.name not in known and (rows := _read_rows(path)):
            yield rows.place, TreeFile(directory, rows.place)


def _read_rows(path: Path) -> _TreeRows | None:
    rows = read_document(path, _TreeRows)
    return rows if rows and rows.writer == _writer() else None


def read_document(path: Path, shape: type[_Document]) -> _Document | None:
    """Read a file that `write_document` has written; None if it is missing or damaged."""
    try:
        data = read_bounded(str(path), _LARGEST)
        if zlib.crc32(memoryview(data)[_CHECK:]).to_bytes(_CHECK, "big") != data[:_CHECK]:
            _logger.debug("ignored %s: damaged", path)
            return None
        return msgspec.msgpack.decode(memoryview(data)[_CHECK:], type=shape)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, msgspec.DecodeError) as error:
        _logger.debug("ignored %s: %s", path, error)
        return None


def write_document(path: Path, document: Struct) -> None:
    """Write a document atomically, so that a concurrent reader sees the old or the new one; raises OSError."""
    data = msgspec.msgpack.encode(document)
    put_in_cache(path, zlib.crc32(data).to_bytes(_CHECK, "big"), data)


def _stored(files: Mapping[int, Files]) -> tuple[TreeColumns, ...]:
    return tuple(TreeColumns.of(device, (each.rows, each.inodes)) for device, each in files.items())


def _column(typecode: str, data: bytes) -> array[int]:
    column = array(typecode)
    column.frombytes(data)
    return column


def _writer() -> str:
    """The format, version and machine that must have written a valid file, since its numbers are machine-specific."""
    return f"{_FORMAT} {condatui_core.__version__} {os.uname().nodename} {array('I').itemsize}"


def forget_shared_blocks(directory: Path) -> None:
    """Let the next walk ask again which blocks files share, after something has changed that without a change of any
    directory. Raises OSError.
    """
    (directory / _TABLE).unlink(missing_ok=True)


class DamagedStoreError(Exception):
    """A part of the kept data is missing, so that none of it can be used."""


class _StoredTable(Struct, frozen=True, array_like=True):
    writer: str
    places: tuple[PlaceRequest, ...]
    marks: tuple[int, ...]
    """The marks of the tree files that the table was made from."""
    table: LinkTable


class _StoredInodes(Struct, frozen=True, array_like=True):
    writer: str
    devices: tuple[TreeColumns, ...]


class TreeStore:
    """The directory of kept trees. A failure to write it is only logged."""

    def __init__(self, directory: Path, places: Sequence[PlaceRequest]) -> None:
        self.directory = directory
        self._places = places
        self._table = directory / _TABLE
        self._inodes = directory / "inodes"
        self._unfinished = directory / "unfinished"
        self._failed = False
        """Whether a tree could not be kept, so that the others are of no use."""

    def whole(self) -> bool:
        """Whether a last walk has written everything; trees of different walks do not fit together."""
        return self._inodes.exists() and not self._unfinished.exists()

    def table(self) -> LinkTable | None:
        """The table of the last walk, if it was made from exactly the trees that are kept now."""
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
        """Read a tree with its links; raises DamagedStoreError if they are missing."""
        file = self._file(number)
        loaded = file.load_rows()
        if loaded is None or not file.load_links(loaded[0]):
            raise DamagedStoreError
        return loaded[0]

    def inodes(self) -> dict[int, InodeTable]:
        """Read the facts about the inodes in all kept trees; raises DamagedStoreError if they are missing."""
        stored = read_document(self._inodes, _StoredInodes)
        if stored is None or stored.writer != _writer():
            raise DamagedStoreError
        return {each.device: InodeTable(*each.arrays("QIQQ")) for each in stored.devices}

    def gone(self) -> Iterable[InodeTree]:
        """The trees of places that no longer exist."""
        for place, file in self._others():
            loaded = None if os.path.lexists(place) else file.load_rows()
            if loaded and file.load_links(loaded[0]):
                yield loaded[0]

    def put(self, number: int, tree: InodeTree) -> None:
        """Keep one tree of a walk that goes on; nothing that is kept counts before `save`."""
        try:
            self._begin()
            self._file(number).save(tree, self._places[number].skip)
        except (OSError, OverflowError) as error:
            self._failed = True
            _logger.debug("the tree of a place is not kept in %s: %s", self.directory, error)

    def _begin(self) -> None:
        """Let nothing that is kept count any more, until all of it fits together."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._unfinished.touch()

    def save(
        self, trees: Sequence[InodeTree], changed: Collection[int], inodes: Mapping[int, InodeTable], table: LinkTable
    ) -> None:
        """Keep the changed trees, the facts about the inodes in all trees, and the table.

        What `put` has kept already is not among the changed ones.
        """
        if self._failed:
            return
        try:
            self._begin()
            for number in changed:
                self._file(number).save(trees[number], self._places[number].skip)
            for _, file in self._others():  # not part of this walk, so they may not fit the rest
                file.remove()
            devices = tuple(TreeColumns.of(device, each.columns()) for device, each in inodes.items())
            write_document(self._inodes, _StoredInodes(_writer(), devices))
            write_document(self._table, _StoredTable(_writer(), self._key(), self._marks(), table))
            self._unfinished.unlink(missing_ok=True)
        except (OSError, OverflowError) as error:
            _logger.debug("the walk is not kept in %s: %s", self.directory, error)

    def _others(self) -> list[tuple[bytes, TreeFile]]:
        """The trees of places that are not in this request."""
        return list(kept_besides(self.directory, (each.path for each in self._places)))

    def _file(self, number: int) -> TreeFile:
        return TreeFile(self.directory, self._places[number].path)

    def _key(self) -> tuple[PlaceRequest, ...]:
        return tuple(self._places)

    def _marks(self) -> tuple[int, ...]:
        return tuple(self._file(number).mark() for number in range(len(self._places)))
