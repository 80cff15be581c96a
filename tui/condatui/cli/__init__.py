"""The commands, one file each; they offer what the screens show without a screen."""

from __future__ import annotations
