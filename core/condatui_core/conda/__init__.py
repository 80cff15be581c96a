"""The only place that runs conda: found, asked, told, and its answers parsed."""

from __future__ import annotations
