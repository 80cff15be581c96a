"""What runs in the Python of an environment to try its GPU, and the process that watches it."""

from __future__ import annotations
