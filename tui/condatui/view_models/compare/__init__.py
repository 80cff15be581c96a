"""The rows, cells and texts of place 2."""

from __future__ import annotations
