"""The places and what lies over them, a Screen a file."""

from __future__ import annotations
