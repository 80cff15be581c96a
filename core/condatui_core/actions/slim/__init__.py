"""Slim: a copy of an environment without what a service does not need, proven before it counts as made."""

from __future__ import annotations
