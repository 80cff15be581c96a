"""The only place that reads prefixes, and it changes nothing in them."""

from __future__ import annotations
