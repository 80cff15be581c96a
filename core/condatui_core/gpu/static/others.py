"""TensorFlow, JAX and CuPy: which are installed, and what for, by the records of conda and pip."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, Protocol

from packaging.utils import canonicalize_name

from condatui_core.gpu.static.builds import read_build
from condatui_core.records.gpu import BuildKind, OtherFacts
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import PrefixContents

_JAX_PLUGIN = re.compile(r"jax-(?P<what>cuda|rocm)(?P<major>\d+)-(?:plugin|pjrt)")
_CUPY = re.compile(r"cupy(?:-(?P<what>cuda|rocm)-?(?P<major>\d+).*)?")
_TENSORFLOW = ("tensorflow", "tensorflow-gpu", "tensorflow-cpu")


def other_frameworks(contents: PrefixContents) -> tuple[OtherFacts, ...]:
    """Find the other frameworks of an environment."""
    conda = {each.name: each for each in contents.packages}
    pip: dict[str, Distribution] = {canonicalize_name(each.name): each for each in contents.distributions}
    found = (*_tensorflow(conda, pip), *_jax(conda, pip), *_cupy(conda, pip))
    return tuple(found)


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
    if conda:
        kind, cuda = read_build(conda[0].build)
        source = f"{conda[0].name} {conda[0].version} {conda[0].build}"
        named = by_name(conda[0].name) if kind == "unknown" else (kind, cuda)
        yield OtherFacts(
            framework=framework, version=conda[0].version, kind=named[0], build_cuda=named[1], source=source
        )
    elif pip:
        kind, cuda = by_name(canonicalize_name(pip[0].name))
        source = f"{pip[0].name} {pip[0].version}"
        yield OtherFacts(framework=framework, version=pip[0].version, kind=kind, build_cuda=cuda, source=source)
