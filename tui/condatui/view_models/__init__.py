"""Records as rows and labels, pure."""

from __future__ import annotations
