"""Place 1 as rows, its filter and its order."""

from __future__ import annotations
