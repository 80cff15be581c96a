"""Pack: conda-pack runs in a child process, and its archive is read back before it appears under its name."""

from __future__ import annotations
