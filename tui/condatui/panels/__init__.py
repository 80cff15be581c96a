"""The panels at the bottom of a place: forms, plans, help, and the question before quitting."""

from __future__ import annotations
