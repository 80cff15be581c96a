"""Facts that cross screens: what happened, told to whoever shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

from condatui_core.records.environment import Inventory

if TYPE_CHECKING:
    from condatui.view_models.gpu import GpuState
    from condatui_core.disk.usage import DiskUsage
    from condatui_core.records.job import Job
    from condatui_core.records.request import Request


class InventoryLoaded(Message):
    """More is known of the machine than before; the newest is all that counts."""

    def __init__(self, inventory: Inventory) -> None:
        super().__init__()
        self.inventory = inventory

    def can_replace(self, message: Message) -> bool:
        """A later one makes an earlier one that was not handled yet superfluous."""
        return isinstance(message, InventoryLoaded)


class DiskSurveyed(Message):
    """More is known of the disk than before; the newest is all that counts."""

    def __init__(self, survey: DiskUsage) -> None:
        super().__init__()
        self.survey = survey

    def can_replace(self, message: Message) -> bool:
        """A later one makes an earlier one that was not handled yet superfluous."""
        return isinstance(message, DiskSurveyed)


class GpuLearned(Message):
    """More is known of the GPUs than before; the newest is all that counts."""

    def __init__(self, state: GpuState) -> None:
        super().__init__()
        self.state = state

    def can_replace(self, message: Message) -> bool:
        """A later one makes an earlier one that was not handled yet superfluous."""
        return isinstance(message, GpuLearned)


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


class JobChanged(Message):
    """A job has come further."""

    def can_replace(self, message: Message) -> bool:
        """One look at the jobs sees all that is new."""
        return isinstance(message, JobChanged)


class JobEnded(Message):
    """A job of this sitting is over."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.job = job


class JobsSeen(Message):
    """The user looks at the jobs, and now knows what was interrupted."""


class RequestProposed(Message):
    """Something is to be done, if the user agrees with its plan."""

    def __init__(self, request: Request, then: str = "") -> None:
        super().__init__()
        self.request = request
        self.then = then
        """What gets a plan of its own after it, in words."""


class LeavingConfirmed(Message):
    """The user leaves though jobs are at work: they are to be cancelled."""
