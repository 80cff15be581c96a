"""Environments that others have written down, read as columns of a comparison."""

from __future__ import annotations
