"""Rollback: conda links exactly the packages of a past revision, after a restore point was made."""

from __future__ import annotations
