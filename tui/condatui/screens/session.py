"""What the places share: what is known of the machine, and what the user has marked."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import TYPE_CHECKING

from textual.dom import DOMNode
from textual.signal import Signal

from condatui.keys import Keymap
from condatui.view_models import signs
from condatui_core.errors import CondatuiError
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.installation import ChannelConfig

if TYPE_CHECKING:
    from condatui_core.workbench import Workbench


class Session:
    """One sitting at the workbench. The app tells what is new; the places look at it and mark."""

    def __init__(self, owner: DOMNode, workbench: Workbench, *, host: str, clock: Callable[[], datetime]) -> None:
        """Raises UsageError if the keys of the settings cannot be."""
        self.workbench = workbench
        self.host = host
        self.clock = clock
        self.keymap = Keymap.of_settings(workbench.settings.keys)
        self.signs = signs.ASCII if workbench.settings.ascii else signs.UNICODE
        self.inventory = Inventory()
        self.failure: CondatuiError | None = None
        """Why the last look at the machine came to nothing; None if it did not."""
        self.loading = True
        """Whether more is to come: from the start, since the app begins by looking."""
        self.marked: frozenset[str] = frozenset()
        """Prefixes."""
        self.changed: Signal[Session] = Signal(owner, "session changed")
        """Published whenever any of this is new."""

    def show(self, inventory: Inventory) -> None:
        """Take in what is known now; marks on what is gone go too."""
        self.inventory = inventory
        if inventory.complete:
            self.marked &= {environment.prefix for environment in inventory.environments}
        self.changed.publish(self)

    def start_loading(self) -> None:
        """Forget the failure of last time: somebody looks again."""
        self.loading, self.failure = True, None
        self.changed.publish(self)

    def stop_loading(self, failure: CondatuiError | None = None) -> None:
        """Nothing more comes, because all is known or because of a failure."""
        self.loading, self.failure = False, failure
        self.changed.publish(self)

    def mark(self, prefixes: Collection[str], *, marked: bool) -> None:
        """Mark or unmark environments."""
        self.marked = self.marked | set(prefixes) if marked else self.marked - set(prefixes)
        self.changed.publish(self)

    def channels_of(self, environment: Environment) -> ChannelConfig:
        """How the installation that owns an environment names its channels."""
        return dict(self.inventory.channel_configs).get(environment.installation or "", ChannelConfig())
