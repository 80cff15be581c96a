"""What environments really cost: the walk over every inode, who holds which, and what removing a set of them frees."""

from __future__ import annotations
