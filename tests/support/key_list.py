"""The key list of docs/keys.md: written from the action registry by `make keys`, and checked by a test."""

from __future__ import annotations

from pathlib import Path

from condatui.actions.keymap import key_list_markdown

KEYS = Path(__file__).parents[2] / "docs" / "keys.md"
_BEGIN, _END = "<!-- keys: written by `make keys` -->\n", "<!-- end of keys -->\n"


def with_key_list(text: str) -> str:
    """The page with the key list as it should be."""
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n{key_list_markdown().strip()}\n\n{_END}{after}"


if __name__ == "__main__":
    KEYS.write_text(with_key_list(KEYS.read_text(encoding="utf-8")), encoding="utf-8")
