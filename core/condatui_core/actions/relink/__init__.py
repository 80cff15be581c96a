"""Relink: files of equal content are stored once, compared byte for byte when it happens, and nothing is removed."""

from __future__ import annotations
