"""Text for a terminal or a log: sanitize foreign text, mask credentials, format numbers."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence

from condatui_core.collector import credentials
from condatui_core.errors import UsageError

# Foreign text: no escape sequence, line break or invalid byte reaches a terminal


# C0 and C1 controls, line and paragraph separators, bidirectional overrides, zero-width characters, lone surrogates.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200b-\u200f\ufeff\ud800-\udfff]")


def sanitize(text: str) -> str:
    """Replace unprintable characters by visible escapes: `\\x1b`, `\\n`, and `\\xff` for a byte that is not UTF-8."""
    return _UNSAFE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte that os.fsdecode could not decode
        return f"\\x{code - 0xDC00:02x}"
    return match[0].encode("unicode_escape", "surrogatepass").decode("ascii")


def shell_words(argv: Iterable[str]) -> str:
    """A command as a shell takes it, printable: a word that cannot be shown becomes `$'a\\x0ab'`, by its bytes."""
    return " ".join(map(_word, argv))


def _word(text: str) -> str:
    if not _UNSAFE.search(text):
        return shlex.quote(text)
    return f"$'{_SPECIAL.sub(_byte_escapes, text)}'"


_SPECIAL = re.compile(rf"[\\']|{_UNSAFE.pattern}")


def _byte_escapes(match: re.Match[str]) -> str:
    # A half of a surrogate pair comes from no file name; what it stands for is not known.
    data = match[0].encode("utf-8", "surrogateescape" if "\udc80" <= match[0] <= "\udcff" else "backslashreplace")
    return "".join(f"\\x{byte:02x}" for byte in data)


def last_lines(text: str, lines: int = 8) -> str:
    """The last non-empty lines of an output, printable and without credentials."""
    said = [line.rstrip() for line in text.replace("\r", "\n").split("\n") if line.strip(" \t\0")]
    return "\n".join(sanitize(mask_credentials(line))[:2000] for line in said[-lines:])


# Tokens and passwords in channel URLs: the collector, which knows no other module, hides them in the same way


AUTH_MASK = credentials.AUTH_MASK
TOKEN_MASK = credentials.TOKEN_MASK
mask_credentials = credentials.mask_credentials
masked = credentials.masked
strip_credentials = credentials.strip_credentials


# Counts


def counted(count: int, one: str, several: str = "") -> str:
    """A number with its noun: `1 restore point`, `2 restore points`; `several` is the plural if it is irregular."""
    return f"{count:,} {one if count == 1 else several or f'{one}s'}"


def some_of(names: Sequence[str], most: int = 3) -> str:
    """Join the first few names and state how many more there are."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def first_of(lines: Sequence[str], most: int) -> tuple[str, ...]:
    """The first lines, and one that states how many more there are."""
    return (*lines[:most], f"and {len(lines) - most:,} more") if len(lines) > most else tuple(lines)


def percent(share: float) -> str:
    """A share in whole percent, rounded down: only what is the same is `100 %`."""
    return f"{int(share * 100 + 1e-9)} %"


# Bytes


_PREFIXES = "KMGTPE"


def format_bytes(count: int) -> str:
    """Format bytes: `5.1 GB`, `412 MB`, `17 B`, in powers of 1000 as `df -H` and disk vendors do."""
    number, prefix = scaled(abs(count))
    return f"{'-' if count < 0 else ''}{number} {prefix}B"


def format_apart(first: int, second: int) -> tuple[str, str]:
    """Format two numbers of bytes that are compared: with more digits where they would read the same, `10.9 MB`."""
    one, other = format_bytes(first), format_bytes(second)
    if one != other or first == second:
        return one, other
    for digits in range(1, 5):
        one, other = (_with_digits(each, digits) for each in (first, second))
        if one != other:
            return one, other
    return f"{first:,} bytes", f"{second:,} bytes"


def _with_digits(count: int, digits: int) -> str:
    """Bytes with so many digits behind the point beside what `format_bytes` has."""
    number, prefix = scaled(abs(count))
    value = abs(count) / 1000 ** (_PREFIXES.index(prefix) + 1 if prefix else 0)
    return f"{'-' if count < 0 else ''}{value:.{digits + len(number.partition('.')[2])}f} {prefix}B"


_LARGEST = float((1 << 63) - 1024)
"""Bytes, as many as an integer of JSON can state."""
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:([kmgtpe])(i?))?b?", re.IGNORECASE | re.ASCII)


def parse_bytes(text: str) -> int:
    """Read bytes as people write them: `20G`, `500 MB`, `1.5 TiB`; powers of 1000, with an `i` of 1024.

    Raises UsageError for anything else.
    """
    if (found := _SIZE.fullmatch(text.strip())) is None:
        raise UsageError(f"`{sanitize(text)}` is no size: such as 20G, 500M or 1.5 TB is.")
    number, prefix, binary = found.groups()
    count = float(number) * (1024 if binary else 1000) ** (_PREFIXES.find(prefix.upper()) + 1 if prefix else 0)
    if count > _LARGEST:
        raise UsageError("This is no size that a disk can have.", sanitize(text))
    return int(count)


def scaled(count: int) -> tuple[str, str]:
    """Two or three digits and the unit's prefix: `("5.1", "G")`; no prefix below 1000."""
    if count < 1000:
        return f"{count}", ""
    value, power = count / 1000, 0
    while value >= 999.5 and power < len(_PREFIXES) - 1:
        value, power = value / 1000, power + 1
    return f"{value:.{1 if value < 9.95 else 0}f}", _PREFIXES[power]


_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}
_EXPECTED = re.compile(r"Expected `([^`]*)`(?: (of length )?([<>]=? [\d.e+-]+))?(?:, got `([^`]*)`)?")
_PLACE = re.compile(r" - at (?:`key` in )?`\$\.?([^`]*)`$")


def schema_fault(message: str) -> str:
    """What a document has wrong, in plain words instead of msgspec's: its types by name, its place without a `$`."""
    place = _PLACE.search(message)
    said = message[: place.start()] if place else message
    if expected := _EXPECTED.fullmatch(said):
        kinds, length, bound, got = expected.groups()
        wanted = f"{_kinds(kinds)}{' of a length' if length else ''}{f' {bound}' if bound else ''}"
        said = f"{wanted} is expected{f', not {_kinds(got)}' if got else ''}"
    elif said.startswith("Object missing required field "):
        said = f"{said.removeprefix('Object missing required field ')} is missing"
    return f"{said}, at `{place[1]}`" if place and place[1] else said


def _kinds(text: str) -> str:
    return " or ".join(_KINDS.get(each, each) for each in text.split(" | "))
