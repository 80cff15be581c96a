"""Jupyter kernels made by hand."""

from __future__ import annotations

import json
from pathlib import Path


def make_kernel(directory: Path, *argv: str, display_name: str = "") -> Path:
    """Write a kernel.json as `ipykernel install` does; returns its directory."""
    directory.mkdir(parents=True)
    spec = {"argv": [*argv, "-m", "ipykernel_launcher", "-f", "{connection_file}"], "language": "python"}
    if display_name:
        spec["display_name"] = display_name
    (directory / "kernel.json").write_text(json.dumps(spec))
    (directory / "logo-64x64.png").write_bytes(b"png")
    return directory
