"""JSON documents, printed."""

from __future__ import annotations

import click
import msgspec

from condatui_core.fs.documents import encode_versioned

FORMAT = 1
"""Of every document that a command prints. Fields may be added to it; it is raised when one goes or comes to mean
something else. `docs/json.md` describes each field."""


def print_json(document: msgspec.Struct) -> None:
    """Print a document on a line of its own, the number of its format first."""
    click.echo(encode_versioned(document, FORMAT))
