"""The reports of vulnerability scanners: read, and turned into records."""

from __future__ import annotations
