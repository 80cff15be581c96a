"""Errors of conda for the user: what condatui asked for, what conda said, what to do."""

from __future__ import annotations

import errno
import logging
import os
import re
import signal
from collections.abc import Iterator, Mapping, Sequence

from condatui_core.conda.answer import CondaAnswer
from condatui_core.errors import CondaError
from condatui_core.proc.child import ChildNotStartedError, ChildTimedOutError, ChildWroteTooMuchError
from condatui_core.proc.runner import command_line
from condatui_core.text import last_lines, sanitize

_logger = logging.getLogger(__name__)

_TRACEBACK = re.compile(
    r"^( *)Traceback \(most recent call last\):\n(?:\1 +\S.*\n|[ \t]*\n)*\1(?P<exception>\S.*)", re.MULTILINE
)
"""A traceback and the exception below it. Of several, the first is the cause: conda also fails at telling it."""
_CUT_REPORT = re.compile(r"^ {4}(?P<exception>\S.*)\n\s*^`\$ ", re.MULTILINE)
"""The exception in a crash report whose beginning is lost: above the command that crashed."""
_REPORTED = re.compile(
    r"^(?:V ){9,}V *\n(?P<error>.*?)(?:^A reportable application error|\Z)", re.MULTILINE | re.DOTALL
)
"""The error at the end of a report that has no traceback, below the user's environment variables."""
_DISK_FULL = f"[Errno {errno.ENOSPC}]"
_BY_HAND = "Run the command by hand to see more."
_HINTS = {
    "CorruptedEnvironmentError": "A file in the conda-meta directory of that environment is damaged.",
    "EnvironmentNotWritableError": "The environment belongs to another user: ask its owner.",
    "EnvironmentLocationNotFound": "The environment no longer exists: reload.",
    "NoSpaceLeftError": "The disk is full: free some space first.",
    "CondaMemoryError": "The machine has run out of memory.",
    "CondaHTTPError": "Check the network connection and the address of the channel.",
    "OfflineError": "conda is configured as offline and its caches lack packages that it needs.",
}


def check_answer(answer: CondaAnswer, asked: str) -> CondaAnswer:
    """Return the answer if the command succeeded; raise CondaError with conda's own message if not.

    `asked` completes the title: `list its environments`. The exit code and the last document decide, since conda may
    write a document about an error and still succeed.
    """
    error = _error_document(answer)
    if answer.exit_code == 0 and error is None:
        return answer
    title = f"{_name(answer.argv)} could not {asked}."
    if crash := _crash(answer, error):
        _logger.warning("%s It crashed:\n%s", title, crash)
    raise CondaError(title, _detail(answer, error), _hint(answer, error))


_NO_SOLUTION = re.compile(
    r"\w*UnsatisfiableError|PackagesNotFound\w*Error|ResolvePackageNotFound|SpecsConfigurationConflictError"
)
"""The exceptions by which conda and its solvers say that packages do not go together, or that there are none."""


def no_solution(answer: CondaAnswer) -> tuple[str, ...] | None:
    """conda's own words, line by line, for why there is no solution; None if it does not say that there is none."""
    error = _error_document(answer)
    if error is None or not any(map(_NO_SOLUTION.fullmatch, _exceptions(error))):
        return None
    return tuple(_said(answer, error).splitlines())


def not_understood(answer: CondaAnswer, asked: str, reason: str) -> CondaError:
    """The error for a command that exited with 0 but whose answer condatui cannot understand."""
    said = last_words(answer.stdout) or last_words(answer.stderr)
    detail = "\n".join(part for part in (sanitize(reason), said, command_line(answer.argv)) if part)
    return CondaError(f"{_name(answer.argv)} could not {asked}: its answer is not understood.", detail, _BY_HAND)


def not_started(error: ChildNotStartedError) -> CondaError:
    """The error for a command that could not even be started."""
    hint = ""
    if error.interpreter_missing:
        hint = "The installation was moved or its python is missing."
    elif isinstance(error.cause, PermissionError):
        hint = "Check that it is executable and that you may read it."
    title = f"{_name(error.argv)} could not be started."
    return CondaError(title, f"{error.reason}\n{command_line(error.argv)}", hint)


