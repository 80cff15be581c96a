"""What people read: tables and pages made of the screens' view models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from condatui.commands.invocation import Invocation
from condatui.commands.tables import Printer
from condatui.view_models.channel_totals import ChannelTotalsModel
from condatui.view_models.channels import ChannelsModel
from condatui.view_models.environment_summary import summary_text
from condatui.view_models.environments import EnvironmentsModel
from condatui.view_models.health import health_text
from condatui.view_models.packages import PackagesModel
from condatui_core.analyses.origins import ChannelTotal
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.installation import ChannelConfig

if TYPE_CHECKING:
    from condatui_core.records.disk import DiskUse


def print_environments(invocation: Invocation, inventory: Inventory, uses: Mapping[str, DiskUse]) -> None:
    """Print a row for each environment, with what removing it frees if that was measured."""
    printer = Printer(ascii_only=invocation.settings.ascii)
    costs = {prefix: use.cost for prefix, use in uses.items()} or None
    printer.table(EnvironmentsModel(inventory.environments, now=invocation.clock(), signs=printer.signs, costs=costs))


def print_channels(invocation: Invocation, totals: Sequence[ChannelTotal]) -> None:
    """Print a row for each channel of all environments."""
    printer = Printer(ascii_only=invocation.settings.ascii)
    printer.table(ChannelTotalsModel(totals, signs=printer.signs))


def print_environment(invocation: Invocation, environment: Environment, config: ChannelConfig) -> None:
    """Print all about one environment: its health, its channels and its packages."""
    now = invocation.clock()
    printer = Printer(ascii_only=invocation.settings.ascii)
    signs = printer.signs
    printer.text(summary_text(environment, now, signs=signs))
    printer.text(Text("\n").append_text(health_text(environment, now, signs=signs)))
    for model in (ChannelsModel(environment, config, signs=signs), PackagesModel(environment, config, signs=signs)):
        if len(model):
            printer.text(Text())
            printer.table(model)
