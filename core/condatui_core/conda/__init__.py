"""The only package that runs conda: it finds installations, runs their commands and parses their answers."""

from __future__ import annotations
