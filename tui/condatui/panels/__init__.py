"""What opens at the bottom of a place: forms, plans, help, and the question before leaving."""

from __future__ import annotations
