"""Text on its way to a terminal or a log: foreign text made safe, credentials masked, numbers spelled out."""

from __future__ import annotations

import re

# Foreign text made safe to show: no escape sequence, line break or broken byte reaches a terminal.


# C0 and C1 controls, line and paragraph separators, bidirectional overrides, zero-width characters, lone surrogates.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200b-\u200f\ufeff\ud800-\udfff]")


def sanitize(text: str) -> str:
    """Show what cannot be shown as a visible escape: `\\x1b`, `\\n`, and `\\xff` for a byte that is no UTF-8."""
    return _UNSAFE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte that os.fsdecode could not decode
        return f"\\x{code - 0xDC00:02x}"
    return match[0].encode("unicode_escape", "surrogatepass").decode("ascii")


def last_lines(text: str, lines: int = 8) -> str:
    """The last lines of an output that say something, fit to be shown: printable and without credentials."""
    said = [line.rstrip() for line in text.replace("\r", "\n").split("\n") if line.strip(" \t\0")]
    return "\n".join(sanitize(mask_credentials(line))[:2000] for line in said[-lines:])


# Tokens and passwords in channel URLs: masked before anything else sees them.


TOKEN_MASK = "<TOKEN>"
AUTH_MASK = "***"

_WORD_WITH_TOKEN = re.compile(r"(?<![^\s\"'\\=,])[^\s\"'\\=,]*?/t/[^\s\"'\\]+")
_TOKEN = re.compile(r"/t/(?!<TOKEN>)[^/\s\"'\\]+")
_FILE = re.compile(r"[(\[,]*(file:|/(?!t/)|~|\.)")
"""How what names a file begins: a directory may be called `t`, also one right below the root."""
_AUTH = re.compile(r"(?P<scheme>\b[a-zA-Z][a-zA-Z0-9+.-]*://)(?P<auth>[^/\s\"'\\]+)@")
_AUTH_OR_TOKEN = re.compile(r"(?<=://)[^/\s\"'\\]+@|/t/[^/\s\"'\\]+(?=/|$)")


def mask_credentials(text: str) -> str:
    """Replace every `/t/<token>/` and `user:password@` in a text, be it a URL or a page of output."""
    if "/t/" in text:
        text = _WORD_WITH_TOKEN.sub(_masked, text)
    if "@" in text:
        text = _AUTH.sub(rf"\g<scheme>{AUTH_MASK}@", text)
    return text


def strip_credentials(url: str) -> str:
    """Take the token and the user out of a URL, so that the same channel compares equal however it was reached."""
    if ("@" not in url and "/t/" not in url) or url.startswith("file:"):
        return url
    return _AUTH_OR_TOKEN.sub("", url)


def _masked(word: re.Match[str]) -> str:
    if not _FILE.match(word[0]):
        return _TOKEN.sub(f"/t/{TOKEN_MASK}", word[0])
    file, comma, more = word[0].partition(",")
    return file + comma + mask_credentials(more)


# Numbers in words.


def counted(count: int, one: str, several: str = "") -> str:
    """So many of a thing: `1 restore point`, `2 restore points`; `several` where that is more than an s."""
    return f"{count:,} {one if count == 1 else several or f'{one}s'}"


# Numbers of bytes in words.


_PREFIXES = "KMGTPE"


def format_bytes(count: int) -> str:
    """Bytes for a sentence: `5.1 GB`, `412 MB`, `17 B`. Powers of 1000, as `df -H` and disk vendors count."""
    number, prefix = scaled(count)
    return f"{number} {prefix}B"


def scaled(count: int) -> tuple[str, str]:
    """Two or three digits and the prefix they are in: `("5.1", "G")`; none below 1000."""
    if count < 1000:
        return f"{count}", ""
    value, power = count / 1000, 0
    while value >= 999.5 and power < len(_PREFIXES) - 1:
        value, power = value / 1000, power + 1
    return f"{value:.{1 if value < 9.95 else 0}f}", _PREFIXES[power]
