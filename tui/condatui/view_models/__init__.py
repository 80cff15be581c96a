"""Turns records into rows and labels, without side effects."""

from __future__ import annotations
