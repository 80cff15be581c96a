"""Take tokens and passwords out of URLs, specs, and pages of output: for the collector and for condatui alike."""

import re
from typing import Match, Pattern

TOKEN_MASK = "<TOKEN>"
AUTH_MASK = "***"

_ANY_TOKEN = re.compile(r"/(?:t|%74|%54)/", re.IGNORECASE)
_WORD_WITH_TOKEN = re.compile(r"(?<![^\s\"'\\=,])[^\s\"'\\=,]*?/(?:t|%74|%54)/[^\s\"'\\]+", re.IGNORECASE)
_TOKEN = re.compile(r"((?<!/)(?!(?<=:)//)/+(?:t|%74|%54)/+)[^/\s\"'\\]+")
_TOKEN_OF_URL = re.compile(_TOKEN.pattern, re.IGNORECASE)
"""In a URL servers may take `/T/` for `/t/`; elsewhere it is a directory."""
_FILE = re.compile(r"[(\[,]*(?:[fF][iI][lL][eE]:|/(?!t/|/[^/\s@]+@)|~|\.)")
"""The beginnings of file names, in which `/t/` may be an ordinary directory."""
_AUTH = re.compile(r"(\b[a-zA-Z][a-zA-Z0-9+.-]{0,40}://|(?<![^\s\"'\\=,(\[])//(?=[^/\s\"'\\:@]+:))[^/\s\"'\\]+@")
_AUTH_WITH_SLASH = re.compile(r"((?<!ssh)://)[^/\s\"'\\:@\[]{0,200}:(?!\d+/)[^\s\"'\\@]{1,200}@")
"""`https://user:pass/word@host`; after a port, which is a number, an `@` is part of the path."""
_SECRET = r"(?:token|passw(?:or)?d|secret|api[_-]?key|access[_-]?key|signature)"
_SECRET_OF_URL = r"[?&#;](?:[\w.-]{0,60}" + _SECRET + r"|sig)="
_VALUE = r"[^\s&#\"'\\]*[^\s&#\"'\\\]]"
"""Without the bracket that ends a spec: `numpy[url=https://host/x.conda?token=…]`."""
_NAMED_SECRET = re.compile(
    r"(%s|(?<!-)--[\w-]{0,60}%s(?:=|\s+(?!-)))%s" % (_SECRET_OF_URL, _SECRET.replace("[_-]", "-"), _VALUE),
    re.IGNORECASE,
)
_QUERY_SECRET = re.compile("(%s)%s" % (_SECRET_OF_URL, _VALUE), re.IGNORECASE)
_CHANNEL_BEFORE = (
    r"((?<!\S)(?:-c|--channel)[\s=]+[\"']?|\bchannel=[\"']?|(?<![^\s\"'\\=,(\[])(?=[^\s\"'\\=,(\[]*(?<!\.py)::))"
)
_CHANNEL_TOKEN = re.compile(_CHANNEL_BEFORE + r"(t/+)(?!<TOKEN>)[^/\s\"'\\:]+")
_CHANNEL_AUTH = re.compile(_CHANNEL_BEFORE + r"[^/\s\"'\\:@=,(\[]+:[^/\s\"'\\:@]{1,200}@(?=[^/\s\"'\\@]+/)")
"""Channels without a scheme: where an option or the `::` of a spec says that there is one."""
_RELATIVE = re.compile(r"t/+[^/\s\"'\\]+(?:/+|$)|[^/\s\"'\\:@]+:[^/\s\"'\\:@]+@(?=[^/\s\"'\\@]+/)")
"""The beginning of a channel without a scheme, where it is known to be one."""


def mask_credentials(text: str) -> str:
    """Mask every `/t/<token>/`, `user:password@`, `?token=…` and `--token …` in a URL or a page of output."""
    if _ANY_TOKEN.search(text):
        text = _WORD_WITH_TOKEN.sub(_masked_word, text)
    if "@" in text:
        text = _AUTH.sub(r"\1%s@" % AUTH_MASK, text)
        text = _AUTH_WITH_SLASH.sub(r"\1%s@" % AUTH_MASK, text)
    if "=" in text or "--" in text:
        text = _NAMED_SECRET.sub(r"\1%s" % AUTH_MASK, text)
    if "::" in text or "channel" in text or "-c" in text:
        text = _CHANNEL_TOKEN.sub(r"\1\2%s" % TOKEN_MASK, text)
        text = _CHANNEL_AUTH.sub(r"\1%s@" % AUTH_MASK, text)
    return text


def strip_credentials(url: str) -> str:
    """Remove the token and the user from a URL or a channel, so that equal channels compare equal."""
    if "@" in url:
        url = _AUTH_WITH_SLASH.sub(r"\1", _AUTH.sub(r"\1", url))
    if not _FILE.match(url):
        if _ANY_TOKEN.search(url):
            url = _token_in(url).sub("", url)
        relative = _RELATIVE.match(url)
        url = url[relative.end() :] if relative else url
    return url


def masked(text: str) -> str:
    """The text without credentials; of a path only a query is masked: it may have a directory that is called `t`."""
    if text.startswith("/") and not text.startswith("//") and "://" not in text:
        return _QUERY_SECRET.sub(r"\1%s" % AUTH_MASK, text) if "=" in text else text
    return mask_credentials(text)


def _masked_word(word: Match[str]) -> str:
    if not _FILE.match(word.group(0)):
        return _token_in(word.group(0)).sub(r"\1%s" % TOKEN_MASK, word.group(0))
    file, comma, more = word.group(0).partition(",")
    return file + comma + mask_credentials(more)


def _token_in(word: str) -> Pattern[str]:
    return _TOKEN_OF_URL if "://" in word else _TOKEN
