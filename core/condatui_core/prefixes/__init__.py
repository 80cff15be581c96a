"""The only package that reads prefixes; it changes nothing in them."""

from __future__ import annotations
