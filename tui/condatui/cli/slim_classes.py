"""The classes of files that a command leaves out, as the user names them."""

from __future__ import annotations

import click

from condatui.cli.completion_values import words
from condatui_core.analyses.slimming.classes import LEAVABLE, USUAL, class_named
from condatui_core.errors import UsageError
from condatui_core.records.slimming import SlimClass

DEFAULT = "default"
"""What names those that are left out unless the user names others."""


def read_classes(_context: click.Context, _parameter: click.Parameter, given: str | None) -> tuple[SlimClass, ...]:
    """The classes of an option, separated by commas. BadParameter for one that is none, with the one that is meant."""
    names = [each.strip() for each in given.split(",")] if given is not None else []
    found: list[SlimClass] = [each for name in names for each in (USUAL if name == DEFAULT else (_class(name),))]
    return tuple(dict.fromkeys(found))


def _class(name: str) -> SlimClass:
    try:
        return class_named(name)
    except UsageError as error:
        raise click.BadParameter(error.title) from error


complete_classes = words(*LEAVABLE)
"""Completes the first of such classes."""
