"""What whoever receives a packed environment has to run."""

from __future__ import annotations

import os
import shlex

_PARCELS = "/opt/cloudera/parcels"
_UNTAR = {
    "tar": "tar -xf",
    "tar.gz": "tar -xzf",
    "tar.bz2": "tar -xjf",
    "tar.xz": "tar -xJf",
    "tar.zst": "tar --zstd -xf",
    "parcel": "tar -xzf",
}


def receiver_lines(file: str, form: str, *, name: str, dest_prefix: str = "", python: bool = True) -> tuple[str, ...]:
    """The lines that make an environment of an archive; `python` says whether it has one of its own."""
    archive = shlex.quote(_not_an_option(os.path.basename(file)))
    place = _PARCELS if form == "parcel" else dest_prefix or _not_an_option(name)
    quoted = shlex.quote(place)
    lines = [f"mkdir -p {quoted}", *_unpacking(form, archive, quoted)]
    if form == "parcel":
        return tuple(lines)
    if dest_prefix:
        return (*lines, f"source {shlex.quote(os.path.join(place, 'bin/activate'))}")
    # Not by its own first line, which takes whatever python comes first on the PATH.
    runner = shlex.quote(os.path.join(place, "bin/python")) if python else "python3"
    return (*lines, f"{runner} {shlex.quote(os.path.join(place, 'bin/conda-unpack'))}")


def _unpacking(form: str, archive: str, place: str) -> tuple[str, ...]:
    if form in _UNTAR:
        return (f"{_UNTAR[form]} {archive} -C {place}",)
    if form == "zip":
        return (f"unzip -q {archive} -d {place}",)
    if form == "squashfs":
        return (f"unsquashfs -f -d {place} {archive}",)
    return (f"cp -a {archive}/. {place}",)


def _not_an_option(name: str) -> str:
    return f"./{name}" if name.startswith("-") else name
