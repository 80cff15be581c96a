"""All about one environment, in tabs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from condatui.view_models.channels import ChannelsModel
from condatui.view_models.health import health_text
from condatui.view_models.history import HistoryModel
from condatui.view_models.packages import PackagesModel
from condatui.view_models.signs import Signs
from condatui.view_models.table import TableModel
from condatui.widgets.disk_pane import DiskPane
from condatui.widgets.line import Line
from condatui.widgets.tab_line import Tab, tab_line
from condatui.widgets.text_pane import TextPane
from condatui.widgets.virtual_table import VirtualTable
from condatui_core.printable import printable
from condatui_core.records.environment import Environment
from condatui_core.records.installation import ChannelConfig

if TYPE_CHECKING:
    from condatui.view_models.disk_shares import DiskSubject
    from condatui.view_models.gpu_state import GpuSubject


@dataclass(frozen=True, slots=True)
class Subject:
    """What the details are of."""

    environment: Environment
    channels: ChannelConfig
    now: datetime = field(compare=False)
    """When these details are looked at, for ages."""
    disk: DiskSubject | None = field(default=None, compare=False)
    """What is known of its bytes, for those who look at them."""
    gpu: GpuSubject | None = field(default=None, compare=False)
    """What it comes to on the GPUs."""


class DetailPane(Vertical):
    """The packages, channels, bytes, health and history of one environment; only the tab that is seen is made."""

    TABS: ClassVar[tuple[str, ...]] = ("packages", "channels", "disk", "health", "gpu", "history")

    def __init__(self, signs: Signs, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._signs = signs
        self._subject: Subject | None = None
        self._gpu: GpuSubject | None = None
        """What the GPU tab shows."""
        self._made: dict[str, Subject] = {}
        """Of whom each tab shows the details."""

    def compose(self) -> ComposeResult:
        """The tabs' rule and, below it, one view for each."""
        yield Line(id="tabs")
        with ContentSwitcher(initial=self.TABS[0]):
            yield VirtualTable(self._signs, id="packages")
            yield VirtualTable(self._signs, id="channels")
            yield DiskPane(self._signs, id="disk")
            yield TextPane(id="health")
            yield TextPane(id="gpu")
            yield VirtualTable(self._signs, id="history")

    @property
    def tab(self) -> str:
        """The tab that is seen."""
        return self.query_one(ContentSwitcher).current or self.TABS[0]

    @property
    def view(self) -> Widget:
        """The widget of that tab, which takes the keys."""
        return self._disk.table if self.tab == "disk" else self.query_one(f"#{self.tab}")

    @property
    def path(self) -> str | None:
        """The path under the cursor, where the tab that is seen shows paths and has the keys."""
        return self._disk.path if self.tab == "disk" and self._disk.table.has_focus else None

    @property
    def command(self) -> str:
        """The way out that the GPU tab names, where it is seen and has the keys; empty if it names none."""
        gpu = self._subject.gpu if self._subject and self.tab == "gpu" and self.view.has_focus else None
        return gpu.command if gpu else ""

    @property
    def _disk(self) -> DiskPane:
        return self.query_one(DiskPane)

    def show(self, subject: Subject | None) -> None:
        """Show the details of an environment; None is that there is none."""
        self._subject = subject
        self.query_one(ContentSwitcher).visible = subject is not None
        self._make()

    def turn(self, steps: int) -> None:
        """Go so many tabs to the right; the last one is followed by the first."""
        focused = self.view.has_focus
        index = (self.TABS.index(self.tab) + steps) % len(self.TABS)
        self.query_one(ContentSwitcher).current = self.TABS[index]
        self._make()
        if focused:
            self.view.focus()

    def _make(self) -> None:
        """Fill the tab that is seen, unless it shows this already."""
        tab, subject = self.tab, self._subject
        self.query_one("#tabs", Line).draw(self._tab_line)
        if tab == "disk":
            if subject and subject.disk:
                self._disk.show(subject.disk)
            return
        if tab == "gpu":
            self._show_gpu(subject)
            return
        before = self._made.get(tab)
        if subject is None or before == subject:
            return
        self._made[tab] = subject
        fresh = before is None or before.environment.prefix != subject.environment.prefix
        if tab == "health":
            text = health_text(subject.environment, subject.now, signs=self._signs)
            self.query_one("#health", TextPane).set_text(text, fresh=fresh)
        else:
            table = self.query_one(f"#{tab}", VirtualTable)
            table.set_model(self._model(tab, subject), empty=_why_empty(tab, subject.environment), fresh=fresh)

    def _show_gpu(self, subject: Subject | None) -> None:
        gpu = subject.gpu if subject else None
        if gpu is None or (self._gpu and self._gpu.shown == gpu.shown):
            return
        from condatui.view_models.gpu_tab import gpu_text  # noqa: PLC0415 - not before somebody looks

        fresh = self._gpu is None or self._gpu.environment.prefix != gpu.environment.prefix
        self._gpu = gpu
        self.query_one("#gpu", TextPane).set_text(gpu_text(gpu, signs=self._signs), fresh=fresh)

    def _model(self, tab: str, subject: Subject) -> TableModel:
        if tab == "packages":
            return PackagesModel(subject.environment, subject.channels, signs=self._signs)
        if tab == "channels":
            return ChannelsModel(subject.environment, subject.channels, signs=self._signs)
        return HistoryModel(subject.environment, signs=self._signs)

    def _tab_line(self, width: int) -> Text:
        environment = self._subject.environment if self._subject else None
        contents = environment.contents if environment else None
        tabs = (
            Tab("packages", "Packages", len(contents.packages) + len(contents.pip_distributions) if contents else None),
            Tab("channels", "Channels", len(environment.channels) if environment else None),
            Tab("disk", "Disk"),
            Tab("health", "Health", len(environment.findings) if environment else None),
            Tab("gpu", "GPU"),
            Tab("history", "History", len(contents.history.revisions) if contents else None),
        )
        name = printable(environment.name) if environment else ""
        return tab_line(tabs, self.tab, name, self._signs, width)


def _why_empty(tab: str, environment: Environment) -> Text:
    """Why there is nothing to see in a tab."""
    if environment.contents is None and environment.state == "ok":
        return Text("Not read yet.", "dim")
    if environment.state != "ok":
        return Text(f"Nothing to show: its state is {environment.state}, and Health says more.", "dim")
    why = {
        "packages": "No packages: nothing is installed here.",
        "channels": "No channels: nothing is installed here.",
        "history": "No history: conda-meta/history says nothing.",
    }
    return Text(why[tab], "dim")
