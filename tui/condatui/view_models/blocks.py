"""A text in blocks, each about one thing that can be copied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct
from rich.text import Text


class TextBlock(Struct, frozen=True):
    """Some lines about one thing."""

    text: Text
    copied: str = ""
    """What is copied for it, such as the command that it advises; empty if that is its own text."""
    apart: bool = False
    """Whether an empty line stands before it, unless it is the first."""

    @property
    def to_copy(self) -> str:
        """What a user who copies it gets."""
        return self.copied or self.text.plain


def joined(blocks: Iterable[TextBlock]) -> Text:
    """All blocks as one text."""
    return Text("\n").join(_lines(blocks))


def _lines(blocks: Iterable[TextBlock]) -> Iterator[Text]:
    for index, block in enumerate(blocks):
        if block.apart and index:
            yield Text()
        yield block.text
