"""The NVIDIA driver of the machine, read without trusting it."""

from __future__ import annotations
