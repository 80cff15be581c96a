"""TensorFlow, JAX and CuPy: which are installed, and what for, by the records of conda and pip."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, Protocol

from packaging.utils import canonicalize_name

from condatui_core.analyses.builds import build_traits
from condatui_core.analyses.channels import channel_name
from condatui_core.gpu.cuda_versions import dotted
from condatui_core.records.gpu import BuildKind, CondaBuild, OtherFacts
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import PrefixContents

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
        channel=channel_name(record.base_url, ChannelConfig()),
        kind=kind,
        cuda=cuda,
    )


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
