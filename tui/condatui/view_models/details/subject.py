"""What the details of an environment are of."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from condatui_core.records.environment import Environment
from condatui_core.records.installation import ChannelConfig

if TYPE_CHECKING:
    from condatui.view_models.details.disk import DiskSubject
    from condatui.view_models.gpu import GpuSubject
    from condatui.view_models.remedies import RemedyWords


class DetailSubject(Struct, frozen=True):
    """What the details are of."""

    environment: Environment
    channels: ChannelConfig
    now: datetime
    """When these details are looked at, for ages."""
    words: RemedyWords
    """Says what to do about what is found."""
    disk: DiskSubject | None = None
    """What is known of its bytes, for those who look at them."""
    gpu: GpuSubject | None = None
    """What it comes to on the GPUs."""

    @property
    def shown(self) -> tuple[object, ...]:
        """What decides how the other tabs look."""
        return self.environment, self.channels
