"""Leftovers: site-packages of a python that is no longer there are kept in a restore point, and deleted."""

from __future__ import annotations
