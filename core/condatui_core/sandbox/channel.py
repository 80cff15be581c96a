"""The channels of the sandbox: a directory of archives each, with a `repodata.json` a subdir."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from condatui_core.sandbox.archive import write_archive
from condatui_core.sandbox.catalogue import CataloguePackage
from condatui_core.sandbox.interpreter import Interpreter
from condatui_core.sandbox.package_files import (
    Distribution,
    PackageFile,
    dist_info,
    filler,
    library_files,
    module_files,
)
from condatui_core.sandbox.special_packages import conda_files, pip_files, python_files, torch_files
from condatui_core.sandbox.vendored_conda import VendoredConda

SUBDIRS = ("linux-64", "noarch")


class PackageContents:
    """Makes the files of catalogue packages."""

    def __init__(self, interpreter: Interpreter, conda: VendoredConda, launcher: str) -> None:
        self._interpreter = interpreter
        self._conda = conda
        self._launcher = launcher

    def files(self, package: CataloguePackage) -> list[PackageFile]:
        """Make all files of a package, in the order of its archive."""
        size = package.kb * 1024
        root = "site-packages" if package.noarch_python else self._interpreter.site_packages
        if package.contents == "python":
            return list(python_files(self._interpreter, size))
        if package.contents == "pip":
            return pip_files(self._conda.pip_wheel, root)
        if not package.dist:
            return list(library_files(package.name, package.libraries, package.license, size)) if package.kb else []
        files = self._python_files(package, root, size)
        distribution = Distribution(package.dist, package.version, summary=package.summary)
        return [*files, *dist_info(distribution, root, files)]

    def _python_files(self, package: CataloguePackage, root: str, size: int) -> list[PackageFile]:
        if package.contents == "conda":
            return list(conda_files(self._conda, self._launcher, root))
        if package.contents == "torch":
            return list(torch_files(root, package.version, package.cuda, package.files, size))
        if package.noarch_python:
            return list(module_files(root, package.module, package.version, package.files, size))
        # Most of a package with compiled code is the compiled code.
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
