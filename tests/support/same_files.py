"""Environments and caches that store files twice, what a search finds in them, and what joining that would do."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from condatui_core.disk.find_same_files import SearchRequest, search
from condatui_core.disk.same_files import holders_of
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.prefixes.site_packages import site_packages_candidates
from condatui_core.records.disk import DiskPlace
from condatui_core.records.environment import Environment
from condatui_core.records.relinking import LinkMethod, RelinkRules, RelinkSurvey, SkipReason
from support.prefixes import FakePrefix

PYTHON = "3.11"
SITE_PACKAGES = f"lib/python{PYTHON}/site-packages"


def content(word: str, size: int = 5000) -> bytes:
    """The content of a file: each word has another one."""
    return (word.encode() * (size // len(word) + 1))[:size]


@dataclass
class SameWorld:
    """A directory with environments and package caches."""

    root: Path
    prefixes: list[FakePrefix] = field(default_factory=list)
    caches: list[DiskPlace] = field(default_factory=list)

    def environment(self, name: str) -> FakePrefix:
        """Make an environment."""
        prefix = FakePrefix(self.root / "envs" / name, PYTHON)
        prefix.package(
            "python", f"{PYTHON}.9", "h1_0_cpython", files={f"bin/python{PYTHON}": f"the python of {name!a}"}
        )
        prefix.site_packages.mkdir(parents=True)
        prefix.revision(f"+conda-forge/linux-64::python-{PYTHON}.9-h1_0_cpython")
        self.prefixes.append(prefix)
        return prefix

    def cache(self, name: str = "pkgs", *, tool: str = "") -> Path:
        """Make a cache."""
        path = self.root / name
        path.mkdir(parents=True)
        self.caches.append(DiskPlace(path=str(path), cache=True, tool=tool))  # type: ignore[arg-type]
        return path

    def environments(self) -> list[Environment]:
        """The environments as they are read."""
        return [
            Environment(
                prefix=str(each),
                name=each.path.name,
                contents=read_prefix(str(each), site_packages_candidates(str(each))),
            )
            for each in self.prefixes
        ]

    def rules(self, *, method: LinkMethod | None = "hardlink", **fields: object) -> RelinkRules:
        """What may be joined; None for a file system on which nothing may."""
        methods = ((self.root.stat().st_dev, method),) if method else ()
        return RelinkRules(**{"user": os.geteuid(), "methods": methods, **fields})  # type: ignore[arg-type]

    def survey(
        self, *, kept: Path | None = None, method: LinkMethod | None = "hardlink", **fields: object
    ) -> RelinkSurvey:
        """Search in this very process, with its workers."""
        holders = tuple(holders_of(self.environments(), self.caches))
        return search(SearchRequest(holders, self.rules(method=method, **fields), str(kept or ""), 2))


def install_wheel(prefix: FakePrefix, name: str, files: Mapping[str, bytes], version: str = "1.0") -> list[Path]:
    """Install files as pip does, each by its own bytes; returns them."""
    dist_info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: {prefix.path.name!a}\n".encode()
    every = {**files, f"{dist_info}/METADATA": metadata}
    rows = [f"{path},{_digest(data)},{len(data)}" for path, data in every.items()]
    record = "\n".join((*rows, f"{dist_info}/RECORD,,", "")).encode()
    own = {**every, f"{dist_info}/INSTALLER": b"pip\n", f"{dist_info}/RECORD": record}
    written = {path: prefix.write(f"{SITE_PACKAGES}/{path}", data) for path, data in own.items()}
    return [written[path] for path in files]


def cache_package(cache: Path, stem: str, files: Mapping[str, bytes]) -> Path:
    """Extract a package into a package cache as conda does."""
    paths = []
    for path, data in files.items():
        _write(cache / stem / path, data)
        digest = hashlib.sha256(data).hexdigest()
        paths.append({"_path": path, "path_type": "hardlink", "sha256": digest, "size_in_bytes": len(data)})
    _write(cache / stem / "info" / "index.json", b"{}")
    _write(cache / stem / "info" / "paths.json", json.dumps({"paths": paths, "paths_version": 1}).encode())
    return cache / stem


def link_into(prefix: FakePrefix, package: Path, paths: Sequence[str]) -> None:
    """Put links to a cached package in the place of an environment's files."""
    for path in paths:
        target = prefix.path / path
        target.unlink(missing_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(package / path, target)


def join(survey: RelinkSurvey) -> None:
    """Do with plain links what was found."""
    for each in survey.sets:
        for path in (path.path for inode in each.joined for path in inode.paths):
            os.unlink(path)
            os.link(each.kept.paths[0].path, path)


def skipped(survey: RelinkSurvey) -> dict[SkipReason, tuple[int, int]]:
    """What is left alone: files and bytes by reason."""
    return {each.reason: (each.files, each.bytes) for each in survey.skipped}


def joined_paths(survey: RelinkSurvey, root: Path) -> set[str]:
    """The paths that lead to another file afterwards, below a directory."""
    paths = (path.path for each in survey.sets for inode in each.joined for path in inode.paths)
    return {os.path.relpath(path, root) for path in paths}


def _digest(data: bytes) -> str:
    return f"sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip('=')}"


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
