"""Export: condatui's own reading of environments is written to files, one or a directory of them."""

from __future__ import annotations
