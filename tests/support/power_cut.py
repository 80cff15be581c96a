"""A disk of its own, of which a copy is what a power cut would leave: only root may mount one."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_MEGABYTES = 96
_MKFS = shutil.which("mkfs.ext4", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin")))


@dataclass
class Disk:
    """A file system in a file, mounted in `path`; what was not synced is not in the file."""

    image: Path
    path: Path

    @contextmanager
    def after_power_cut(self) -> Iterator[Path]:
        """Mount what the disk has at this moment; the other one goes on."""
        copy, path = self.image.with_name("cut.image"), self.path.with_name("cut")
        shutil.copyfile(self.image, copy)
        path.mkdir()
        _run("mount", "-o", "loop", str(copy), str(path))
        try:
            yield path
        finally:
            _run("umount", "--lazy", str(path))


@contextmanager
def mounted_disk(directory: Path) -> Iterator[Disk]:
    """Make and mount a disk that writes nothing on its own for ten minutes; skips the test where that cannot be."""
    if os.geteuid() or not _MKFS:
        pytest.skip("only root may mount a disk, and mkfs.ext4 makes one")
    disk = Disk(directory / "disk.image", directory / "disk")
    with disk.image.open("wb") as image:
        image.truncate(_MEGABYTES << 20)
    disk.path.mkdir()
    _run(_MKFS, "-q", str(disk.image))
    try:
        _run("mount", "-o", "loop,commit=600", str(disk.image), str(disk.path))
    except subprocess.CalledProcessError:
        pytest.skip("no disk can be mounted here")
    try:
        yield disk
    finally:
        _run("umount", "--lazy", str(disk.path))


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True, capture_output=True, timeout=60)
