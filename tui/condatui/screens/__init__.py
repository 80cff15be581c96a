"""The places and the command log, one Screen in each file."""

from __future__ import annotations
