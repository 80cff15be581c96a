"""The sandbox as a server looks: packages weigh what the real ones do, and torch finds a GPU."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from condatui_core.records.gpu import Driver
from condatui_sandbox import Sandbox
from condatui_sandbox.environments import age
from support.fake_torch import A_GPU, FakeTorch, site_packages
from support.gpu_facts import GPU_MACHINE

_MEGABYTES = {
    "cuda-cudart": 4, "cuda-nvrtc": 64, "cudnn": 730, "intel-openmp": 18, "libcublas": 590, "libcufft": 180,
    "libgcc": 2, "libopenblas": 34, "libopencv": 118, "libprotobuf": 9, "libsqlite": 3, "libstdcxx": 16,
    "libtorch": 1340, "mkl": 420, "nccl": 188, "ncurses": 3, "numpy": 31, "numpy-base": 29, "openssl": 9,
    "pandas": 58, "pillow": 9, "py-opencv": 2, "pyarrow": 74, "python": 122, "pytorch": 240, "scikit-learn": 38,
    "scipy": 66, "sentencepiece-python": 6, "sympy": 58, "tokenizers": 9, "torchaudio": 14, "torchtriton": 236,
    "torchvision": 24, "transformers": 68, "wandb": 47,
}  # fmt: skip
_CPU_ONLY = {"libtorch": 174}
"""What the builds without CUDA weigh."""
_OTHERS = (1, 9)
"""Megabytes of all else, from and to."""
_COMPRESSED = 0.4
"""What an archive weighs of its content."""

_WORKS = FakeTorch(version="2.6.0", cuda="12.6", available=True, devices=(A_GPU,))
_BROKEN = FakeTorch(
    version="2.5.1",
    cuda="12.4",
    before="raise ImportError('libtorch_cpu.so: undefined symbol: iJIT_NotifyEvent')",
)
_TORCHES = {
    "nlp-base": _WORKS,
    "nlp-exp": _WORKS,
    "bert-finetune": _WORKS,
    "bert-old": _WORKS,
    "train-pinned": _WORKS,
    "vision-cuda": _BROKEN,
    "try-torch": _BROKEN,
}


_COPIES = (("bert-old", "bert-finetune", 340), ("ranker-2023", "prod-frozen", 520), ("try-torch", "vision-cuda", 75))
"""Environments whose files are their own, as rsync and `conda create --copy` leave them: name, source, age in days."""


@dataclass(frozen=True, slots=True)
class Grown:
    """What a file has become."""

    size: int
    sha256: str


async def ask_driver(_: Mapping[str, str]) -> Driver:
    """Say that the machine has a GPU and a driver of CUDA 12.6."""
    return GPU_MACHINE


def furnish(sandbox: Sandbox) -> None:
    """Add copies, let packages weigh what the real ones do, and torch find a GPU."""
    environments = sandbox.root_prefix / "envs"
    for name, source, _ in _COPIES:
        clone = ("create", "--quiet", "--yes", "--copy", "--name", name, "--clone", source)
        subprocess.run([sandbox.conda, *clone], env=sandbox.environ, check=True, stdout=subprocess.DEVNULL)
    grown = {}
    for package in sorted((sandbox.root_prefix / "pkgs").glob("*/info/paths.json")):
        grown[package.parent.parent.name] = _grow(package.parent.parent)
    for record in sandbox.home.rglob("conda-meta/*.json"):
        for path, content in grown.get(record.stem, {}).items():
            if (file := record.parent.parent / path).exists():  # pip may have taken its place
                _enlarge(file, content.size)
        _correct(record, grown.get(record.stem, {}))
    for name, torch in _TORCHES.items():
        _replace_torch(environments / name, torch)
    for name, _, days in _COPIES:
        age(environments / name, days, time.time())


def _grow(package: Path) -> dict[str, Grown]:
    """Give the largest file of a package the size of the whole one; path → content of what has changed.

    The environments have hard links to it.
    """
    files = [each for each in package.rglob("*") if each.is_file() and each.relative_to(package).parts[0] != "info"]
    binaries = [each for each in files if each.suffix == ".so"]
    if not binaries:
        return {}
    largest = max(binaries, key=lambda each: each.stat().st_size)
    _enlarge(largest, _size(package.name))
    (archive,) = package.parent.glob(f"{package.name}.[ct]*")
    _enlarge(archive, int(_size(package.name) * _COMPRESSED))
    with largest.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    changed = {str(largest.relative_to(package)): Grown(largest.stat().st_size, digest.hexdigest())}
    _correct(package / "info" / "paths.json", changed)
    return changed


def _enlarge(file: Path, size: int) -> None:
    """Give a file so many bytes on the disk, which takes no time where the file system can promise them."""
    with file.open("r+b") as opened:
        os.posix_fallocate(opened.fileno(), 0, size)


def _size(package: str) -> int:
    """The bytes of a package by the name of its directory."""
    name = package.rsplit("-", 2)[0]
    least, most = _OTHERS
    other = least + zlib.crc32(package.encode()) % (most - least)
    megabytes = _CPU_ONLY.get(name) if "cpu" in package else None
    return (megabytes or _MEGABYTES.get(name, other)) * 1_000_000


def _correct(document: Path, changed: Mapping[str, Grown]) -> None:
    """Let a list of files say what they weigh; its time stays."""
    if not changed:
        return
    before = document.stat()
    content = json.loads(document.read_text())
    for file in _listed(content):
        if new := changed.get(str(file["_path"])):
            file["size_in_bytes"] = new.size
            file.update({name: new.sha256 for name in ("sha256", "sha256_in_prefix") if name in file})
    document.write_text(json.dumps(content, indent=2))
    os.utime(document, ns=(before.st_atime_ns, before.st_mtime_ns))


def _listed(content: dict[str, object]) -> Iterator[dict[str, object]]:
    data = content.get("paths_data", content)
    assert isinstance(data, dict)
    yield from data.get("paths", ())


def _replace_torch(prefix: Path, torch: FakeTorch) -> None:
    """Put a torch that behaves in one way into one environment; the others keep their hard links to the cache."""
    package = site_packages(prefix) / "torch"
    files = torch.files()
    del files["version.py"]  # the one that is there says the same, and is the one that its package has brought
    for path, content in files.items():
        file = package / path
        file.unlink(missing_ok=True)
        file.parent.mkdir(exist_ok=True)
        file.write_text(content)
