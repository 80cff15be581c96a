"""Write the channels of the sandbox: directories of archives, with a `repodata.json` per subdir."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from condatui_sandbox.catalogue import CataloguePackage
from condatui_sandbox.layout import Interpreter
from condatui_sandbox.packages import (
    PREFIX_PLACEHOLDER,
    MadeDistribution,
    PackageFile,
    conda_files,
    dist_info,
    filler,
    library_files,
    module_files,
    pip_files,
    python_files,
    torch_files,
)
from condatui_sandbox.vendored_conda import VendoredConda

# Conda archives: `.conda` and `.tar.bz2`, with the `info` directory that conda requires


_BUILT = 1_730_000_000
"""The build time of all packages, seconds since 1970, so that archives are reproducible."""


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
    from conda_package_streaming import create  # noqa: PLC0415 - in the demo extra

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


SUBDIRS = ("linux-64", "noarch")


class PackageContents:
    """Creates the files of catalogue packages."""

    def __init__(self, interpreter: Interpreter, conda: VendoredConda, launcher: str) -> None:
        self._interpreter = interpreter
        self._conda = conda
        self._launcher = launcher

    def files(self, package: CataloguePackage) -> list[PackageFile]:
        """Create all files of a package, in the order of its archive."""
        size = package.kb * 1024
        root = "site-packages" if package.noarch_python else self._interpreter.site_packages
        if package.contents == "python":
            return list(python_files(self._interpreter, size))
        if package.contents == "pip":
            return pip_files(self._conda.pip_wheel, root)
        if not package.dist:
            return list(library_files(package.name, package.libraries, package.license, size)) if package.kb else []
        files = self._python_files(package, root, size)
        distribution = MadeDistribution(package.dist, package.version, summary=package.summary)
        return [*files, *dist_info(distribution, root, files)]

    def _python_files(self, package: CataloguePackage, root: str, size: int) -> list[PackageFile]:
        if package.contents == "conda":
            return list(conda_files(self._conda, self._launcher, root))
        if package.contents == "torch":
            return list(torch_files(root, package.version, package.cuda, package.files, size))
        if package.noarch_python:
            return list(module_files(root, package.module, package.version, package.files, size))
        # In a package with compiled code, this code is most of its size.
        modules = module_files(root, package.module, package.version, package.files, size // 3)
        extension = f"{root}/{package.module}/_core.cpython-{self._interpreter.digits}-x86_64-linux-gnu.so"
        return [*modules, PackageFile(extension, filler(extension, size * 2 // 3), executable=True)]


def write_channels(directory: Path, packages: Iterable[CataloguePackage], contents: PackageContents) -> None:
    """Write every package into its channel below `directory`, and the index of each channel's subdirs."""
    indexes: dict[Path, dict[str, dict[str, object]]] = {}
    for package in packages:
        channel = directory / package.channel
        for subdir in SUBDIRS:
            indexes.setdefault(channel / subdir, {})
        target = channel / package.subdir
        indexes[target][package.file_name] = write_archive(target, package, contents.files(package))
    for target, entries in indexes.items():
        _write_index(target, entries)


def _write_index(subdir: Path, entries: dict[str, dict[str, object]]) -> None:
    subdir.mkdir(parents=True, exist_ok=True)
    modern = {name: entry for name, entry in entries.items() if name.endswith(".conda")}
    index = {
        "info": {"subdir": subdir.name},
        "packages": {name: entry for name, entry in entries.items() if name not in modern},
        "packages.conda": modern,
        "removed": [],
        "repodata_version": 1,
    }
    (subdir / "repodata.json").write_text(json.dumps(index), encoding="utf-8")
