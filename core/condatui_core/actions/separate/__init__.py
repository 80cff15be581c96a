"""Separate: files of an environment that a relink has joined become its own again."""

from __future__ import annotations
