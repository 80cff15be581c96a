"""Pack: conda-pack in a process of its own, and the archive read back before it appears under its name."""

from __future__ import annotations
