"""What stands against changing an environment."""

from __future__ import annotations
