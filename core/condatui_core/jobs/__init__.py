"""The engine that carries out plans: queue, journal, writer lock, interrupted jobs. It knows no action by name."""

from __future__ import annotations
