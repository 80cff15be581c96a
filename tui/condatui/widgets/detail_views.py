"""What the tabs of the details show behind the first one; nobody imports it before such a tab is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual.widget import Widget

from condatui.view_models.channels import ChannelsModel
from condatui.view_models.gpu_tab import gpu_text
from condatui.view_models.health import health_text
from condatui.view_models.history import HistoryModel
from condatui.view_models.signs import Signs
from condatui.view_models.table import TableModel
from condatui.widgets.disk_pane import DiskPane
from condatui.widgets.text_pane import TextPane
from condatui.widgets.virtual_table import VirtualTable

if TYPE_CHECKING:
    from condatui.widgets.detail_pane import Subject

TEXTS = frozenset({"health", "gpu"})
"""The tabs that are text to read."""


def view_of(tab: str, signs: Signs) -> Widget:
    """An empty view for a tab."""
    if tab == "disk":
        return DiskPane(signs, id=tab)
    return TextPane(id=tab) if tab in TEXTS else VirtualTable(signs, id=tab)


def model_of(tab: str, subject: Subject, signs: Signs) -> TableModel:
    """The rows of a tab that is a table."""
    if tab == "channels":
        return ChannelsModel(subject.environment, subject.channels, signs=signs)
    return HistoryModel(subject.environment, signs=signs)


def text_of(tab: str, subject: Subject, signs: Signs) -> Text:
    """What a tab says that is text; empty if there is nothing to say."""
    if tab == "health":
        return health_text(subject.environment, subject.now, signs=signs)
    return gpu_text(subject.gpu, signs=signs) if subject.gpu else Text()
