"""Restore: conda links what it has, the rest is unpacked, and every path is compared."""

from __future__ import annotations
