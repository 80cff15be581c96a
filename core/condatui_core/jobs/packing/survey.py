"""What packing an environment would come to: a process of its own, since listing a large one takes seconds."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from condatui_core.jobs.journals.lossless_json import encode
from condatui_core.jobs.packing.differences import find_differences
from condatui_core.jobs.packing.facts import Differences, Survey
from condatui_core.jobs.packing.library import PackedFile, PackError, load
from condatui_core.jobs.packing.outside import paths_outside


def survey(prefix: str, excludes: Sequence[str] = ()) -> Survey:
    """Look at all that would be packed, changing nothing."""
    try:
        loaded = load(prefix, excludes)
        unreadable, size = _weigh(loaded.files)
        return Survey(
            files=len(loaded.files),
            bytes=size,
            python=any(file.target == "bin/python" for file in loaded.files),
            differences=Differences() if unreadable else find_differences(prefix, loaded.files),
            special=loaded.special,
            unreadable=unreadable,
            missing=loaded.missing,
            uncached=loaded.uncached,
            outside=tuple(paths_outside(prefix)),
        )
    except (PackError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        # What conda-pack does not expect in a record, it stumbles over.
        return Survey(problem=str(error).strip() or type(error).__name__)


def _weigh(files: Sequence[PackedFile]) -> tuple[tuple[str, ...], int]:
    unreadable, size = [], 0
    for file in files:
        try:
            size += os.lstat(file.source).st_size
        except FileNotFoundError:
            continue  # lost from the cache: taken from the environment
        except OSError:
            unreadable.append(file.target)
            continue
        if not os.path.islink(file.source) and not os.access(file.source, os.R_OK):
            unreadable.append(file.target)
    return tuple(unreadable), size


def main(arguments: Sequence[str]) -> None:
    """Print the survey of a prefix, without what matches the patterns that follow it."""
    prefix, *excludes = arguments
    sys.stdout.buffer.write(encode(survey(prefix, excludes)))


if __name__ == "__main__":
    main(sys.argv[1:])
