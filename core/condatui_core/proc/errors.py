"""Errors of child processes; callers turn them into messages about their own subject."""

from __future__ import annotations

import os
from collections.abc import Sequence


class ChildError(Exception):
    """A child process did not run to its own end."""

    def __init__(self, argv: Sequence[str], message: str) -> None:
        super().__init__(message)
        self.argv = tuple(argv)
        """The command as it was run, credentials included."""


class ChildNotStartedError(ChildError):
    """A command could not be started."""

    def __init__(self, argv: Sequence[str], cause: OSError | ValueError) -> None:
        super().__init__(argv, str(cause))
        self.cause = cause
        """A ValueError means a NUL in an argument or a variable."""

    @property
    def interpreter_missing(self) -> bool:
        """Whether the file exists, but the interpreter that its first line names does not."""
        return isinstance(self.cause, FileNotFoundError) and os.path.exists(self.argv[0])

    @property
    def reason(self) -> str:
        """Why it could not be started, without the path."""
        if self.interpreter_missing:
            return "the interpreter in its first line does not exist"
        return (isinstance(self.cause, OSError) and self.cause.strerror) or str(self.cause)


class ChildTimedOutError(ChildError):
    """A process was ended because it took too long."""

    def __init__(self, argv: Sequence[str], seconds: float) -> None:
        super().__init__(argv, f"{os.path.basename(argv[0])} did not end within {seconds:g} seconds")
        self.seconds = seconds


class ChildWroteTooMuchError(ChildError):
    """A process was ended because it wrote too much."""

    def __init__(self, argv: Sequence[str], most_bytes: int) -> None:
        super().__init__(argv, f"{os.path.basename(argv[0])} wrote more than {most_bytes:,} bytes")
        self.most_bytes = most_bytes
