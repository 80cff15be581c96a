"""Frozen records of facts, parsed once at the edge, that read no file and start no process."""

from __future__ import annotations
