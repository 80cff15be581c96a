"""Packed environments made by hand, with a python and a conda-unpack that are shell scripts."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import zstandard

from support.binaries import elf
from support.prefixes import CONDA_FORGE, record_of

BUILDER = "/builder/env"
"""Where it was packed."""
MTIME = 1_700_000_000
PYTHON = """\
#!/bin/sh
case "$1" in */conda-unpack) exec /bin/sh "$1";; esac
cd "$(dirname "$0")/.." && pwd
"""
UNPACK = f"""\
#!/usr/bin/env python
: <<'END'
_prefix_records = [
('bin/tool', '{BUILDER}', 'text'),
('lib/data', '/opt/_placehold_placehold', 'binary')
]
END
here=$(cd "$(dirname "$0")/.." && pwd)
sed -i "s#{BUILDER}#$here#g" "$here/bin/tool"
"""


def packed_files(**records: Mapping[str, object]) -> dict[str, str | bytes]:
    """What a packed environment holds by path; `records` are further packages with fields of their records."""
    files: dict[str, str | bytes] = {
        "bin/python": PYTHON,
        "bin/tool": f"#!{BUILDER}/bin/python\nprint()\n",
        "bin/conda-unpack": UNPACK,
        "lib/libz.so.1": elf(("2.17",)),
        "conda-meta/history": "==> 2024-05-06 07:08:09 <==\n# cmd: conda create\n+conda-forge::python-3.11.9-0\n",
    }
    for name, fields in {"python": {"version": "3.11.9"}, **records}.items():
        record: dict[str, Any] = record_of(name, "1.0", "0", channel=CONDA_FORGE, subdir="linux-64", files={})
        record |= {**fields, "files": []}
        files[f"conda-meta/{name}-{record['version']}-0.json"] = json.dumps(record)
    return files


def pack_files(
    archive: Path,
    files: Mapping[str, str | bytes],
    *,
    links: Mapping[str, str] | None = None,
    members: Iterable[tarfile.TarInfo] = (),
) -> Path:
    """Write an archive in the format of its suffix; what lies in bin is executable, and `members` come last."""
    if archive.suffix == ".zip":
        _pack_zip(archive, files)
        return archive
    data = io.BytesIO()
    mode = {".gz": "w:gz", ".bz2": "w:bz2", ".xz": "w:xz"}.get(archive.suffix, "w")
    with tarfile.open(fileobj=data, mode=mode) as tar:  # type: ignore[call-overload]
        for path, content in files.items():
            member = _member(path, 0o755 if path.startswith("bin/") else 0o644)
            raw = content.encode() if isinstance(content, str) else content
            member.size = len(raw)
            tar.addfile(member, io.BytesIO(raw))
        for path, target in (links or {}).items():
            member = _member(path, 0o777)
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
        for member in members:
            tar.addfile(member)
    written = data.getvalue()
    if archive.suffix == ".zst":  # in two frames, as several threads write it
        half = len(written) // 2
        written = b"".join(map(zstandard.ZstdCompressor().compress, (written[:half], written[half:])))
    archive.write_bytes(written)
    return archive


def special_member(path: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    """A member of a tar archive of any kind."""
    member = _member(path, 0o644)
    member.type, member.linkname = kind, target
    return member


def _member(path: str, mode: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(path)
    member.mode, member.mtime = mode, MTIME
    return member


def _pack_zip(archive: Path, files: Mapping[str, str | bytes]) -> None:
    with zipfile.ZipFile(archive, "w") as opened:
        for path, content in files.items():
            info = zipfile.ZipInfo(path, (2023, 11, 14, 22, 13, 20))
            info.external_attr = (0o100755 if path.startswith("bin/") else 0o100644) << 16
            opened.writestr(info, content)
