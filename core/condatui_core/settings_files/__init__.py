"""The settings of files and variables: read, checked, told where they come from, and edited."""

from __future__ import annotations