def timed_out(error: ChildTimedOutError, more_time: str) -> CondaError:
    """The error for a command that was ended because it took too long."""
    title = f"{_name(error.argv)} did not answer within {error.seconds:g} seconds."
    return CondaError(title, command_line(error.argv), more_time)


def wrote_too_much(error: ChildWroteTooMuchError) -> CondaError:
    """The error for a command that was ended because it wrote too much."""
    title = f"{_name(error.argv)} wrote more than {error.most_bytes:,} bytes."
    return CondaError(title, command_line(error.argv), _BY_HAND)


def last_words(text: str, lines: int = 8) -> str:
    """The last non-empty lines of an output, sanitized as by `last_lines`.

    Of a crash only the exception is kept, and of a report the error: it contains all of the user's environment
    variables.
    """
    if crash := _TRACEBACK.search(text) or _CUT_REPORT.search(text):
        text = crash["exception"]
    elif report := _REPORTED.search(text):
        text = report["error"]
    return last_lines(text, lines)


def _crash(answer: CondaAnswer, error: Mapping[str, object] | None) -> str:
    """The tracebacks of a conda that crashed; empty if it did not."""
    if error is not None:
        return str(error.get("traceback") or "")
    return "\n".join(each[0] for each in _TRACEBACK.finditer(answer.stderr))


def _name(argv: Sequence[str]) -> str:
    return sanitize(os.path.basename(argv[0]))


def _error_document(answer: CondaAnswer) -> Mapping[str, object] | None:
    objects = [document for document in answer.documents if isinstance(document, dict)]
    if objects and ("exception_name" in objects[-1] or objects[-1].get("success") is False):
        return objects[-1]
    return None


def _detail(answer: CondaAnswer, error: Mapping[str, object] | None) -> str:
    return f"{_said(answer, error)}\n{command_line(answer.argv)} → {answer.exit_code}"


def _said(answer: CondaAnswer, error: Mapping[str, object] | None) -> str:
    if error is not None:
        return last_words("\n".join(dict.fromkeys(_messages(error))), lines=40)
    if answer.exit_code < 0:
        return f"It was killed by {_signal_name(-answer.exit_code)}."
    return last_words(answer.stderr) or last_words(answer.stdout) or "It printed nothing."


def _messages(error: Mapping[str, object]) -> Iterator[str]:
    """The messages of an error document and those nested in it, without its report of the environment variables."""
    nested = error.get("errors")
    if isinstance(nested, list) and nested:
        for each in nested:
            yield from _messages(each) if isinstance(each, dict) else (str(each),)
    else:
        yield str(error.get("message") or error.get("error") or error.get("exception_name") or "It gave no reason.")


def _hint(answer: CondaAnswer, error: Mapping[str, object] | None) -> str:
    if _DISK_FULL in _crash(answer, error):
        return _HINTS["NoSpaceLeftError"]
    if error is not None:
        if "traceback" in error and "message" not in error:
            return f"This is a crash of conda itself. {_BY_HAND}"
        return _guidance(error) or next((_HINTS[name] for name in _exceptions(error) if name in _HINTS), "")
    if answer.exit_code == -signal.SIGKILL:
        return "The machine may have run out of memory."
    if answer.exit_code == 2:
        return "This conda may be too old for the command."
    return _BY_HAND


def _exceptions(error: Mapping[str, object]) -> Iterator[str]:
    yield str(error.get("exception_name"))
    nested = error.get("errors")
    for each in nested if isinstance(nested, list) else ():
        if isinstance(each, dict):
            yield from _exceptions(each)


def _guidance(error: Mapping[str, object]) -> str:
    """The advice of conda itself (26.7 and later)."""
    guidance = error.get("guidance")
    hints = guidance.get("hints") if isinstance(guidance, dict) else None
    if not isinstance(hints, list):
        return ""
    return last_words("\n".join(str(each["text"]) for each in hints if isinstance(each, dict) and "text" in each))


def _signal_name(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"
