"""How a job is carried out: its turn, its commands, its output, and what is left if it dies."""

from __future__ import annotations
