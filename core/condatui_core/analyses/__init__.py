"""Pure functions from records to records: comparison, similarity, provenance, health. No file, process or clock."""

from __future__ import annotations
