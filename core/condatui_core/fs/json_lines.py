"""Records as one line of JSON and back, paths that are no UTF-8 included."""

from __future__ import annotations

import errno
import json
from typing import TypeVar

import msgspec

_T = TypeVar("_T")


class _Versioned(msgspec.Struct, frozen=True):
    format: int = 1


_VERSIONED = msgspec.json.Decoder(_Versioned)


def encode(record: msgspec.Struct) -> bytes:
    """Encode a record; a byte that is no UTF-8, a lone surrogate here, is escaped as Python's json does it."""
    try:
        return msgspec.json.encode(record)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(record), separators=(",", ":")).encode("ascii")


def encode_versioned(record: msgspec.Struct, format: int) -> bytes:  # noqa: A002 - what the field is called
    """Encode a record with the number of its format before its fields."""
    return b'{"format":%d,' % format + encode(record)[1:]


def format_of(data: bytes) -> int:
    """The format that a document states; the first release stated none, and that was 1. Raises OSError as `decode`."""
    return decode(data, _VERSIONED).format


def decode(data: bytes, decoder: msgspec.json.Decoder[_T]) -> _T:
    """Decode what `encode` has made. Raises OSError with EILSEQ if that is not what it is."""
    try:
        try:
            return decoder.decode(data)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:  # also where it holds a lone surrogate, which only Python's json takes
            found: _T = msgspec.convert(json.loads(data), decoder.type)
            return found
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        raise OSError(errno.EILSEQ, f"not what it should hold: {error}") from error
