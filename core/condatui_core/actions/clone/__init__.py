"""Clone: conda links the packages, what is not conda's is copied beside them, and the disk says whether it is so."""

from __future__ import annotations
