"""The packages whose contents are more than filling: python, pip, conda and torch."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

from condatui_core.sandbox.interpreter import Interpreter
from condatui_core.sandbox.package_files import PREFIX_PLACEHOLDER, PackageFile, filler, module_files, record
from condatui_core.sandbox.vendored_conda import VendoredConda

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
    """Yield a `python` without a standard library: `pyvenv.cfg` says where that is, and makes the prefix its home."""
    python = f"bin/python{interpreter.minor}"
    if interpreter.movable:
        # Never linked: each environment has a file of its own, as of the real one, into which conda writes the prefix.
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
    """Make a pip that works: the wheel's files below `root`, its dist-info and a `bin/pip`."""
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
    """Yield a torch that imports, says which CUDA it was built for, and never finds a GPU."""
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
