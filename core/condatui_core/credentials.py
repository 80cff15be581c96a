"""Tokens and passwords in channel URLs: masked before anything else sees them."""

from __future__ import annotations

import re

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
