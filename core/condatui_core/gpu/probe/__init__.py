"""What runs in the python of an environment, and who watches it."""

from __future__ import annotations
