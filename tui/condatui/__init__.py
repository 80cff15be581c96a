"""condatui: a terminal workbench for the conda environments of a machine."""

from __future__ import annotations

from condatui_core import __version__

__all__ = ["__version__"]
