"""The ordered table of verdicts: from facts to one line and a remedy."""

from __future__ import annotations
