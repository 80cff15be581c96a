"""Runs a command in an environment, and sees which files of it the command opens."""

from __future__ import annotations
