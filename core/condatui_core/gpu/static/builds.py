"""What a build string says of the GPU that a package was built for."""

from __future__ import annotations

from condatui_core.analyses.builds import build_traits
from condatui_core.analyses.channels import channel_name
from condatui_core.gpu.cuda_versions import dotted
from condatui_core.records.gpu import BuildKind, CondaBuild
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import PackageRecord

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
