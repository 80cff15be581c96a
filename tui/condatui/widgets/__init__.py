"""Widgets: they know records and view models, never the registry or the workbench."""

from __future__ import annotations
