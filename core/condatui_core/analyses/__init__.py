"""Records in, records out: comparisons, similarity, provenance, health. Pure: no file, no process, no clock."""

from __future__ import annotations
