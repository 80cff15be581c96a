"""Ship: writes a directory that an image with an environment is built from, the same bytes for the same environment."""

from __future__ import annotations
