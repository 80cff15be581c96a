"""Restore points: what is kept of an environment before it goes, and how it comes back."""

from __future__ import annotations
