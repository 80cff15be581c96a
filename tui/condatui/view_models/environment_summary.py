"""One environment in a few lines: what it is, where it lies, what it holds."""

from __future__ import annotations

from datetime import datetime

from rich.text import Text

from condatui.view_models import tones
from condatui.view_models.signs import UNICODE, Signs
from condatui.view_models.units import spell_age, spell_bytes
from condatui_core.printable import printable
from condatui_core.records.environment import Environment


def summary_text(environment: Environment, now: datetime, *, signs: Signs = UNICODE) -> Text:
    """The name and what holds of it, the prefix with its links, then contents and age: three lines."""
    links = "".join(f" {signs.alias} {printable(alias)}" for alias in environment.aliases)
    return Text("\n").join(
        [
            _head(environment, signs),
            Text.assemble(printable(environment.prefix), (links, tones.DIM)),
            Text(f" {signs.separator} ".join(_facts(environment, now, signs))),
        ]
    )


def _head(environment: Environment, signs: Signs) -> Text:
    states = (
        (environment.base, "base of its installation"),
        (environment.active, "active"),
        (environment.frozen, "frozen"),
        (environment.writable is False, "not writable"),
        (environment.state != "ok", environment.state),
    )
    head = Text.assemble((printable(environment.name), tones.STRONG))
    for holds, words in states:
        if holds:
            head.append(f" {signs.separator} {words}", tones.DIM)
    return head


def _facts(environment: Environment, now: datetime, signs: Signs) -> list[str]:
    contents = environment.contents
    facts = []
    if environment.python:
        facts.append(f"python {printable(environment.python)}")
    if contents:
        pip = len(contents.pip_distributions)
        facts.append(f"{len(contents.packages)} conda packages" + (f" and {pip} of pip" if pip else ""))
        facts.append(f"{signs.approximately}{spell_bytes(environment.managed_bytes)} by their records")
    if environment.owner:
        facts.append(f"of {printable(environment.owner)}")
    if environment.created:
        facts.append(f"created {spell_age(environment.created, now)}")
    return facts
