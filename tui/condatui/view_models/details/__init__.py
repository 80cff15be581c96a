"""The rows and texts of the tabs of one environment."""

from __future__ import annotations
