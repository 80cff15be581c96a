"""Cleaning up: what could go and why, in which order, and what it takes to reach a goal."""

from __future__ import annotations
