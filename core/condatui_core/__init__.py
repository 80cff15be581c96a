"""The headless core of condatui: read, measure, check and change the conda environments of a machine."""

from __future__ import annotations

__version__ = "0.1.0"
