"""Foreign text made safe to show: no escape sequence, line break or broken byte reaches a terminal."""

from __future__ import annotations

import re

# C0 and C1 controls, line and paragraph separators, bidirectional overrides, zero-width characters, lone surrogates.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200b-\u200f\ufeff\ud800-\udfff]")


def printable(text: str) -> str:
    """Show what cannot be shown as a visible escape: `\\x1b`, `\\n`, and `\\xff` for a byte that is no UTF-8."""
    return _UNSAFE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte that os.fsdecode could not decode
        return f"\\x{code - 0xDC00:02x}"
    return match[0].encode("unicode_escape", "surrogatepass").decode("ascii")
