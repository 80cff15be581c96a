"""Messages that cross screens: what has happened, for the widgets that show it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.message import Message

from condatui_core.records.environment import Environment, Inventory

if TYPE_CHECKING:
    from condatui.view_models.cleanup.found import FoundCleanup
    from condatui.view_models.gpu import GpuState
    from condatui.view_models.plan import Facts
    from condatui_core.analyses.baseline_proposal import BaselineProposal
    from condatui_core.disk.usage import DiskUsage
    from condatui_core.records.alike import AlikeGroup
    from condatui_core.records.job import Job
    from condatui_core.records.other_machine import OtherMachines
    from condatui_core.records.request import Request


class InventoryLoaded(Message):
    """A newer inventory replaces the last one."""

    def __init__(self, inventory: Inventory) -> None:
        super().__init__()
        self.inventory = inventory

    def can_replace(self, message: Message) -> bool:
        """Drop an earlier message that is not handled yet."""
        return isinstance(message, InventoryLoaded)


class OthersRead(Message):
    """What snapshots tell of other machines; it replaces what they have told before."""

    def __init__(self, others: OtherMachines) -> None:
        super().__init__()
        self.others = others

    def can_replace(self, message: Message) -> bool:
        """Drop an earlier message that is not handled yet."""
        return isinstance(message, OthersRead)


class AlikeAcrossFound(Message):
    """Groups of alike environments on several other machines were found."""

    def __init__(self, groups: tuple[AlikeGroup, ...]) -> None:
        super().__init__()
        self.groups = groups


class DiskSurveyed(Message):
    """A newer measurement of the disk replaces the last one."""

    def __init__(self, survey: DiskUsage) -> None:
        super().__init__()
        self.survey = survey

    def can_replace(self, message: Message) -> bool:
        """Drop an earlier message that is not handled yet."""
        return isinstance(message, DiskSurveyed)


class CleanupFound(Message):
    """What could go was looked for again."""

    def __init__(self, found: FoundCleanup) -> None:
        super().__init__()
        self.found = found

    def can_replace(self, message: Message) -> bool:
        """Drop an earlier message that is not handled yet."""
        return isinstance(message, CleanupFound)


class GpuChecksConfirmed(Message):
    """The user wants all these environments checked."""

    def __init__(self, environments: Sequence[Environment]) -> None:
        super().__init__()
        self.environments = tuple(environments)


class GpuLearned(Message):
    """A newer state of the GPU checks replaces the last one."""

    def __init__(self, state: GpuState) -> None:
        super().__init__()
        self.state = state

    def can_replace(self, message: Message) -> bool:
        """Drop an earlier message that is not handled yet."""
        return isinstance(message, GpuLearned)


class AlikeFound(Message):
    """Newer groups of alike environments replace the last ones."""

    def __init__(self, groups: tuple[AlikeGroup, ...]) -> None:
        super().__init__()
        self.groups = groups

    def can_replace(self, message: Message) -> bool:
        """Drop an earlier message that is not handled yet."""
        return isinstance(message, AlikeFound)


class CommandRan(Message):
    """The command log has a new command."""

    def can_replace(self, message: Message) -> bool:
        """Drop an earlier message that is not handled yet: one redrawing shows all commands."""
        return isinstance(message, CommandRan)


class EnvironmentChosen(Message):
    """The user has chosen an environment to go to, in any place."""

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self.prefix = prefix


class ComparisonProposed(Message):
    """A place proposes to put environments side by side; the first is the reference."""

    def __init__(self, prefixes: Sequence[str], left_out: str = "") -> None:
        super().__init__()
        self.prefixes = tuple(prefixes)
        self.left_out = left_out
        """Which others are not compared, and why."""


class KeepProposed(Message):
    """The user says why environments stay."""

    def __init__(self, chosen: Sequence[Environment], note: str) -> None:
        super().__init__()
        self.chosen = tuple(chosen)
        self.note = note


class FilterNamed(Message):
    """The user says under which name a filter is remembered."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__()
        self.name = name
        self.text = text


class FilterDropped(Message):
    """The user wants a remembered filter forgotten."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


class PackageSought(Message):
    """The user wants to see which environments have a package."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


class ColumnsChosen(Message):
    """The user has chosen the columns of place 1, which from now on stay so."""

    def __init__(self, columns: Sequence[str]) -> None:
        super().__init__()
        self.columns = tuple(columns)


class VerifyProposed(Message):
    """The user names a file that describes an environment."""

    def __init__(self, environment: Environment, file: str) -> None:
        super().__init__()
        self.environment = environment
        self.file = file


class TraceProposed(Message):
    """The user names a command, or modules, to run in an environment to see what they use."""

    def __init__(self, environment: Environment, text: str) -> None:
        super().__init__()
        self.environment = environment
        self.text = text


class JobChanged(Message):
    """The state of a job has changed."""

    def can_replace(self, message: Message) -> bool:
        """Drop an earlier message that is not handled yet: one redrawing shows all jobs."""
        return isinstance(message, JobChanged)


class JobEnded(Message):
    """A job of this run is over."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.job = job


class JobsSeen(Message):
    """The user sees the jobs, and so knows what was interrupted."""


class RequestProposed(Message):
    """A place proposes a request; the user confirms or leaves its plan."""

    def __init__(self, request: Request, about: Facts = ()) -> None:
        super().__init__()
        self.request = request
        self.about = about
        """Why each of what it is for was chosen."""


class BaselineProposed(Message):
    """The user wants the proposed baseline to be made, under a name that is still to be given."""

    def __init__(self, proposal: BaselineProposal) -> None:
        super().__init__()
        self.proposal = proposal


class LeavingConfirmed(Message):
    """The user quits while jobs are at work, which are to be cancelled."""
