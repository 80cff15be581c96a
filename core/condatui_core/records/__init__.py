"""Facts: frozen, parsed once at the edge, without behaviour that reaches out."""

from __future__ import annotations
