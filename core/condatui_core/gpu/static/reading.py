"""What the files of an environment say of its frameworks, in milliseconds and without a process."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol

from msgspec.structs import replace
from packaging.utils import canonicalize_name

from condatui_core.analyses.platforms import foreign_platform, native_subdir
from condatui_core.gpu.static.torch import read_torch
from condatui_core.gpu.static.torch_files import conda_build, read_build, read_version_file
from condatui_core.prefixes.site_packages import site_directories, site_packages_candidates
from condatui_core.records.environment import Environment
from condatui_core.records.gpu import BuildKind, OtherFacts, Shadow, StaticFacts
from condatui_core.records.gpu_probe import Framework
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import PrefixContents

_JAX_PLUGIN = re.compile(r"jax-(?P<what>cuda|rocm)(?P<major>\d+)-(?:plugin|pjrt)")
_CUPY = re.compile(r"cupy(?:-(?P<what>cuda|rocm)-?(?P<major>\d+).*)?")
_CUDA_LIBRARIES: Mapping[Framework, tuple[str, ...]] = {
    "tensorflow": ("nvidia-cudnn", "cudnn", "cudatoolkit"),
    "jax": ("nvidia-cudnn", "cudnn", "cudatoolkit"),
    "cupy": ("nvidia-cuda-nvrtc", "cuda-nvrtc", "cuda-toolkit", "cudatoolkit"),
}
"""How the packages begin, of pip and of conda, without which a framework does not compute on a GPU."""
_TENSORFLOW = ("tensorflow", "tensorflow-gpu", "tensorflow-cpu")


def other_frameworks(contents: PrefixContents, environ: Mapping[str, str]) -> tuple[OtherFacts, ...]:
    """Find the other frameworks of an environment; `environ` may name a CUDA toolkit outside of it."""
    conda = {each.name: each for each in contents.packages}
    pip: dict[str, Distribution] = {canonicalize_name(each.name): each for each in contents.distributions}
    found = (*_tensorflow(conda, pip), *_jax(conda, pip), *_cupy(conda, pip))
    if _names_a_toolkit(environ):
        return found
    return tuple(replace(each, cuda_libraries=_has_cuda(each, {*conda, *pip})) for each in found)


def _names_a_toolkit(environ: Mapping[str, str]) -> bool:
    """Whether a shell or a module has brought in a CUDA of the system, which a framework would use."""
    return bool(environ.get("CUDA_PATH") or environ.get("CUDA_HOME")) or "cuda" in environ.get("LD_LIBRARY_PATH", "")


def _has_cuda(facts: OtherFacts, names: Collection[str]) -> bool | None:
    """Whether the library that a CUDA build cannot do without is installed; what conda installed depends on it."""
    if facts.kind != "cuda" or facts.conda is not None:
        return None
    return any(name.startswith(_CUDA_LIBRARIES[facts.framework]) for name in names)


def _tensorflow(conda: Mapping[str, PackageRecord], pip: Mapping[str, Distribution]) -> Iterator[OtherFacts]:
    yield from _first(
        "tensorflow",
        [pip[name] for name in _TENSORFLOW if name in pip],
        [conda[name] for name in ("tensorflow-base", "tensorflow") if name in conda],
        # The wheels for Linux are CUDA builds, but for which CUDA only they themselves can say.
        lambda name: ("cpu" if name.endswith("-cpu") else "cuda", ""),
    )


def _jax(conda: Mapping[str, PackageRecord], pip: Mapping[str, Distribution]) -> Iterator[OtherFacts]:
    jax = pip.get("jax")
    if jax is None:
        return
    plugins = [each for name, each in pip.items() if _JAX_PLUGIN.fullmatch(name)]
    kind, cuda = read_build(conda["jaxlib"].build) if "jaxlib" in conda else ("cpu", "")
    for match in filter(None, (_JAX_PLUGIN.fullmatch(canonicalize_name(each.name)) for each in plugins)):
        kind, cuda = ("cuda", match["major"]) if match["what"] == "cuda" else ("rocm", "")
    parts = [f"{each.name} {each.version}" for each in (jax, *plugins)]
    versions = {each.version for each in plugins}
    yield OtherFacts(
        framework="jax",
        version=jax.version,
        kind=kind,
        build_cuda=cuda,
        source=", ".join(parts),
        mismatch=", ".join(parts[1:]) if len(versions) > 1 else "",
        conda=conda_build(conda["jaxlib"]) if "jaxlib" in conda else None,
        distributions=tuple(canonicalize_name(each.name) for each in plugins if each.owner is None),
    )


def _cupy(conda: Mapping[str, PackageRecord], pip: Mapping[str, Distribution]) -> Iterator[OtherFacts]:
    yield from _first(
        "cupy",
        [each for name, each in pip.items() if _CUPY.fullmatch(name)],
        [conda[name] for name in ("cupy-core", "cupy") if name in conda],
        _cupy_build,
    )


def _cupy_build(name: str) -> tuple[BuildKind, str]:
    match = _CUPY.fullmatch(name)
    if match is None or match["what"] is None:
        return "cuda", ""
    # `cupy-cuda12x` is for any 12, `cupy-cuda112` for 11.2 alone, `cupy-rocm-5-0` for ROCm 5.0.
    major = match["major"]
    return (
        ("rocm", "") if match["what"] == "rocm" else ("cuda", major if len(major) < 3 else f"{major[:2]}.{major[2:]}")
    )


class _BuildByName(Protocol):
    def __call__(self, name: str, /) -> tuple[BuildKind, str]: ...


def _first(
    framework: Literal["tensorflow", "cupy"],
    pip: Sequence[Distribution],
    conda: Sequence[PackageRecord],
    by_name: _BuildByName,
) -> Iterator[OtherFacts]:
    """What a conda package says of its build goes before what a wheel's name says."""
    own = [each for each in pip if each.owner is None]
    distributions = tuple(canonicalize_name(each.name) for each in own)
    duplicates = tuple(f"{each.name} {each.version}" for each in own) if len(own) > 1 else ()
    if conda:
        build = conda_build(conda[0])
        kind, cuda = by_name(build.name) if build.kind == "unknown" else (build.kind, build.cuda)
        version, source = build.version, f"{build.name} {build.version} {build.build}"
    elif pip:
        build = None
        kind, cuda = by_name(canonicalize_name(pip[0].name))
        version, source = pip[0].version, f"{pip[0].name} {pip[0].version}"
    else:
        return
    yield OtherFacts(
        framework=framework,
        version=version,
        kind=kind,
        build_cuda=cuda,
        source=source,
        conda=build,
        distributions=distributions,
        duplicates=duplicates,
    )


