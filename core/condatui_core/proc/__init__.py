"""Child processes: started in a group of their own, bounded, and ended with their descendants."""

from __future__ import annotations
