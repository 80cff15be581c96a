"""The pictures of the README, drawn by the workbench itself on the sandbox."""

from __future__ import annotations
