"""What a made-up package holds: importable modules, dist-infos, shared libraries of plausible sizes."""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

PREFIX_PLACEHOLDER = "/opt/anaconda1anaconda2anaconda3"
"""What conda replaces by the prefix in files that say so."""

_BLOCK = 4096
_WHEEL = b"Wheel-Version: 1.0\nGenerator: condatui\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@dataclass(frozen=True, slots=True)
class PackageFile:
    """One file of a package or of a wheel."""

    path: str
    """Relative to the prefix, with slashes."""
    content: bytes = b""
    target: str = ""
    """Where it points, if it is a symlink."""
    executable: bool = False
    has_prefix: bool = False
    """Whether conda has to write the prefix into it."""
    no_link: bool = False
    """Whether every environment gets a copy of its own."""

    @property
    def sha256(self) -> str:
        """The digest of its contents, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Distribution:
    """What the dist-info of a Python distribution says."""

    name: str
    version: str
    installer: str = "conda"
    """What its INSTALLER file says; empty for one that has none, as in a wheel."""
    summary: str = ""
    requires: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """The name of its dist-info directory."""
        return f"{self.name.replace('-', '_')}-{self.version}.dist-info"

    @property
    def metadata(self) -> str:
        """The text of its METADATA file."""
        lines = ["Metadata-Version: 2.1", f"Name: {self.name}", f"Version: {self.version}", f"Summary: {self.summary}"]
        return "\n".join([*lines, *(f"Requires-Dist: {each}" for each in self.requires), ""])


def filler(seed: str, size: int) -> bytes:
    """Make `size` bytes that depend on the seed alone and compress well."""
    block = random.Random(seed).randbytes(64) + bytes(_BLOCK - 64)
    return (block * (size // _BLOCK + 1))[:size]


def library_files(name: str, libraries: Iterable[str], license_text: str, size: int) -> Iterator[PackageFile]:
    """Yield the files of a package without Python: shared libraries, a header and the licence; `size` in bytes."""
    stem = name if name.startswith("lib") else f"lib{name}"
    found = tuple(libraries) or (f"{stem}.so",)
    for library in found:
        yield PackageFile(f"lib/{library}", filler(library, size // len(found)), executable=True)
    yield PackageFile(f"include/{name}.h", f"/* {name} */\n#pragma once\n".encode())
    yield PackageFile(f"share/licenses/{name}/LICENSE", f"{license_text or 'See the project.'}\n".encode())


def module_files(root: str, module: str, version: str, count: int, size: int) -> Iterator[PackageFile]:
    """Yield a Python package of `count` files and `size` bytes below `root` that knows its `__version__`."""
    head = f'"""{module}, as much of it as the sandbox needs."""\n\n__version__ = "{version}"\n'
    yield PackageFile(f"{root}/{module}/__init__.py", head.encode())
    comment = f"# {module} {version}\n"  # what is only comments compiles in no time
    lines = max(size // max(count, 1) // len(comment), 1)
    for number in range(1, count):
        folder = f"part{number // 12}/" if number >= 12 else ""
        text = f"{comment * lines}NUMBER = {number}\n"
        yield PackageFile(f"{root}/{module}/{folder}module{number:02}.py", text.encode())


def dist_info(distribution: Distribution, root: str, files: Iterable[PackageFile]) -> Iterator[PackageFile]:
    """Yield the dist-info of a distribution whose `files` lie below `root`, its RECORD last."""
    folder = f"{root}/{distribution.folder}"
    own = [
        PackageFile(f"{folder}/METADATA", distribution.metadata.encode()),
        PackageFile(f"{folder}/WHEEL", _WHEEL),
    ]
    if distribution.installer:
        own.append(PackageFile(f"{folder}/INSTALLER", f"{distribution.installer}\n".encode()))
    yield from own
    yield record(root, folder, [*files, *own])


def record(root: str, folder: str, files: Iterable[PackageFile]) -> PackageFile:
    """Make the RECORD in the dist-info `folder`, with paths as seen from `root`."""
    lines = [_record_line(file, root) for file in files]
    own = f"{folder}/RECORD".removeprefix(f"{root}/")
    return PackageFile(f"{folder}/RECORD", "\n".join([*lines, f"{own},,", ""]).encode())


def _record_line(file: PackageFile, root: str) -> str:
    inside = not root or file.path.startswith(f"{root}/")
    path = file.path.removeprefix(f"{root}/") if inside else "../" * (root.count("/") + 1) + file.path
    digest = base64.urlsafe_b64encode(hashlib.sha256(file.content).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(file.content)}"
