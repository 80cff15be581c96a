"""What prefixes hold, read without changing them."""

from __future__ import annotations
