"""Widgets. They know records and view models, never the workbench."""

from __future__ import annotations
