"""Conda archives: `.conda` and `.tar.bz2`, with the `info` directory that conda wants."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from condatui_core.sandbox.catalogue import CataloguePackage
from condatui_core.sandbox.package_files import PREFIX_PLACEHOLDER, PackageFile

_BUILT = 1_730_000_000
"""When all packages were built, seconds since 1970: archives are the same every time."""


def write_archive(directory: Path, package: CataloguePackage, files: Sequence[PackageFile]) -> dict[str, object]:
    """Write the archive of a package and return its entry in `repodata.json`."""
    index = _index(package)
    with _open(directory, package) as archive:
        for file in (*_info(package, index, files), *files):
            archive.addfile(_member(file), io.BytesIO(file.content))
    content = (directory / package.file_name).read_bytes()
    digests = {"md5": hashlib.md5(content).hexdigest(), "sha256": hashlib.sha256(content).hexdigest()}
    return {**index, **digests, "size": len(content)}


def _open(directory: Path, package: CataloguePackage) -> AbstractContextManager[tarfile.TarFile]:
    directory.mkdir(parents=True, exist_ok=True)
    if package.archive == "tar.bz2":
        return tarfile.open(directory / package.file_name, "w:bz2", compresslevel=1)
    from conda_package_streaming import create  # type: ignore[import-untyped]  # noqa: PLC0415 - in the demo extra

    builder: AbstractContextManager[tarfile.TarFile] = create.conda_builder(
        package.stem, directory, compression_level=1
    )
    return builder


def _member(file: PackageFile) -> tarfile.TarInfo:
    member = tarfile.TarInfo(file.path)
    member.mtime = _BUILT
    member.mode = 0o755 if file.executable else 0o644
    if file.target:
        member.type, member.linkname = tarfile.SYMTYPE, file.target
    else:
        member.size = len(file.content)
    return member


def _index(package: CataloguePackage) -> dict[str, object]:
    index: dict[str, object] = {
        "build": package.build,
        "build_number": package.build_number,
        "depends": list(package.depends),
        "license": package.license,
        "name": package.name,
        "subdir": package.subdir,
        "timestamp": _BUILT * 1000,
        "version": package.version,
    }
    if package.subdir == "noarch":
        index["noarch"] = "python" if package.noarch_python else "generic"
    else:
        index["arch"], index["platform"] = "x86_64", "linux"
    return index


def _info(package: CataloguePackage, index: dict[str, object], files: Iterable[PackageFile]) -> Iterable[PackageFile]:
    files = tuple(files)
    about = {"home": "", "license": package.license, "summary": package.summary}
    documents: dict[str, object] = {
        "index.json": index,
        "about.json": about,
        "paths.json": {"paths": [_path(file) for file in files], "paths_version": 1},
    }
    if package.noarch_python:
        documents["link.json"] = {"noarch": {"type": "python"}, "package_metadata_version": 1}
    for name, document in documents.items():
        yield PackageFile(f"info/{name}", json.dumps(document, indent=1).encode())
    yield PackageFile("info/files", "".join(f"{file.path}\n" for file in files).encode())
    placed = [f"{PREFIX_PLACEHOLDER} text {file.path}" for file in files if file.has_prefix]
    if placed:
        yield PackageFile("info/has_prefix", "\n".join([*placed, ""]).encode())


def _path(file: PackageFile) -> dict[str, object]:
    path: dict[str, object] = {
        "_path": file.path,
        "path_type": "softlink" if file.target else "hardlink",
        "sha256": file.sha256,
        "size_in_bytes": len(file.content),
    }
    if file.no_link:
        path["no_link"] = True
    if file.has_prefix:
        path |= {"file_mode": "text", "prefix_placeholder": PREFIX_PLACEHOLDER}
    return path
