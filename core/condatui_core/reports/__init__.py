"""Records as documents that people and other programs read: Markdown."""

from __future__ import annotations