# What the files of an environment say of its frameworks, in milliseconds and without a process.


# A torch outside the environment that wins over its own: the probe does not see it, `python` in a shell does.


def find_shadows(python_minor: str, home: Path, environ: Mapping[str, str]) -> Iterator[Shadow]:
    """Find every torch that comes before the environment's own: on PYTHONPATH, then in the user's site-packages.

    `environ` are the variables as they would be in the activated environment.
    """
    for entry in filter(os.path.isabs, environ.get("PYTHONPATH", "").split(os.pathsep)):
        if found := _torch_in(entry):
            yield Shadow(path=found, version=_version(found), by="PYTHONPATH")
    if python_minor and not environ.get("PYTHONNOUSERSITE"):
        base = environ.get("PYTHONUSERBASE") or str(home / ".local")
        if found := _torch_in(os.path.join(base, "lib", f"python{python_minor}", "site-packages")):
            yield Shadow(path=found, version=_version(found), by="user site")


def _torch_in(directory: str) -> str:
    path = os.path.join(directory, "torch")
    return path if os.path.isfile(os.path.join(path, "__init__.py")) else ""


def _version(directory: str) -> str:
    stated = read_version_file(directory)
    return stated.version if stated else ""


_PYTHONS = ("python", "python3", "python2")
_MINOR = re.compile(r"(?:python|pypy)(\d+\.\d+)/")


def read_static(
    environment: Environment, *, home: Path, environ: Mapping[str, str], machine: str | None = None
) -> StaticFacts:
    """Read what the files of an environment say; milliseconds, but to be called beside the event loop.

    Never raises for what it finds. `home` and `environ` are those of the user of the environment, `machine` is this
    machine's platform as conda calls it.
    """
    prefix, contents = environment.prefix, environment.contents or PrefixContents()
    version, site_packages = _site_packages(prefix, environment.python)
    minor = ".".join(version.split(".")[:2])
    shadows = find_shadows(minor, home, {**environ, **dict(contents.variables)})
    return StaticFacts(
        prefix=prefix,
        python=_python(prefix, minor),
        foreign=foreign_platform(contents.packages, machine or native_subdir(platform.system(), platform.machine())),
        python_version=version,
        torch=read_torch(prefix, contents, site_packages, tuple(shadows)),
        others=other_frameworks(contents, environ),
    )


def _site_packages(prefix: str, python: str) -> tuple[str, tuple[str, ...]]:
    """Find the version of python, by conda's record or else by its directory, and each site-packages, its own first."""
    found = {}
    for directory in site_directories(prefix, site_packages_candidates(prefix)):
        match = _MINOR.search(directory.path)
        found[os.path.join(prefix, directory.path)] = match[1] if match else ""
    version = python or next(filter(None, found.values()), "")
    # An upgrade leaves the site-packages of an older python behind where pip had something in it.
    own = [path for path, minor in found.items() if minor and f"{version}.".startswith(f"{minor}.")]
    return version, (*own, *(path for path in found if path not in own))


def _python(prefix: str, minor: str) -> str:
    for name in (*_PYTHONS, f"python{minor}"):
        path = os.path.join(prefix, "bin", name)
        if os.path.lexists(path):  # a link that leads nowhere is a python that does not start
            return path
    return ""
