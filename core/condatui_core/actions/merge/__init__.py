"""Merge: a clone of the keeper takes the place of a member, with what only the member has added to it."""

from __future__ import annotations
