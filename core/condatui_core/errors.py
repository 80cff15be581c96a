"""The one error that users meet, and its few causes with their exit codes."""

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
        """Where, and the words of whoever refused; may have several lines."""
        self.advice = hint
        """What the user can do about it; a front end says it in its words."""
        self.hint = hint if isinstance(hint, str) else ""
        """The same where it is a text for every front end; empty if it is not."""

    def __str__(self) -> str:
        return "\n".join(part for part in (self.title, self.detail, self.hint) if part)


class UsageError(CondatuiError):
    """The command line, a setting or a file that the user gave cannot be used as it is."""

    exit_code = 2


class RefusedError(CondatuiError):
    """A guard says no: the action would surely be a mistake."""

    exit_code = 3


class NoCondaError(CondatuiError):
    """An action needs a conda and none that works was found."""

    exit_code = 4


class NewerFormatError(CondatuiError):
    """A newer condatui has written this in a format that is not known here: it is neither read nor changed."""

    def __init__(self, what: str, where: str, *, found: int, known: int) -> None:
        super().__init__(
            f"{what} was made by a newer condatui (format {found}); this one reads format {known}.",
            where,
            "It is left as it is: the newer condatui can use it.",
        )


class CondaError(CondatuiError):
    """A conda was asked and did not do it: not started, timed out, killed, exited non-zero, or answered nonsense."""
