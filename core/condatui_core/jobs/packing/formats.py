"""The formats that an environment can be packed in, and what each of them can do."""

from __future__ import annotations

import os

from condatui_core.errors import UsageError
from condatui_core.printable import printable
from condatui_core.records.request import PackRequest

FORMATS = ("tar.gz", "zip", "tar.bz2", "tar.xz", "tar.zst", "tar", "squashfs", "parcel", "no-archive")
"""As conda-pack calls them, without the second names that some have."""
UNCOMPRESSED = frozenset({"tar", "no-archive"})

_SECOND_NAMES = {"tgz": "tar.gz", "tbz2": "tar.bz2", "txz": "tar.xz", "tzst": "tar.zst"}
_LEVELS = {"tar.zst": range(1, 23), "tar.bz2": range(1, 10)}
_USUAL_LEVELS = range(10)


def checked_format(request: PackRequest) -> str:
    """Tell the format that is asked for, by its name or the file's suffix.

    Raises UsageError if there is no such format or what else is asked for does not go with it.
    """
    form = _SECOND_NAMES.get(request.format, request.format) or _by_suffix(request.file)
    if form not in FORMATS:
        what = f"`{printable(request.format)}`" if request.format else f"by the name of {printable(request.file)}"
        raise UsageError(f"There is no format {what}.", hint=f"These are: {', '.join(FORMATS)}.")
    levels = _LEVELS.get(form, _USUAL_LEVELS)
    if form not in UNCOMPRESSED and request.level not in levels:
        raise UsageError(f"The level of {form} is {levels.start} to {levels.stop - 1}, not {request.level}.")
    if request.dest_prefix and form == "parcel":
        raise UsageError("A parcel has its own place: it takes no dest-prefix.")
    if request.dest_prefix and not os.path.isabs(request.dest_prefix):
        raise UsageError("The dest-prefix has to be an absolute path.", printable(request.dest_prefix))
    return form


def _by_suffix(file: str) -> str:
    name = os.path.basename(file)
    for suffix in (*FORMATS, *_SECOND_NAMES):
        if name.endswith(f".{suffix}"):
            return _SECOND_NAMES.get(suffix, suffix)
    return ""
