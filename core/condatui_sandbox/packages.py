"""Create the contents of the sandbox's packages: made-up ones of plausible sizes, and python, pip, conda and torch."""

from __future__ import annotations

import base64
import hashlib
import random
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from condatui_sandbox.layout import Interpreter
from condatui_sandbox.vendored_conda import VendoredConda

# Made-up packages: importable modules, dist-infos, shared libraries of plausible sizes


PREFIX_PLACEHOLDER = "/opt/anaconda1anaconda2anaconda3"
"""The placeholder that conda replaces by the prefix in files marked for it."""

_BLOCK = 4096
_WHEEL = b"Wheel-Version: 1.0\nGenerator: condatui\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@dataclass(frozen=True, slots=True)
class PackageFile:
    """One file of a package or of a wheel."""

    path: str
    """Relative to the prefix, with slashes."""
    content: bytes = b""
    target: str = ""
    """The target, if it is a symlink."""
    executable: bool = False
    has_prefix: bool = False
    """Whether conda must write the prefix into it."""
    no_link: bool = False
    """Whether every environment gets its own copy."""

    @property
    def sha256(self) -> str:
        """The digest of its contents, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class MadeDistribution:
    """The contents of a Python distribution's dist-info."""

    name: str
    version: str
    installer: str = "conda"
    """The contents of its INSTALLER file; empty if it has none, as in a wheel."""
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
    """Create `size` bytes that depend only on the seed and compress well."""
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
    comment = f"# {module} {version}\n"  # comments compile fast
    lines = max(size // max(count, 1) // len(comment), 1)
    for number in range(1, count):
        folder = f"part{number // 12}/" if number >= 12 else ""
        text = f"{comment * lines}NUMBER = {number}\n"
        yield PackageFile(f"{root}/{module}/{folder}module{number:02}.py", text.encode())


def dist_info(distribution: MadeDistribution, root: str, files: Iterable[PackageFile]) -> Iterator[PackageFile]:
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
    """Create the RECORD in the dist-info `folder`, with paths relative to `root`."""
    lines = [_record_line(file, root) for file in files]
    own = f"{folder}/RECORD".removeprefix(f"{root}/")
    return PackageFile(f"{folder}/RECORD", "\n".join([*lines, f"{own},,", ""]).encode())


def _record_line(file: PackageFile, root: str) -> str:
    inside = not root or file.path.startswith(f"{root}/")
    path = file.path.removeprefix(f"{root}/") if inside else "../" * (root.count("/") + 1) + file.path
    digest = base64.urlsafe_b64encode(hashlib.sha256(file.content).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(file.content)}"


# Packages with special contents: python, pip, conda and torch


_PIP_SCRIPT = f"""\
#!/bin/sh
'''exec' "{PREFIX_PLACEHOLDER}/bin/python" "$0" "$@"
' '''
import sys

from pip._internal.cli.main import main

sys.exit(main())
"""

_TORCH_INIT = """\
from torch import cuda, version
from torch.version import __version__


def set_num_threads(count):
    pass
"""

_TORCH_VERSION = """\
from typing import Optional

__all__ = ['__version__', 'debug', 'cuda', 'git_version', 'hip']
__version__ = {version!r}
debug = False
cuda: Optional[str] = {cuda}
git_version = 'a8d6afb511a69687bbb2b7e88a3cf67917e1697e'
hip: Optional[str] = None
"""

_TORCH_CUDA = """\
from torch import version


def init():
    if version.cuda is None:
        raise AssertionError("Torch not compiled with CUDA enabled")
    raise RuntimeError(
        "Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU and installed a driver from "
        "http://www.nvidia.com/Download/index.aspx"
    )


def is_available():
    return False


def device_count():
    return 0
"""


_SHELL = """\
__conda_exe() ( "$CONDA_EXE" "$@" )

__conda_activate() {
    __conda_script="$(__conda_exe shell.posix "$@")" || return
    eval "$__conda_script"
    hash -r
}

conda() {
    case "${1-}" in
        activate | deactivate | reactivate) __conda_activate "$@" ;;
        *) __conda_exe "$@" ;;
    esac
}
"""


def python_files(interpreter: Interpreter, size: int) -> Iterator[PackageFile]:
    """Yield a `python` without a standard library: its `pyvenv.cfg` points to one outside."""
    python = f"bin/python{interpreter.minor}"
    if interpreter.movable:
        # Never linked: as with the real python, into which conda writes the prefix, each environment has its own copy.
        yield PackageFile(python, interpreter.executable.read_bytes(), executable=True, no_link=True)
    else:
        yield PackageFile(python, target=str(interpreter.executable))
    for link in ("bin/python", "bin/python3"):
        yield PackageFile(link, target=Path(python).name)
    yield PackageFile("pyvenv.cfg", interpreter.pyvenv_config.encode())
    library = f"lib/libpython{interpreter.minor}.so.1.0"
    yield PackageFile(library, filler(library, size), executable=True)
    yield PackageFile(f"include/python{interpreter.minor}/Python.h", b"#pragma once\n")
    notes = b"This directory contains site-packages.\n"
    yield PackageFile(f"{interpreter.site_packages}/README.txt", notes)


def pip_files(wheel: Path, root: str) -> list[PackageFile]:
    """Create a working pip: the wheel's files below `root`, its dist-info and a `bin/pip`."""
    folder = f"{root}/{'-'.join(wheel.name.split('-')[:2])}.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in sorted(archive.namelist()) if not name.endswith(("/", "/RECORD"))]
        files = [PackageFile(f"{root}/{name}", archive.read(name)) for name in names]
    files.append(PackageFile(f"{folder}/INSTALLER", b"conda\n"))
    script = _PIP_SCRIPT.encode()
    files += (PackageFile(f"bin/{name}", script, executable=True, has_prefix=True) for name in ("pip", "pip3"))
    return [*files, record(root, folder, files)]


def conda_files(conda: VendoredConda, launcher: str, root: str) -> Iterator[PackageFile]:
    """Yield conda itself below `root`, the launcher as `bin/conda`, and the shell function that activation needs."""
    for path, content in conda.sources():
        yield PackageFile(f"{root}/conda/{path}", content)
    yield PackageFile(f"{root}/conda/shell/etc/profile.d/conda.sh", _SHELL.encode())
    yield PackageFile("bin/conda", launcher.encode(), executable=True, has_prefix=True)


def torch_files(root: str, version: str, cuda: str, count: int, size: int) -> Iterator[PackageFile]:
    """Yield a torch that can be imported, reports its CUDA version, and never finds a GPU."""
    special = {
        "__init__.py": _TORCH_INIT,
        "version.py": _TORCH_VERSION.format(version=version, cuda=repr(cuda or None)),
        "cuda/__init__.py": _TORCH_CUDA,
    }
    for path, text in special.items():
        yield PackageFile(f"{root}/torch/{path}", text.encode())
    for file in module_files(root, "torch", version, count - len(special), size):
        if not file.path.endswith("torch/__init__.py"):
            yield file
