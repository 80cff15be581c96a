"""What was found that could go, and what the user has asked for while it is looked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from condatui_core.disk.cleanup import CleanupSurvey
    from condatui_core.disk.usage import DiskUsage
    from condatui_core.records.alike import AlikeGroup
    from condatui_core.records.cleanup import CleanupCandidate
    from condatui_core.records.environment import Inventory

_STEP = 0.01
_LEAST, _MOST = 0.5, 1.0
_NONE: Mapping[str, int] = MappingProxyType({})


class CleanupOptions(Struct, frozen=True):
    """What the user has chosen for this session."""

    threshold: float
    """From which similarity on environments count as alike, 0 to 1."""
    keepers: frozenset[str] = frozenset()
    """Prefixes of the environments that the user has made keepers."""

    def with_threshold(self, steps: int) -> CleanupOptions:
        """The same with a threshold so many percent higher, between 50 % and 100 %."""
        threshold = min(_MOST, max(_LEAST, round(self.threshold + steps * _STEP, 2)))
        return CleanupOptions(threshold, self.keepers)

    def with_keeper(self, prefix: str, group: AlikeGroup) -> CleanupOptions:
        """The same with this keeper of a group; if the user has chosen it before, that is undone."""
        others = self.keepers - {group.keeper, *(member.prefix for member in group.members)}
        return CleanupOptions(self.threshold, others if prefix in self.keepers else others | {prefix})

    def without_keeper(self, prefix: str) -> CleanupOptions:
        """The same without this keeper."""
        return CleanupOptions(self.threshold, self.keepers - {prefix})


@dataclass(frozen=True, slots=True, eq=False)
class CleanupQuestion:
    """All that decides what could go."""

    inventory: Inventory
    disk: DiskUsage | None
    working_gpu: frozenset[str]
    """Prefixes in which the GPU works."""
    options: CleanupOptions

    def is_that_of(self, other: CleanupQuestion) -> bool:
        """Whether the answer to another question answers this one; environments stay the same object until changed."""
        mine, theirs = self.inventory.environments, other.inventory.environments
        return (
            self.options == other.options
            and self.working_gpu == other.working_gpu
            and self.inventory.kernels == other.inventory.kernels
            and self.inventory.marks_unknown == other.inventory.marks_unknown
            and _measured(self.disk) is _measured(other.disk)
            and len(mine) == len(theirs)
            and all(one is another for one, another in zip(mine, theirs, strict=True))
        )


def _measured(disk: DiskUsage | None) -> object:
    """What is another object after each complete walk of the disk."""
    return (disk.graph or disk.managed) if disk else None


class FoundCleanup(Struct, frozen=True, kw_only=True):
    """What could go, and what that frees."""

    options: CleanupOptions
    """What the user had chosen by then."""
    survey: CleanupSurvey | None = None
    """What it rests on."""
    frees: Mapping[str, int] = _NONE
    """By key, the bytes that `df` gains if only this candidate goes; empty while the disk is not measured."""
    together: Mapping[str, int] = _NONE
    """By keeper, the same if all members of its group are chosen that can be: removed, or merged into it."""
    waiting: int | None = None
    """The bytes that all that can go frees together, but for mere guesses; None while the disk is not measured."""

    @property
    def groups(self) -> tuple[AlikeGroup, ...]:
        """The groups of alike environments."""
        return self.survey.groups if self.survey else ()

    @property
    def candidates(self) -> tuple[CleanupCandidate, ...]:
        """What could go, the least regrettable first."""
        return self.survey.candidates if self.survey else ()

    @property
    def measured(self) -> CleanupSurvey | None:
        """What it rests on, if the disk is measured."""
        return self.survey if self.survey and self.survey.measured else None
