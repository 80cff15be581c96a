"""The one place that starts child processes, watches them, bounds them and ends them with their descendants."""

from __future__ import annotations
