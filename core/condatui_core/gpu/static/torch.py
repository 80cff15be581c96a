"""What the files of an environment say of its PyTorch.

Four sources, in the order in which they are trusted: version.py, the libraries that are there, conda's build string,
pip's metadata. Metadata alone cannot tell CUDA from CPU: the wheels on PyPI are for CUDA and do not say so.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from packaging.utils import canonicalize_name

from condatui_core.fs.safe_read import read_bounded
from condatui_core.gpu.cuda_versions import dotted
from condatui_core.gpu.static.torch_files import (
    LARGEST_VERSION_FILE,
    TorchFiles,
    conda_build,
    find_torch,
    read_local_version,
)
from condatui_core.prefixes.meta_file import record_file_name
from condatui_core.prefixes.recorded_paths import read_paths
from condatui_core.records.finding import Problem
from condatui_core.records.gpu import BuildKind, CondaBuild, Presence, Shadow, TorchFacts
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import PrefixContents

# Whether two PyTorch lie over each other in one environment, of which only the last one installed is whole.


_VERSION_FILE = "site-packages/torch/version.py"


def overwritten(
    prefix: str, contents: PrefixContents, record: PackageRecord | None, distributions: Sequence[Distribution]
) -> tuple[str, ...]:
    """Say what shows that pip and conda, or pip twice, have each installed a PyTorch; empty if there is one.

    `record` is conda's, `distributions` are all called torch.
    """
    found = [line for each in contents.replaced if each.distribution.lower() == "torch" for line in each.evidence]
    if record is not None and not found:
        found += _other_version_file(prefix, record)
    paths = {each.path: f"{each.path} ({each.version})" for each in distributions}
    left = [f"{each.path} ({each.version})" for each in contents.leftovers if canonicalize_name(each.name) == "torch"]
    if len(paths) + len(left) > 1:
        found += [*paths.values(), *left]
    return tuple(dict.fromkeys(found))


def _other_version_file(prefix: str, record: PackageRecord) -> Iterator[str]:
    """The version.py that is there has another checksum than the one that conda has put there."""
    paths = read_paths(prefix, record)
    if isinstance(paths, Problem):
        return
    for each in paths:
        if each.expected_sha256 and each.path.endswith(_VERSION_FILE):
            try:
                there = read_bounded(os.path.join(prefix, each.path), LARGEST_VERSION_FILE)
            except OSError:
                continue
            if hashlib.sha256(there).hexdigest() != each.expected_sha256:
                yield f"{each.path} is not the one that {record.name} {record.version} {record.build} has brought"


_HELPERS = (
    "pytorch-gpu",
    "pytorch-cpu",
    "pytorch-cuda",
    "pytorch-mutex",
    "cpuonly",
    "cuda-version",
    "cudatoolkit",
    "cuda-cudart",
    "cuda-compat",
)
"""Packages that say which build was wanted; none of them proves that it is the one that is there."""

_COMPANIONS = ("torchvision", "torchaudio")
"""Built for the same CUDA as PyTorch: one of another build does not load."""

_Source = Literal["", "version.py", "libraries", "build string", "metadata"]


def read_torch(
    prefix: str, contents: PrefixContents, site_packages: Sequence[str], shadows: tuple[Shadow, ...]
) -> TorchFacts:
    """Read what an environment says of its PyTorch; `site_packages` are absolute, that of its python first."""
    conda = {each.name: each for each in contents.packages}
    wheels = [each for each in contents.distributions if canonicalize_name(each.name) == "torch"]
    files = find_torch(prefix, site_packages, [each.location for each in wheels if each.location])
    record = conda.get("pytorch")
    build = _build(conda)
    kind, cuda, known_by = _kind(files, build, wheels)
    return TorchFacts(
        presence=_presence(files, record),
        version=_version(files, record, wheels),
        kind=kind,
        build_cuda=cuda,
        build_rocm=files.version.hip if files.version else "",
        known_by=known_by,
        directory=files.directory,
        libraries=files.libraries,
        conda=build,
        distributions=tuple(_worded(each) for each in wheels if each.owner is None),
        companions=tuple(_companions(contents.distributions)),
        helpers=tuple(_helpers(conda)),
        overwritten=overwritten(prefix, contents, record, wheels) if files.directory else (),
        shadows=tuple(each for each in shadows if each.path != files.directory),
        leftovers=(*files.leftovers, *_lost(prefix, files, record)),
    )


def _build(conda: Mapping[str, PackageRecord]) -> CondaBuild | None:
    """conda's record of PyTorch; where its own build string tells nothing, that of its libraries may."""
    record = conda.get("pytorch")
    if record is None:
        return None
    builds = [conda_build(each) for each in (record, conda.get("libtorch")) if each]
    return next((each for each in builds if each.kind != "unknown"), builds[0])


def _presence(files: TorchFiles, record: PackageRecord | None) -> Presence:
    if files.directory:
        return "installed"
    return "leftover" if files.leftovers or record else "absent"


def _kind(
    files: TorchFiles, build: CondaBuild | None, wheels: Sequence[Distribution]
) -> tuple[BuildKind, str, _Source]:
    """What it was built for, the CUDA among it, and who says so."""
    if files.version:
        return files.version.kind, ".".join(map(str, dotted(files.version.cuda)[:2])), "version.py"
    if files.library_kind != "unknown":
        cuda = build.cuda if build and files.library_kind == "cuda" else ""
        return files.library_kind, cuda, "libraries"
    if build and build.kind != "unknown":
        return build.kind, build.cuda, "build string"
    for each in wheels:
        kind, cuda = read_local_version(each.version)
        if kind != "unknown":
            return kind, cuda, "metadata"
    return "unknown", "", ""


def _version(files: TorchFiles, record: PackageRecord | None, wheels: Sequence[Distribution]) -> str:
    if files.version:
        return files.version.version
    if wheels:
        return wheels[0].version
    return record.version if record else ""


def _worded(wheel: Distribution) -> str:
    return f"{wheel.name} {wheel.version} ({wheel.path})"


def _helpers(conda: Mapping[str, PackageRecord]) -> Iterator[str]:
    for record in (conda[name] for name in _HELPERS if name in conda):
        # The version of pytorch-mutex is always 1.0: its build is what it says.
        yield f"{record.name} {record.build if record.name == 'pytorch-mutex' else record.version}"


def _companions(distributions: Sequence[Distribution]) -> Iterator[str]:
    names = {canonicalize_name(each.name) for each in distributions if each.owner is None}
    yield from (name for name in _COMPANIONS if name in names)


def _lost(prefix: str, files: TorchFiles, record: PackageRecord | None) -> Iterator[str]:
    if record and not files.directory:
        yield os.path.join(prefix, "conda-meta", record_file_name(record))
