"""What environments really cost: a walk over all inodes, the places that hold each, and what a removal frees."""

from __future__ import annotations
