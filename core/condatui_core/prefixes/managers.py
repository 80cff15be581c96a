"""Recognise environments that another tool manages: by where they lie, and by the marks that it leaves in them."""

from __future__ import annotations

import os
import re

from condatui_core.records.prefix import Manager, ManagingTool

_PLACES: tuple[tuple[ManagingTool, re.Pattern[str]], ...] = (
    ("pixi", re.compile(r"(?P<project>.+)/\.pixi/envs/[^/]+")),
    ("conda-global", re.compile(r".+/\.conda/global/envs/[^/]+|.+/\.cg/(?:envs/)?[^/]+")),
    ("conda-exec", re.compile(r".+/\.conda/exec/envs/[^/]+")),
    ("conda-express", re.compile(r".+/\.conda/express(?:/envs/[^/]+)?")),
    ("snakemake", re.compile(r"(?P<project>.+)/\.snakemake/conda/[^/]+")),
)
_OF_WORKSPACES = re.compile(r"(?P<project>.+)/\.conda/envs/[^/]+")
_MANIFESTS = ("conda.toml", "pixi.toml", "pyproject.toml")
"""What conda-workspaces reads; without one, `.conda/envs` is conda's own directory in a home."""
_PIXI_MARKS = ("conda-meta/pixi", "conda-meta/pixi_env_prefix")


def managed_by(prefix: str) -> Manager | None:
    """The tool that made a prefix and keeps it as its own manifest says; None for an environment of conda or mamba."""
    for tool, place in _PLACES:
        if found := place.fullmatch(prefix):
            return Manager(tool=tool, project=found.groupdict().get("project") or "")
    if (found := _OF_WORKSPACES.fullmatch(prefix)) and _has_manifest(found["project"]):
        return Manager(tool="conda-workspaces", project=found["project"])
    if any(os.path.lexists(os.path.join(prefix, mark)) for mark in _PIXI_MARKS):
        return Manager(tool="pixi")  # its environments may be kept away from their workspace
    return None


def _has_manifest(project: str) -> bool:
    return any(os.path.isfile(os.path.join(project, name)) for name in _MANIFESTS)
