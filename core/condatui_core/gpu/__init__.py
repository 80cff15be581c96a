"""Whether CUDA works in an environment, and if not, why."""

from __future__ import annotations
