"""Condas: found, asked, and every command that was run kept in a log."""

from __future__ import annotations
