"""The commands, one file each; they offer what the screens show without a screen."""

from __future__ import annotations

COMPLETE_VARIABLE = "_CONDATUI_COMPLETE"
"""The variable by which the script of `condatui completion` asks what fits; click's name for it."""
