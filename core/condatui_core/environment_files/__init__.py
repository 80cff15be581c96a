"""Files that describe an environment: read as columns of a comparison, and written by exports."""

from __future__ import annotations
