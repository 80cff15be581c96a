"""Remove: a restore point first, then the removal, and a check that it really happened."""

from __future__ import annotations
