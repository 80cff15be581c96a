"""Small prefixes made by hand, with records in the exact schema that conda writes."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CONDA_FORGE = "https://conda.anaconda.org/conda-forge"
MAIN = "https://repo.anaconda.com/pkgs/main"


@dataclass
class FakePrefix:
    """A prefix under construction: `package` is what conda does, `pip_install` what pip does."""

    path: Path
    python: str = "3.11"
    revisions: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return str(self.path)

    @property
    def meta(self) -> Path:
        return self.path / "conda-meta"

    @property
    def site_packages(self) -> Path:
        return self.path / "lib" / f"python{self.python}" / "site-packages"

    def write(self, path: str, data: str | bytes = "") -> Path:
        """Write a file below the prefix."""
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.encode() if isinstance(data, str) else data)
        return file

    def package(
        self,
        name: str,
        version: str = "1.0",
        build: str = "0",
        *,
        channel: str = CONDA_FORGE,
        subdir: str = "linux-64",
        files: Mapping[str, str | bytes] | None = None,
        **fields: object,
    ) -> Path:
        """Install a conda package: its files, its record. `site-packages/…` lies in python's, as for noarch."""
        files = files or {}
        for path, data in files.items():
            self.write(self.resolve(path), data)
        record = record_of(name, version, build, channel=channel, subdir=subdir, files=files)
        record["files"] = sorted(self.resolve(path) for path in files)
        record.update(fields)
        return self.write_record(f"{name}-{version}-{build}", record)

    def python_package(self, name: str, version: str = "1.0", build: str = "pyhd8ed1ab_0") -> Path:
        """Install a `noarch: python` conda package, which brings a dist-info."""
        files = distribution_files(name, version, "conda", (), root="site-packages")
        return self.package(name, version, build, subdir="noarch", files=files, noarch="python")

    def write_record(self, stem: str, record: Mapping[str, Any]) -> Path:
        return self.write(f"conda-meta/{stem}.json", json.dumps(record, indent=2, sort_keys=True))

    def pip_install(
        self,
        name: str,
        version: str = "1.0",
        *,
        requires: Iterable[str] = (),
        direct_url: Mapping[str, Any] | None = None,
        installer: str = "pip",
    ) -> Path:
        """Install a distribution as pip does, whatever was there before."""
        root = self.site_packages.relative_to(self.path).as_posix()
        for path, data in distribution_files(name, version, installer, requires, root=root).items():
            self.write(path, data)
        dist_info = self.site_packages / f"{name.replace('-', '_')}-{version}.dist-info"
        if direct_url is not None:
            (dist_info / "direct_url.json").write_text(json.dumps(direct_url))
        return dist_info

    def revision(self, *lines: str, at: str = "2024-05-06 07:08:09", command: str = "conda create -n e") -> None:
        """Append a revision to the history."""
        self.revisions.append("\n".join((f"==> {at} <==", f"# cmd: {command}", "# conda version: 24.7.1", *lines)))
        self.write("conda-meta/history", "\n".join(self.revisions) + "\n")

    def resolve(self, path: str) -> str:
        return f"lib/python{self.python}/{path}" if path.startswith("site-packages/") else path


def make_prefix(path: Path, *, python: str = "3.11") -> FakePrefix:
    """Make a prefix with a python and one revision."""
    prefix = FakePrefix(path, python)
    prefix.package("python", f"{python}.9", "h123_0_cpython", files={f"bin/python{python}": "#!ELF"})
    prefix.site_packages.mkdir(parents=True)
    prefix.revision(f"+conda-forge/linux-64::python-{python}.9-h123_0_cpython", f"# update specs: ['python={python}']")
    return prefix


def record_of(
    name: str, version: str, build: str, *, channel: str, subdir: str, files: Mapping[str, str | bytes]
) -> dict[str, Any]:
    """Make a record as conda writes it, its paths as they are in the archive."""
    stem = f"{name}-{version}-{build}"
    return {
        "arch": None,
        "build": build,
        "build_number": 0,
        "channel": f"{channel}/{subdir}",
        "constrains": [],
        "depends": [],
        "extracted_package_dir": f"/opt/conda/pkgs/{stem}",
        "features": "",
        "fn": f"{stem}.conda",
        "license": "BSD-3-Clause",
        "link": {"source": f"/opt/conda/pkgs/{stem}", "type": 1},
        "md5": hashlib.md5(stem.encode()).hexdigest(),
        "name": name,
        "package_tarball_full_path": f"/opt/conda/pkgs/{stem}.conda",
        "paths_data": {"paths": [_path_entry(path, data) for path, data in sorted(files.items())], "paths_version": 1},
        "requested_spec": "None",
        "sha256": hashlib.sha256(stem.encode()).hexdigest(),
        "size": 1000,
        "subdir": subdir,
        "timestamp": 1700000000000,
        "track_features": "",
        "url": f"{channel}/{subdir}/{stem}.conda",
        "version": version,
    }


def distribution_files(
    name: str, version: str, installer: str, requires: Iterable[str], *, root: str
) -> dict[str, str | bytes]:
    """The files of a small wheel: a module and its dist-info."""
    module = name.replace("-", "_")
    dist_info = f"{module}-{version}.dist-info"
    code = f"__version__ = '{version}'\n"
    headers = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {each}" for each in requires)]
    metadata = "\n".join(["Metadata-Version: 2.1", *headers, "", "Name: not this one", ""])
    record = f"{module}/__init__.py,{_digest(code)},{len(code)}\n"
    record += f"{dist_info}/METADATA,{_digest(metadata)},{len(metadata)}\n"
    if installer == "pip":
        record += f"{module}/__pycache__/__init__.cpython-311.pyc,,\n{dist_info}/REQUESTED,sha256=abc,0\n"
    return {
        f"{root}/{module}/__init__.py": code,
        f"{root}/{dist_info}/METADATA": metadata,
        f"{root}/{dist_info}/INSTALLER": f"{installer}\n",
        f"{root}/{dist_info}/RECORD": record + f"{dist_info}/RECORD,,\n",
    }


def _digest(text: str) -> str:
    """The digest of a file as a RECORD states it."""
    return f"sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip('=')}"


def manifest(root: Path) -> dict[str, tuple[object, ...]]:
    """All that can be seen of a tree except access times: what reading must leave as it is."""
    found: dict[str, tuple[object, ...]] = {}
    for directory, names, files in os.walk(root):
        for name in (*names, *files, "."):
            path = os.path.join(directory, name)
            status = os.lstat(path)
            content = Path(path).read_bytes() if stat.S_ISREG(status.st_mode) else b""
            found[path] = (
                status.st_mode,
                status.st_size,
                status.st_mtime_ns,
                status.st_ctime_ns,
                status.st_nlink,
                hashlib.sha256(content).hexdigest(),
            )
    return found


def _path_entry(path: str, data: str | bytes) -> dict[str, Any]:
    content = data.encode() if isinstance(data, str) else data
    digest = hashlib.sha256(content).hexdigest()
    return {
        "_path": path,
        "path_type": "hardlink",
        "sha256": digest,
        "sha256_in_prefix": digest,
        "size_in_bytes": len(content),
    }
