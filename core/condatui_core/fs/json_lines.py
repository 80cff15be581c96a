"""Encodes records as one line of JSON and decodes them, even if they hold paths that are not UTF-8."""

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
    """Encode a record; a byte that is not UTF-8, here a lone surrogate, is escaped as Python's json does it."""
    try:
        return msgspec.json.encode(record)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(record), separators=(",", ":")).encode("ascii")


def encode_versioned(record: msgspec.Struct, format: int) -> bytes:  # noqa: A002 - the name of the field
    """Encode a record with the number of its format before its fields."""
    return b'{"format":%d,' % format + encode(record)[1:]


def format_of(data: bytes) -> int:
    """The format that a document states; 1 if it states none, as in the first release. Raises OSError as `decode`."""
    return decode(data, _VERSIONED).format


def decode(data: bytes, decoder: msgspec.json.Decoder[_T]) -> _T:
    """Decode a document that `encode` has made. Raises OSError with EILSEQ if it is something else."""
    try:
        try:
            return decoder.decode(data)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:  # also where it holds a lone surrogate, which only Python's json takes
            found: _T = msgspec.convert(json.loads(data), decoder.type)
            return found
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        raise OSError(errno.EILSEQ, f"unexpected content: {error}") from error
