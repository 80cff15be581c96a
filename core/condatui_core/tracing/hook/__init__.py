"""What Python finds by PYTHONPATH; condatui itself imports nothing of it."""

from __future__ import annotations
