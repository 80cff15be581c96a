"""The classes of files that a command leaves out, as the user names them."""

from __future__ import annotations

import difflib

import click

from condatui_core.analyses.slimming.classes import CLASSES, USUAL
from condatui_core.records.slimming import SlimClass

LEAVABLE: dict[str, SlimClass] = {each.name: each.name for each in CLASSES if each.name != "kept"}
"""All but what stays."""
DEFAULT = "default"
"""What names those that are left out unless the user names others."""


def read_classes(_context: click.Context, _parameter: click.Parameter, given: str | None) -> tuple[SlimClass, ...]:
    """The classes of an option, separated by commas. BadParameter for one that is none, with the one that is meant."""
    names = [each.strip() for each in given.split(",")] if given is not None else []
    found: list[SlimClass] = [each for name in names for each in (USUAL if name == DEFAULT else (_class(name),))]
    return tuple(dict.fromkeys(found))


def _class(name: str) -> SlimClass:
    if name in LEAVABLE:
        return LEAVABLE[name]
    close = difflib.get_close_matches(name.casefold(), LEAVABLE, n=1, cutoff=0.5)
    meant = f" Did you mean `{close[0]}`?" if close else ""
    raise click.BadParameter(f"`{name}` is no class.{meant} These are: {', '.join(LEAVABLE)}.")
