"""What makes a clone: conda links its packages, and everything that is not conda's is copied beside it."""

from __future__ import annotations
