"""CondatuiError, the only error that users see, and its few kinds with their exit codes."""

from __future__ import annotations

from typing import ClassVar

from condatui_core.remedy import Advice


class CondatuiError(Exception):
    """Something went wrong that the user should read: what (title), where (detail), what to do (hint)."""

    exit_code: ClassVar[int] = 1

    def __init__(self, title: str, detail: str = "", hint: Advice = "") -> None:
        super().__init__(title, detail, hint)
        self.title = title
        """One sentence that says what went wrong."""
        self.detail = detail
        """Where it failed, and the error message of the program or system; may have several lines."""
        self.advice = hint
        """What the user can do about it; each front end words a remedy in its own way."""
        self.hint = hint if isinstance(hint, str) else ""
        """The hint if it is a text for every front end; otherwise empty."""

    @property
    def in_one_line(self) -> str:
        """The title and the detail, for a place with room for one line."""
        detail = " ".join(self.detail.splitlines())
        return f"{self.title.removesuffix('.')}: {detail}" if detail else self.title

    def __str__(self) -> str:
        return "\n".join(part for part in (self.title, self.detail, self.hint) if part)


class UsageError(CondatuiError):
    """The command line, a setting or a file that the user gave is not usable."""

    exit_code = 2


class RefusedError(CondatuiError):
    """A guard refuses an action that would be a mistake."""

    exit_code = 3


class NoCondaError(CondatuiError):
    """An action needs a working conda, and none was found."""

    exit_code = 4


class NewerFormatError(CondatuiError):
    """A newer condatui has written this in an unknown format: this version neither reads nor changes it."""

    def __init__(self, what: str, where: str, *, found: int, known: int) -> None:
        super().__init__(
            f"{what} was made by a newer condatui (format {found}); this one reads format {known}.",
            where,
            "It is not changed: the newer condatui can use it.",
        )


class CondaError(CondatuiError):
    """A command of conda failed: not started, timed out, killed, exited non-zero, or its answer is not understood."""
