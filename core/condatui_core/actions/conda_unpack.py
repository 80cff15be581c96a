"""What conda-unpack does to the files of an unpacked environment, as the script in every archive lists it."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from condatui_core.fs.safe_read import read_bounded

_UNPACK = "bin/conda-unpack"
_LARGEST_SCRIPT = 64 << 20
"""Bytes of the script, which lists every file that it rewrites."""
_ROWS = re.compile(rb"^_prefix_records = (\[\n.*?\n\])$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Rewriting:
    """How conda-unpack rewrites one file of an unpacked environment."""

    placeholder: str
    """The path that it looks for: where the environment was, or where its package was built."""
    mode: str
    """`text`, or `binary`, where the end is filled up so that the length stays."""

    def apply(self, data: bytes, prefix: str) -> bytes:
        """The content of the file once it is rewritten for a prefix."""
        old, new = os.fsencode(self.placeholder), os.fsencode(prefix)
        if self.mode == "text":
            return data.replace(old, new)
        missing = len(old) - len(new)

        def fill(found: re.Match[bytes]) -> bytes:
            return found[0].replace(old, new) + bytes(max(0, missing * found[0].count(old)))

        return re.sub(re.escape(old) + rb"[^\0]*?\0", fill, data)


def rewritings(prefix: str) -> Mapping[str, Rewriting]:
    """By path, how the conda-unpack of an unpacked environment rewrites it; empty if it has none that can be read."""
    try:
        found = _ROWS.search(read_bounded(os.path.join(prefix, _UNPACK), _LARGEST_SCRIPT))
        rows = ast.literal_eval(found[1].decode()) if found else []
        return {path: Rewriting(placeholder, mode) for path, placeholder, mode in rows}
    except (OSError, ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return {}
