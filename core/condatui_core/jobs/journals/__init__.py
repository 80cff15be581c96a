"""What jobs write down, so that the next start knows."""

from __future__ import annotations
