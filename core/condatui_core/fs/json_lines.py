"""Records as one line of JSON and back, paths that are no UTF-8 included."""

from __future__ import annotations

import errno
import json
from typing import TypeVar

import msgspec

_T = TypeVar("_T")


def encode(record: msgspec.Struct) -> bytes:
    """Encode a record; a byte that is no UTF-8, a lone surrogate here, is escaped as Python's json does it."""
    try:
        return msgspec.json.encode(record)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(record), separators=(",", ":")).encode("ascii")


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
