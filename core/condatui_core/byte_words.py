"""Numbers of bytes in words."""

from __future__ import annotations

_PREFIXES = "KMGTPE"


def spell_bytes(count: int) -> str:
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
