"""The headless core of condatui: what the conda environments of a machine are, read without changing them."""

from __future__ import annotations

__version__ = "0.1.0"
