"""A line on the terminal that says how far a command is."""

from __future__ import annotations

import sys

import click

from condatui_core.text import sanitize


class ProgressLine:
    """Shows one text in place of the former; no output where stderr is no terminal."""

    def __init__(self) -> None:
        self._shown = ""
        self._seen = sys.stderr.isatty()

    def show(self, text: str) -> None:
        """Show a text in place of the former."""
        if self._seen and text != self._shown:
            click.echo(f"\r\x1b[K{sanitize(text)}", err=True, nl=False)
            self._shown = text

    def end(self) -> None:
        """Clear the line."""
        if self._shown:
            click.echo("\r\x1b[K", err=True, nl=False)
