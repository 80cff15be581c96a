"""Where PyTorch lies in an environment, and which of its telling files are there."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Sequence

from msgspec import Struct

from condatui_core.analyses.builds import build_traits
from condatui_core.analyses.channels import channel_label
from condatui_core.fs.safe_read import read_bounded
from condatui_core.gpu.cuda_versions import dotted
from condatui_core.records.gpu import BuildKind, CondaBuild
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import PackageRecord

# `torch/version.py`, read without being run: what PyTorch's build has written down about itself.


_NAMES = ("__version__", "cuda", "hip", "rocm", "xpu")


class VersionFile(Struct, frozen=True, kw_only=True):
    """What a version.py says; empty for what it does not state or states as None."""

    version: str = ""
    cuda: str = ""
    hip: str = ""
    xpu: str = ""

    @property
    def kind(self) -> BuildKind:
        """What it was built for."""
        if self.hip:
            return "rocm"
        if self.cuda:
            return "cuda"
        return "xpu" if self.xpu else "cpu"


def parse_version_file(source: bytes) -> VersionFile | None:
    """Parse a version.py of any age; None if it is no Python or states no version."""
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # ValueError: a NUL
        return None
    stated = dict(_assignments(module))
    if not stated.get("__version__"):
        return None
    return VersionFile(
        version=stated["__version__"],
        cuda=stated.get("cuda", ""),
        hip=stated.get("hip") or stated.get("rocm") or "",
        xpu=stated.get("xpu", ""),
    )


def _assignments(module: ast.Module) -> Iterator[tuple[str, str]]:
    """The plain texts that names are set to, with or without an annotation: `cuda: Optional[str] = '12.6'`."""
    for node in module.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        for target in targets:
            if isinstance(target, ast.Name) and target.id in _NAMES and isinstance(value, ast.Constant):
                yield target.id, value.value if isinstance(value.value, str) else ""


LARGEST_VERSION_FILE = 1 << 20
"""Bytes; real ones have some hundred."""
_TELLING = ("libtorch_cuda.so", "libc10_cuda.so", "libtorch_hip.so", "libtorch_xpu.so", "libtorch_cpu.so")
_LEFT_BEHIND = ("~orch", "-orch")
"""What pip renames `torch` to while it removes it."""


class TorchFiles(Struct, frozen=True, kw_only=True):
    """What of PyTorch lies in an environment."""

    directory: str = ""
    """That of the package that `import torch` finds; empty if there is none."""
    version: VersionFile | None = None
    """None if version.py is not there or cannot be read."""
    libraries: tuple[str, ...] = ()
    """Which of the libraries that tell kinds apart are there."""
    leftovers: tuple[str, ...] = ()
    """Directories without a module in them, or with a name that none can have."""

    @property
    def library_kind(self) -> BuildKind:
        """What it was built for by its libraries."""
        if "libtorch_hip.so" in self.libraries:
            return "rocm"
        if "libtorch_cuda.so" in self.libraries:
            return "cuda"
        if "libtorch_xpu.so" in self.libraries:
            return "xpu"
        return "cpu" if self.libraries else "unknown"


def find_torch(prefix: str, site_packages: Sequence[str], elsewhere: Sequence[str] = ()) -> TorchFiles:
    """Look for PyTorch in these site-packages (absolute), then where editable installs have their sources."""
    leftovers = tuple(path for directory in site_packages for path in _leftovers(directory))
    for parent in (*site_packages, *elsewhere):
        directory = os.path.join(parent, "torch")
        if os.path.isfile(os.path.join(directory, "__init__.py")):
            return TorchFiles(
                directory=directory,
                version=read_version_file(directory),
                libraries=tuple(_libraries(prefix, directory)),
                leftovers=leftovers,
            )
    return TorchFiles(leftovers=leftovers)


def read_version_file(directory: str) -> VersionFile | None:
    """Read the version.py of a torch; None if it is not there or says nothing."""
    try:
        return parse_version_file(read_bounded(os.path.join(directory, "version.py"), LARGEST_VERSION_FILE))
    except OSError:
        return None


def _libraries(prefix: str, directory: str) -> Iterator[str]:
    # Wheels and the pytorch channel have them in torch/lib, conda-forge has them in a package of their own.
    for name in _TELLING:
        if any(os.path.exists(os.path.join(place, name)) for place in (f"{directory}/lib", f"{prefix}/lib")):
            yield name


def _leftovers(site_packages: str) -> Iterator[str]:
    try:
        names = sorted(os.listdir(site_packages))
    except OSError:
        return
    for name in names:
        path = os.path.join(site_packages, name)
        if name == "torch":
            if os.path.isdir(path) and not _has_module(path):
                yield path
        elif name.startswith(_LEFT_BEHIND):
            yield path


def _has_module(directory: str) -> bool:
    return any(os.path.exists(os.path.join(directory, f"__init__.{ending}")) for ending in ("py", "pyc"))


# TensorFlow, JAX and CuPy: which are installed, and what for, by the records of conda and pip.


# What a build string says of the GPU that a package was built for.


_KINDS: dict[str, BuildKind] = {"CUDA": "cuda", "GPU": "cuda", "ROCm": "rocm", "CPU": "cpu", "Apple GPU": "cpu"}


def read_build(build: str) -> tuple[BuildKind, str]:
    """Say which kind a build string names, and which CUDA: `cuda126_mkl_py311_h…` is (`cuda`, `12.6`)."""
    words = next((trait.words for trait in build_traits(build) if trait.kind == "accelerator"), "")
    name = words.rstrip("0123456789.").strip()
    kind = _KINDS.get(name, "unknown")
    version = ".".join(map(str, dotted(words[len(name) :].strip())[:2]))
    return kind, version if kind == "cuda" else ""


def read_local_version(version: str) -> tuple[BuildKind, str]:
    """Say the same of the end of a wheel's version: `2.5.1+cu124` is (`cuda`, `12.4`); most wheels do not say."""
    suffix = version.partition("+")[2]
    kind, cuda = read_build(suffix) if suffix else ("unknown", "")
    return ("xpu", "") if suffix.startswith("xpu") else (kind, cuda)


def conda_build(record: PackageRecord) -> CondaBuild:
    """Read the record of a framework."""
    kind, cuda = read_build(record.build)
    return CondaBuild(
        name=record.name,
        version=record.version,
        build=record.build,
        channel=channel_label(record.base_url, ChannelConfig()),
        kind=kind,
        cuda=cuda,
    )
