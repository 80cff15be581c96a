"""Paths as they can be pasted."""

from __future__ import annotations

import os


def copyable(path: str) -> str:
    """A path to paste; one that is not valid UTF-8 comes as a word that bash and zsh turn back into its bytes."""
    try:
        path.encode()
    except UnicodeEncodeError:
        quoted = "".join(_quoted(byte) for byte in os.fsencode(path))
        return f"$'{quoted}'"
    return path


def _quoted(byte: int) -> str:
    character = chr(byte)
    return character if (character.isalnum() and byte < 0x80) or character in "/._-" else f"\\x{byte:02x}"
