"""Rules that turn evidence into one verdict and a remedy; docs/gpu.md lists them with their sources."""

from __future__ import annotations
