"""The formats of packed environments, and the commands with which their receiver unpacks them."""

from __future__ import annotations

import os

from condatui_core.errors import UsageError
from condatui_core.records.request import PackRequest
from condatui_core.text import sanitize, shell_words

FORMATS = ("tar.gz", "zip", "tar.bz2", "tar.xz", "tar.zst", "tar", "squashfs", "parcel", "no-archive")
"""The formats by their names in conda-pack, without aliases."""
UNCOMPRESSED = frozenset({"tar", "no-archive"})

_SECOND_NAMES = {"tgz": "tar.gz", "tbz2": "tar.bz2", "txz": "tar.xz", "tzst": "tar.zst"}
_LEVELS = {"tar.zst": range(1, 23), "tar.bz2": range(1, 10)}
_USUAL_LEVELS = range(10)


def checked_format(request: PackRequest) -> str:
    """The requested format, by its name or the file's suffix.

    Raises UsageError if there is no such format, or if it does not support another option of the request.
    """
    form = _SECOND_NAMES.get(request.format, request.format) or _by_suffix(request.file)
    if form not in FORMATS:
        what = f"`{sanitize(request.format)}`" if request.format else f"by the name of {sanitize(request.file)}"
        raise UsageError(f"There is no format {what}.", hint=f"These are: {', '.join(FORMATS)}.")
    levels = _LEVELS.get(form, _USUAL_LEVELS)
    if form not in UNCOMPRESSED and request.level not in levels:
        raise UsageError(f"The level of {form} is {levels.start} to {levels.stop - 1}, not {request.level}.")
    if request.dest_prefix and form == "parcel":
        raise UsageError("A parcel has a fixed place: no other can be given.")
    if request.dest_prefix and not os.path.isabs(request.dest_prefix):
        raise UsageError("The destination path has to be absolute.", sanitize(request.dest_prefix))
    return form


def _by_suffix(file: str) -> str:
    name = os.path.basename(file)
    for suffix in (*FORMATS, *_SECOND_NAMES):
        if name.endswith(f".{suffix}"):
            return _SECOND_NAMES.get(suffix, suffix)
    return ""


# Commands for the receiver of a packed environment


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
    """The commands that turn an archive into an environment; `python` says whether it has a python of its own."""
    archive = shell_words((_not_an_option(os.path.basename(file)),))
    place = _PARCELS if form == "parcel" else dest_prefix or _not_an_option(name)
    quoted = shell_words((place,))
    lines = [f"mkdir -p {quoted}", *_unpacking(form, archive, quoted)]
    if form == "parcel":
        return tuple(lines)
    if dest_prefix:
        return (*lines, f"source {shell_words((os.path.join(place, 'bin/activate'),))}")
    # Its own first line would take any python that comes first on the PATH.
    runner = shell_words((os.path.join(place, "bin/python"),)) if python else "python3"
    return (*lines, f"{runner} {shell_words((os.path.join(place, 'bin/conda-unpack'),))}")


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
