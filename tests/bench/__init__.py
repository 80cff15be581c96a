"""Ratios against what a user would run otherwise, measured in the same run on the same tree.

Absolute times mean nothing on a shared machine, ratios carry over. Nothing here asserts: it prints what it saw and what
is promised.
"""

from __future__ import annotations
