"""Disks on which files can share blocks: real btrfs and XFS in files, which only root may mount."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_MEGABYTES = {"btrfs": 128, "xfs": 320}
"""Hardly more than each needs at least. The files are sparse."""
_SEARCHED = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))


@contextmanager
def sharing_disk(directory: Path, kind: str, *options: str, mount: str = "loop", megabytes: int = 0) -> Iterator[Path]:
    """Make and mount a disk of a kind, with options of its mkfs; skips the test where that cannot be."""
    mkfs = shutil.which(f"mkfs.{kind}", path=_SEARCHED)
    if os.geteuid() or not mkfs:
        pytest.skip(f"only root may mount a disk, and mkfs.{kind} makes one")
    image, path = directory / f"{kind}.image", directory / kind
    with image.open("wb") as file:
        file.truncate(max(megabytes, _MEGABYTES[kind]) << 20)
    path.mkdir()
    _run(mkfs, "-q", *options, str(image))
    try:
        _run("mount", "-t", kind, "-o", mount, str(image), str(path))
    except subprocess.CalledProcessError:
        pytest.skip(f"no {kind} can be mounted here")
    try:
        yield path
    finally:
        _run("umount", "--lazy", str(path))
        image.unlink()


def blob(path: Path, size: int) -> Path:
    """Write a file of contents that no other file has, with the directories above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(size))
    return path


def reflink(source: Path, target: Path) -> Path:
    """Copy a file so that both share their blocks, with the directories above the copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    _run("cp", "--reflink=always", str(source), str(target))
    return target


def sync(path: Path) -> None:
    """Let the file system choose the blocks of all that was written, and give back those of what was deleted."""
    _run("sync", "--file-system", str(path))


def free(disk: Path) -> int:
    """The free bytes of a disk, once it has come to rest: it gives back on its own time what was deleted."""
    known: list[int] = []
    while len(known) < _ALIKE or len(set(known[-_ALIKE:])) > 1:
        sync(disk)
        status = os.statvfs(disk)
        known.append(status.f_bfree * status.f_frsize)
    return known[-1]


_ALIKE = 5


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True, capture_output=True, timeout=60)
