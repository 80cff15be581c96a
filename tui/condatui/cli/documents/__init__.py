"""Convert records to JSON documents, which are a public interface."""

from __future__ import annotations
