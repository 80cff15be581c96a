"""JSON documents as bytes."""

from __future__ import annotations

import json

import msgspec


def encode(document: msgspec.Struct) -> bytes:
    """Encode a document; a path that is no UTF-8 is read back by json.loads as the str that Python has for it."""
    try:
        return msgspec.json.encode(document)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(document), separators=(",", ":")).encode("ascii")
