"""Restore points: what condatui keeps of an environment before removing it, and how it brings the environment back."""

from __future__ import annotations
