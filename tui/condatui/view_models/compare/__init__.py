"""Place 2 as rows, cells and words."""

from __future__ import annotations
