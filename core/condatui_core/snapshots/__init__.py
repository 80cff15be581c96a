"""Snapshots of machines: made here, read anywhere; a snapshot of unknown origin can be refused, and do no harm."""

from __future__ import annotations
