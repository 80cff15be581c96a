"""The commands, a file each: what the screens know can be had without them."""

from __future__ import annotations
