"""Clean: delete from package caches what no environment needs."""

from __future__ import annotations
