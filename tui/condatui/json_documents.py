"""JSON documents, encoded and printed."""

from __future__ import annotations

import json

import click
import msgspec

FORMAT = 1
"""Of every document that a command prints. Fields may be added to it; it is raised when one goes or comes to mean
something else. `docs/json.md` describes each field."""


def encode(document: msgspec.Struct) -> bytes:
    """Encode a document. `json.loads` turns a path that is not valid UTF-8 into the same str as `os.fsdecode` does."""
    try:
        return msgspec.json.encode(document)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(document), separators=(",", ":")).encode("ascii")


def print_json(document: msgspec.Struct) -> None:
    """Print a document on a line of its own, the number of its format first."""
    click.echo(b'{"format":%d,' % FORMAT + encode(document)[1:])
