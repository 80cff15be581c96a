"""The rows, the filter and the order of place 1."""

from __future__ import annotations
