"""Print records as tables and pages for people."""

from __future__ import annotations
