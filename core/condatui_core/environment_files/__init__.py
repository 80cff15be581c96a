"""Files that describe an environment: read as columns of a comparison, and written from what is there."""

from __future__ import annotations
