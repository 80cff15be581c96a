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
    """The first of these that applies: `missing` or `extra`, `version`, `build`, `channel`."""
    source: Source
    """Whose package it is by the file; of what is `extra`, who installed it."""
    have: str = ""
    """What is there: a version, with the build or channel where that is what differs; empty if it is missing."""
    want: str = ""
    """What the file asks for; empty if it asks for nothing."""


class Verification(Struct, frozen=True, kw_only=True):
    """What comes of holding an environment against a file that describes it."""

    drift: tuple[Drift, ...] = ()
    """By name; empty if the environment is what the file describes."""
    left_out: tuple[str, ...] = ()
    """What of the file was not compared: lines for other machines, and what cannot be decided, with the reason."""
    lists_everything: bool = False
    """Whether the file lists every package, so that each other one in the environment is too many."""
    compared: int = 0
    """How many packages the file asks for."""
