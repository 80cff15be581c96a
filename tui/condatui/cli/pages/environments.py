"""Print environments for people, as tables and pages made of the screens' view models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich.text import Text

from condatui.cli.invocation import Invocation
from condatui.cli.pages.tables import Printer
from condatui.cli.remedies import command_line_words
from condatui.view_models import styles
from condatui.view_models.details.channels import ChannelsModel, ChannelTotalsModel
from condatui.view_models.details.health import health_text
from condatui.view_models.details.packages import PackagesModel
from condatui.view_models.environments.rows import EnvironmentsModel
from condatui.view_models.format import spell_age
from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui_core.analyses.channel_shares import ChannelTotal
from condatui_core.records.disk import Cost
from condatui_core.records.environment import Environment, Inventory, KeepMark
from condatui_core.records.installation import ChannelConfig
from condatui_core.text import counted, format_bytes, sanitize

if TYPE_CHECKING:
    from condatui_core.records.disk import DiskUse


# Summary of one environment


def summary_text(environment: Environment, now: datetime, *, glyphs: Glyphs = UNICODE) -> Text:
    """Three lines: the name with its state, the prefix with its links, and contents with age."""
    links = "".join(f" {glyphs.alias} {sanitize(alias)}" for alias in environment.aliases)
    return Text("\n").join(
        [
            _head(environment, glyphs),
            Text.assemble(sanitize(environment.prefix), (links, styles.DIM)),
            Text(f" {glyphs.separator} ".join(_facts(environment, now, glyphs))),
        ]
    )


def _head(environment: Environment, glyphs: Glyphs) -> Text:
    states = (
        (environment.base, "base of its installation"),
        (environment.active, "active"),
        (environment.frozen, "frozen"),
        (environment.keep is not None, _kept_words(environment.keep)),
        (environment.baseline, "the baseline"),
        (environment.writable is False, "not writable"),
        (environment.state != "ok", environment.state),
    )
    head = Text.assemble((sanitize(environment.name), styles.STRONG))
    for holds, words in states:
        if holds:
            head.append(f" {glyphs.separator} {words}", styles.DIM)
    return head


def _kept_words(mark: KeepMark | None) -> str:
    return f"kept: {sanitize(mark.note)}" if mark and mark.note else "kept"


def _facts(environment: Environment, now: datetime, glyphs: Glyphs) -> list[str]:
    contents = environment.contents
    facts = []
    if environment.python:
        facts.append(f"python {sanitize(environment.python)}")
    if contents:
        pip = len(contents.pip_distributions)
        facts.append(counted(len(contents.packages), "conda package") + (f" and {pip} of pip" if pip else ""))
        facts.append(f"{glyphs.approximately}{format_bytes(environment.managed_bytes)} by their records")
    if environment.owner:
        facts.append(f"of {sanitize(environment.owner)}")
    if environment.created:
        facts.append(f"created {spell_age(environment.created, now)}")
    return facts


# Tables and pages


def print_environments(
    invocation: Invocation, inventory: Inventory, uses: Mapping[str, DiskUse], packages: Sequence[str] = ()
) -> None:
    """Print a row for each environment, with what removing it frees if measured; on a terminal also what marks mean.

    Each of the `packages` has a column.
    """
    claimed = {
        each.prefix: Cost(total=each.managed_bytes, frees=None, measured=False)
        for each in inventory.environments
        if each.managed_bytes
    }
    measured = {prefix: use.cost for prefix, use in uses.items()}
    print_rows(invocation, inventory, {**claimed, **measured} if uses else None, packages)


def print_rows(
    invocation: Invocation, inventory: Inventory, costs: Mapping[str, Cost] | None, packages: Sequence[str] = ()
) -> None:
    """As `print_environments`, with costs wherever they come from."""
    printer = Printer(ascii_only=invocation.settings.ascii)
    now, glyphs = invocation.clock(), printer.glyphs
    printer.table(EnvironmentsModel(inventory.environments, now=now, glyphs=glyphs, costs=costs, packages=packages))
    if printer.on_terminal and (marks := _legend(inventory.environments, printer.glyphs)):
        printer.text(Text(f"\n{marks}", styles.DIM))


def _legend(environments: Sequence[Environment], glyphs: Glyphs) -> str:
    """What the marks beside these names mean; empty if none has one."""
    marks = (
        (glyphs.base, "base", any(each.base for each in environments)),
        (glyphs.active, "active", any(each.active for each in environments)),
        (glyphs.frozen, "frozen", any(each.frozen for each in environments)),
        (glyphs.kept, "kept", any(each.keep for each in environments)),
        (glyphs.baseline, "the baseline", any(each.baseline for each in environments)),
        (glyphs.read_only, "not writable", any(each.writable is False for each in environments)),
        (f"{glyphs.alias}NAME", "a link to it", any(each.aliases for each in environments)),
    )
    return f" {glyphs.separator} ".join(f"{mark} {meaning}" for mark, meaning, shown in marks if shown)


def print_channels(invocation: Invocation, totals: Sequence[ChannelTotal]) -> None:
    """Print a row for each channel of all environments."""
    printer = Printer(ascii_only=invocation.settings.ascii)
    printer.table(ChannelTotalsModel(totals, glyphs=printer.glyphs))


def print_environment(invocation: Invocation, environment: Environment, config: ChannelConfig) -> None:
    """Print one environment: its health, its channels and its packages."""
    now = invocation.clock()
    printer = Printer(ascii_only=invocation.settings.ascii)
    glyphs = printer.glyphs
    printer.text(summary_text(environment, now, glyphs=glyphs))
    printer.text(Text("\n").append_text(health_text(environment, now, words=command_line_words, glyphs=glyphs)))
    for model in (ChannelsModel(environment, config, glyphs=glyphs), PackagesModel(environment, config, glyphs=glyphs)):
        if len(model):
            printer.text(Text())
            printer.table(model)
