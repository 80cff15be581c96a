"""The subject of the details: one environment, and what the tabs show of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from condatui.view_models.channel_codes import NO_CODES, ChannelCodes
from condatui_core.records.environment import Environment
from condatui_core.records.installation import ChannelConfig

if TYPE_CHECKING:
    from condatui.view_models.details.disk import DiskSubject
    from condatui.view_models.details.slim import SlimSubject
    from condatui.view_models.details.traced import TracedSubject
    from condatui.view_models.gpu import GpuSubject
    from condatui.view_models.remedies import RemedyWords
    from condatui.view_models.told import Told
    from condatui.view_models.verification import VerifiedFile
    from condatui_core.records.revision import RevisionFacts


class DetailSubject(Struct, frozen=True):
    """One environment, and what the tabs show of it."""

    environment: Environment
    channels: ChannelConfig
    now: datetime
    """When these details are looked at, for ages."""
    words: RemedyWords
    """Says what to do about what is found."""
    disk: DiskSubject | None = None
    """What is known of its disk use; None unless the disk tab is visible."""
    gpu: GpuSubject | None = None
    """What the GPU tab shows."""
    revisions: tuple[RevisionFacts, ...] = ()
    """What has been found out about its revisions; empty until they are looked into, and without the history tab."""
    slim: SlimSubject | None = None
    """What a service would not need of it; None unless the slim tab is visible."""
    traced: TracedSubject | None = None
    """The last command that was run in it; None unless the slim tab is visible."""
    stop_key: str = ""
    """The key that stops that."""
    verified: VerifiedFile | None = None
    """What came of holding it against the file that it was last verified against; None if it never was."""
    codes: ChannelCodes = NO_CODES
    """The codes of channels, by their names."""
    told: Told | None = None
    """What a snapshot tells of one on another machine; None on this one."""

    @property
    def shown(self) -> tuple[object, ...]:
        """What the tabs other than Disk, GPU, History and Slim depend on."""
        return self.environment, self.channels, self.codes, self.verified
