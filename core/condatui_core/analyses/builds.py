"""Explain build strings: `cuda126_mkl_py311_hcada2b2_300` is CUDA 12.6, MKL, Python 3.11, build 300."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

TraitKind = Literal["accelerator", "cudnn", "blas", "mpi", "python", "numpy", "language", "variant", "number", "hash"]
"""The subject of a part of a build string."""

_BY_WEIGHT: tuple[TraitKind, ...] = (
    "accelerator",
    "cudnn",
    "blas",
    "mpi",
    "python",
    "numpy",
    "language",
    "variant",
    "number",
    "hash",
)


class Trait(Struct, frozen=True):
    """One property that a build string states."""

    kind: TraitKind
    words: str


def build_traits(build: str) -> tuple[Trait, ...]:
    """Decode a build string, one trait per kind, the most important first; an unknown part becomes the variant."""
    found: dict[TraitKind, str] = {}
    for kind, words, _ in _scan(build):
        if kind == "variant" and kind in found:
            words = f"{found[kind]}_{words}"  # noqa: PLW2901 - several unknown parts are shown as one
        found[kind] = words  # for other kinds the last part is the most precise: `gpu_cuda118`, `mpi_openmpi`
    return tuple(Trait(kind, found[kind]) for kind in _BY_WEIGHT if kind in found)


def describe_build(build: str) -> str:
    """Explain a build string, without its hash, which means nothing to people."""
    return " · ".join(trait.words for trait in build_traits(build) if trait.kind != "hash")


def describe_build_change(left: str, right: str) -> str:
    """Explain how two builds differ: `CUDA 12.6 → CPU · MKL → OpenBLAS`; empty if they do not.

    Build number and hash are named only if nothing else differs; the hash alone differs if the same recipe was built
    against other packages.
    """
    before = {trait.kind: trait.words for trait in build_traits(left)}
    after = {trait.kind: trait.words for trait in build_traits(right)}
    differing = [kind for kind in _BY_WEIGHT if before.get(kind) != after.get(kind)]
    shown = [kind for kind in differing if kind not in ("number", "hash")] or differing[:1]
    return " · ".join(f"{before.get(kind, '–')} → {after.get(kind, '–')}" for kind in shown)


_MEANT: frozenset[TraitKind] = frozenset(("accelerator", "blas", "mpi"))
"""What a user chooses a build for; the rest follows from the versions of other packages."""
_MAJOR = re.compile(r"(cu(?:da)?)(?:(\d+)\.|(\d{1,2})\d$)")
"""The major version of CUDA, which decides what a driver runs: `cuda12.4`, `cuda126`, `cu124`."""


def portable_build(build: str) -> str:
    """A pattern for builds of the same kind, `*cuda12*mkl*`: accelerator, BLAS, MPI; empty if it states none of them.

    Of CUDA only the major version counts.
    """
    meant = [_without_minor(text) for kind, _, text in _scan(build) if kind in _MEANT]
    return f"*{'*'.join(meant)}*" if meant else ""


def _without_minor(text: str) -> str:
    match = _MAJOR.match(text)
    return f"{match[1]}{match[2] or match[3]}" if match else text


def _patterns(*rules: tuple[TraitKind, str, str]) -> tuple[tuple[TraitKind, re.Pattern[str], str], ...]:
    return tuple((kind, re.compile(pattern, re.DOTALL), words) for kind, pattern, words in rules)


_HASH = r"h[0-9a-f]{7}\Z"
_ENDS = rf"(?=\Z|{_HASH})"

# `{0}` stands for the first group of the pattern. Parts may be joined: `cpugplh1234567`, `np126py311_0`.
_PATTERNS = _patterns(
    ("hash", rf"({_HASH})", "{0}"),
    ("number", r"([0-9]+)\Z", "build {0}"),
    ("cudnn", r"cudnn0\.0", "no cuDNN"),
    ("cudnn", r"cudnn(\d+(?:\.\d+)*)", "cuDNN {0}"),
    ("accelerator", r"cuda0\.0", "CPU"),
    ("accelerator", r"cuda(\d+(?:\.\d+)+)", "CUDA {0}"),
    ("accelerator", r"cu(?:da)?(\d{1,2})(\d)(?!\d)", "CUDA {0}.{1}"),
    ("accelerator", rf"cuda{_ENDS}", "CUDA"),
    ("accelerator", r"(?:rocm|hip)(\d+(?:\.\d+)*)", "ROCm {0}"),
    ("accelerator", rf"(?:rocm|hip){_ENDS}", "ROCm"),
    ("accelerator", rf"(?:mps|metal){_ENDS}", "Apple GPU"),
    ("accelerator", rf"gpu{_ENDS}", "GPU"),
    ("accelerator", rf"cpu(?=\Z|l?gpl|{_HASH})", "CPU"),
    ("blas", rf"openblas{_ENDS}", "OpenBLAS"),
    ("blas", rf"mkl{_ENDS}", "MKL"),
    ("blas", rf"blis{_ENDS}", "BLIS"),
    ("blas", rf"netlib{_ENDS}", "Netlib BLAS"),
    ("blas", rf"accelerate{_ENDS}", "Accelerate"),
    ("mpi", rf"nompi{_ENDS}", "no MPI"),
    ("mpi", rf"openmpi{_ENDS}", "Open MPI"),
    ("mpi", rf"mpich{_ENDS}", "MPICH"),
    ("mpi", rf"mpi{_ENDS}", "MPI"),
    ("python", r"pypy(\d)(\d+)", "PyPy {0}.{1}"),
    ("python", r"pymin(\d)(\d+)", "Python {0}.{1} or later"),
    ("python", r"(?:py|cp)(\d)\.?(\d{1,2})", "Python {0}.{1}"),
    ("python", rf"py{_ENDS}", "any Python"),
    ("numpy", r"np(\d)(\d{2})", "NumPy {0}.{1}"),
    ("numpy", r"np(\d)", "NumPy {0}"),
    ("language", r"pl5(\d{2})(\d)", "Perl 5.{0}.{1}"),
    ("language", rf"r(\d)(\d){_ENDS}", "R {0}.{1}"),
)
_UNKNOWN = re.compile(rf".+?{_ENDS}", re.DOTALL)


def _scan(build: str) -> Iterator[tuple[TraitKind, str, str]]:
    """Decode the parts between underscores from left to right: the kind of each, its explanation, and its text."""
    for part in build.split("_"):
        position = 0
        while position < len(part):
            kind, words, end = _read(part, position)
            yield kind, words, part[position:end]
            position = end


def _read(part: str, position: int) -> tuple[TraitKind, str, int]:
    """Decode the part at a position by the first pattern that fits; returns kind, explanation and end."""
    for kind, pattern, words in _PATTERNS:
        if match := pattern.match(part, position):
            return kind, words.format(*match.groups()), match.end()
    unknown = _UNKNOWN.match(part, position)
    end = unknown.end() if unknown else len(part)
    return "variant", part[position:end], end
