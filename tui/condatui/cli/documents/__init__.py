"""Records as JSON documents: a public interface."""

from __future__ import annotations
