"""Facts that cross screens: what happened, told to whoever shows it."""

from __future__ import annotations

from textual.message import Message

from condatui_core.records.environment import Inventory


class InventoryLoaded(Message):
    """More is known of the machine than before; the newest is all that counts."""

    def __init__(self, inventory: Inventory) -> None:
        super().__init__()
        self.inventory = inventory

    def can_replace(self, message: Message) -> bool:
        """A later one makes an earlier one that was not handled yet superfluous."""
        return isinstance(message, InventoryLoaded)


class CommandRan(Message):
    """The command log grew."""

    def can_replace(self, message: Message) -> bool:
        """One look at the log sees all that are new."""
        return isinstance(message, CommandRan)


class EnvironmentChosen(Message):
    """The user wants to see an environment, wherever this was asked."""

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self.prefix = prefix
