"""Restore: conda links the packages that it has, condatui unpacks the rest and compares every path."""

from __future__ import annotations
