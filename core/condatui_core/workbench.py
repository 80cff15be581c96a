"""The façade that the commands and the screens get: load, refresh, plan, submit."""

from __future__ import annotations
