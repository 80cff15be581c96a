"""One JSON document on stdout."""

from __future__ import annotations

import click
import msgspec

from condatui.json_encoding import encode


def print_json(document: msgspec.Struct) -> None:
    """Print a document on a line of its own."""
    click.echo(encode(document))
