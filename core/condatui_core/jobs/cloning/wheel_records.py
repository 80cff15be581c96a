"""RECORD files of what pip installed: they state the digest of every file, so of those too that a clone changes."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
from collections.abc import Collection, Iterable

_NAME = ".dist-info/RECORD"
_COLUMNS = 3


def amend_records(target: str, copied: Iterable[str], rewritten: Collection[str]) -> frozenset[str]:
    """State the files that were rewritten as they are now; returns the RECORD files that had to change.

    Paths are relative to the target. Raises OSError if one cannot be written.
    """
    amended = set()
    for path in copied:
        if path.endswith(_NAME) and _amend(target, path, rewritten):
            amended.add(path)
    return frozenset(amended)


def _amend(target: str, path: str, rewritten: Collection[str]) -> bool:
    file = os.path.join(target, path)
    base = os.path.dirname(os.path.dirname(path))
    with open(file, newline="", encoding="utf-8", errors="surrogateescape") as stream:
        text = stream.read()
    try:
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error:  # a line that no pip has written: it stays as it is
        return False
    changed = False
    for row in rows:
        listed = os.path.normpath(os.path.join(base, row[0])) if len(row) == _COLUMNS and row[1] else ""
        if listed in rewritten:
            row[1:] = _stated(os.path.join(target, listed))
            changed = True
    if changed:
        ending = "\r\n" if "\r\n" in text else "\n"
        written = io.StringIO(newline="")
        csv.writer(written, lineterminator=ending).writerows(rows)
        with open(file, "w", newline="", encoding="utf-8", errors="surrogateescape") as stream:
            stream.write(written.getvalue())
    return changed


def _stated(file: str) -> tuple[str, str]:
    """The digest and the size, as a RECORD states them."""
    with open(file, "rb") as stream:
        data = stream.read()
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"sha256={digest}", str(len(data))
