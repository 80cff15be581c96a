"""Remove: a restore point first, then the removal, and a look whether it really happened."""

from __future__ import annotations
