"""Clean: package caches rid of what no environment and no restore point needs."""

from __future__ import annotations
