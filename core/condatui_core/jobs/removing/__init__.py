"""How environments are removed."""

from __future__ import annotations
