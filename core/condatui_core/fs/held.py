"""What is held open until the end of a `with`, such as directories that are looked up once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import TypeVar

_H = TypeVar("_H", bound="Held")


class Held(ABC):
    """Something that is closed at the end of a `with`, whatever happened in it."""

    @abstractmethod
    def close(self) -> None:
        """Let go of it."""

    def __enter__(self: _H) -> _H:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
