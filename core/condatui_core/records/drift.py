"""Records of drift: how an environment differs from a file that describes it, in both directions."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from condatui_core.records.comparison import Source

DriftKind = Literal["missing", "extra", "version", "build", "channel"]
"""Not there, there although nothing asks for it, or there as another version, build or from another channel."""


class Drift(Struct, frozen=True, kw_only=True):
    """One package in which an environment differs from what describes it."""

    name: str
    """conda's name, or pip's canonical name."""
    kind: DriftKind
    """The first that applies, in the order of the type."""
    source: Source
    have: str = ""
    """What is there: a version, with the build or channel where that is what differs; empty if it is missing."""
    want: str = ""
    """What the file asks for; empty if it asks for nothing."""
