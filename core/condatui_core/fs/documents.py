"""Records as one line of JSON, even if they hold paths that are not UTF-8; and JSON of unknown origin."""

from __future__ import annotations

import errno
import json
from typing import TypeVar

import msgspec

from condatui_core.text import schema_fault

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
    return decode(data, _VERSIONED, own=True).format


def decode(data: bytes, decoder: msgspec.json.Decoder[_T], *, own: bool = False) -> _T:
    """Decode JSON; what `encode` has made is `own`, and may hold lone surrogates, which are refused elsewhere.

    Raises OSError with EILSEQ and a message that says what is wrong.
    """
    try:
        return _decode_own(data, decoder) if own else decoder.decode(data)
    except msgspec.ValidationError as error:
        what = f"unexpected content: {schema_fault(str(error))}"
        cause: Exception = error
    except ValueError as error:  # msgspec 0.23 has an error of its own for invalid UTF-8
        what, cause = (f"not valid JSON: {error}" if _is_utf8(data) else "not UTF-8"), error
    except RecursionError as error:
        what, cause = "not valid JSON: nested too deeply", error
    raise OSError(errno.EILSEQ, what) from cause


def _decode_own(data: bytes, decoder: msgspec.json.Decoder[_T]) -> _T:
    try:
        return decoder.decode(data)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:  # also where it holds a lone surrogate, which only Python's json takes
        found: _T = msgspec.convert(json.loads(data), decoder.type)
        return found


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
