"""Reads the members of a tar archive from a stream, strictly: no header fills the memory, and no end is guessed."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import IO, Any, cast

_LARGEST_HEADER = 1 << 20
"""Bytes that all headers of one member may take, and the values that an archive states for all of its members."""
_CHUNK = 1 << 16


def tar_members(content: IO[bytes]) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    """Each member, a file with a stream of its content that is read before the next member is asked for.

    The content of the archive is read to its very end, behind the last member: only there a compressed one says
    whether all of it was right. Raises tarfile.TarError, and what `content` raises.
    """
    stream = _ForwardStream(content)
    with tarfile.TarFile(fileobj=cast(IO[bytes], stream), tarinfo=_StrictHeader) as tar:
        while (member := _next(tar, stream)) is not None:
            yield member, tar.extractfile(member) if member.isreg() else None
    while content.read(_CHUNK):
        pass


def _next(tar: tarfile.TarFile, stream: _ForwardStream) -> tarfile.TarInfo | None:
    stream.expect_header()
    member = tar.next()
    stream.left = None
    cast(Any, tar).members.clear()  # it would keep all of them
    if sum(map(len, tar.pax_headers.values())) > _LARGEST_HEADER:
        raise tarfile.ReadError("it states more for all of its files than fits into the memory")
    return member


class _StrictHeader(tarfile.TarInfo):
    """A header; a damaged one, and the end of the file, are an error, which tarfile takes for the archive's end."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _StrictHeader:
        """Read one header. Raises ReadError for all but the zeros that mark the end of an archive."""
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if buf and not buf.strip(b"\0"):
                raise
            raise tarfile.ReadError(str(error) if buf else "it ends without the mark of its end") from error


class _ForwardStream:
    """A stream that is read only onwards, and gives a header no more bytes than one may have."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content = content
        self._position = 0
        self.left: int | None = _LARGEST_HEADER
        """How many bytes a header may still read; None while the content of a file is read."""

    def expect_header(self) -> None:
        """What is read next belongs to one header."""
        self.left = _LARGEST_HEADER

    def read(self, size: int) -> bytes:
        """The next bytes, as many as were asked for unless the stream ends."""
        if self.left is not None:
            self.left -= size
            if self.left < 0:
                raise tarfile.ReadError("a header is larger than any that describes a file")
        data = self._content.read(size)
        while len(data) < size and (more := self._content.read(size - len(data))):
            data += more
        self._position += len(data)
        return data

    def tell(self) -> int:
        """How many bytes were read."""
        return self._position

    def seek(self, position: int) -> int:
        """Read on to a position. Raises ReadError if it lies behind."""
        if position < self._position:
            raise tarfile.ReadError("a file begins where another one is")
        while self._position < position:
            data = self._content.read(min(_CHUNK, position - self._position))
            if not data:
                break
            self._position += len(data)
        return self._position
