"""Clone: conda links the packages, condatui copies all other files, and compares the clone with its source."""

from __future__ import annotations
