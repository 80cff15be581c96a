"""The tabs of one environment as rows and words."""

from __future__ import annotations
