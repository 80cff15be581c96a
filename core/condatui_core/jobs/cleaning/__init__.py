"""How package caches are cleaned."""

from __future__ import annotations
