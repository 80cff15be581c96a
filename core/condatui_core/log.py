"""The log file: what condatui did and what went wrong. Modules log with the standard library."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import re
import stat
import traceback
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from condatui_core.errors import CondatuiError
from condatui_core.fs.safe_read import read_bounded, reason
from condatui_core.own_package import replaced_error, was_replaced
from condatui_core.text import mask_credentials, sanitize

LIMIT = 1_000_000
"""Bytes after which a log file is rotated."""
_PUT_ASIDE = 2
"""The number of rotated files that are kept."""
_MOST_TEXT = 32_000
"""The most characters of one record."""
_OWN = ("condatui", "condatui_core", "condatui_sandbox")
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_INDENT = "    "
"""Starts each further line of a record, so that no text in a message looks like a separate record."""
_HEAD = re.compile(r"(?P<at>\d{4}-\S+) (?P<level>[A-Z]+) \d+ (?P<logger>\S+): (?P<message>.*)")

_logger = logging.getLogger(__name__)


class LogFile(logging.Handler):
    """Appends records to a file that other processes may append to and rotate at any time.

    Records are few, so the file is opened for each one, which then goes to the file that has the name at that moment.
    A link in its place is not followed. A failure to write is ignored.
    """

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file = file
        self.written = False
        """Whether the last record has reached the file."""
        self.problem = ""
        """Why the last record has not reached it, in a few words."""
        self.setFormatter(_SafeFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; a failure to write is ignored."""
        self.written = False
        try:
            self._append(f"{self.format(record)}\n".encode("utf-8", "backslashreplace"))
        except Exception as error:  # noqa: BLE001 - the named boundary of the log: a broken message must not end a job
            self.problem = _why_not(error)
            return
        self.written = True

    def _append(self, data: bytes) -> None:
        self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.file, _FLAGS, 0o600)
        try:
            status = os.fstat(descriptor)
            _check(status)
            if os.write(descriptor, data) != len(data):
                raise OSError("the disk is full")
            if status.st_size + len(data) > LIMIT:
                with suppress(OSError):
                    self._put_aside(descriptor, status)
        finally:
            os.close(descriptor)

    def _put_aside(self, descriptor: int, status: os.stat_result) -> None:
        """Rename the full file, unless another process does or has done so; without locks, just try."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        except OSError:
            pass
        now = os.lstat(self.file)
        if (now.st_dev, now.st_ino) != (status.st_dev, status.st_ino):
            return
        *files, older = _files(self.file)
        for each in reversed(files):
            with suppress(FileNotFoundError):
                os.replace(each, older)
            older = each


def _check(status: os.stat_result) -> None:
    """Refuse anything but a regular file with one link that belongs to this user."""
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1 or os.geteuid() not in (status.st_uid, 0):
        raise OSError("not a log file of this user")


def _why_not(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno == errno.ELOOP:
        return "it is a link, which is not followed"
    return reason(error) if isinstance(error, OSError) else str(error)


def _files(file: Path) -> list[Path]:
    """The current file and the rotated ones, the newest first."""
    return [file, *(file.with_name(f"{file.name}.{number}") for number in range(1, _PUT_ASIDE + 1))]


class _SafeFormatter(logging.Formatter):
    """One line per record and its traceback below: bounded, credentials masked, without control characters."""

    def format(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        if record.exc_info:
            text = f"{text}\n{self.formatException(record.exc_info)}"
        lines = (sanitize(line) for line in mask_credentials(_bounded(text)).splitlines())
        at = datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")
        return f"{at} {record.levelname} {record.process} {record.name}: " + f"\n{_INDENT}".join(lines)


def _bounded(text: str) -> str:
    """The beginning and the end of a text, cut between words, since half a credential would not be masked."""
    if len(text) <= _MOST_TEXT:
        return text
    first, last = text[: _MOST_TEXT // 4].rsplit(None, 1), text[-_MOST_TEXT // 2 :].split(None, 1)
    return f"{first[0] if len(first) == 2 else ''} … {last[1] if len(last) == 2 else ''}"


def open_log(file: Path, *, debug: bool) -> None:
    """Log to this file from now on: warnings and errors, and with `debug` everything that condatui does.

    The file is created with its first record.
    """
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if isinstance(handler, LogFile):
            root.removeHandler(handler)
    root.addHandler(LogFile(file))
    for name in _OWN:
        logging.getLogger(name).setLevel(logging.DEBUG if debug else logging.NOTSET)


def unexpected(error: BaseException, title: str = "", hint: str = "") -> CondatuiError:
    """Log an unforeseen error and describe it: what failed, where, and the log with its traceback.

    A CondatuiError is returned unchanged. `title` states what failed, `hint` what the user can do; after an upgrade in
    place that is the reason, whatever has failed.
    """
    if isinstance(error, CondatuiError):
        return error
    _logger.error("unexpected: %s", title or type(error).__name__, exc_info=error)
    if was_replaced():
        return replaced_error(error)
    what = mask_credentials(f"{type(error).__name__}: {error}".rstrip(": "))
    frames = traceback.extract_tb(error.__traceback__)
    where = f"\n{frames[-1].filename}, line {frames[-1].lineno}" if frames else ""
    if isinstance(error, OSError):
        title = title or error.strerror or what
    else:
        title, hint = title or "An unexpected error occurred.", hint or "Please report this."
    hints = (hint, *(f"The log has the details: {file}" for file in _written_to()))
    return CondatuiError(title, what + where, "\n".join(filter(None, hints)))


def log_problem() -> str:
    """Which log the last record has not reached, and why; empty if it has."""
    logs = (each for each in logging.getLogger().handlers if isinstance(each, LogFile))
    return next((f"{each.file}: {each.problem}" for each in logs if each.problem and not each.written), "")


def _written_to() -> list[Path]:
    """The log file, if the last record has reached it."""
    return [each.file for each in logging.getLogger().handlers if isinstance(each, LogFile) and each.written]


class LogEntry(Struct, frozen=True, kw_only=True):
    """A record of the log."""

    at: str
    """ISO 8601 with zone."""
    level: str
    logger: str
    message: str
    """Its first line, and the last one of its traceback."""


def last_troubles(file: Path, most: int) -> tuple[LogEntry, ...]:
    """The last warnings and errors of the log, oldest first. Raises OSError if there is a log that cannot be read."""
    found: list[LogEntry] = []
    for each in _files(file):
        try:
            text = read_bounded(str(each), 2 * LIMIT).decode("utf-8", "replace")
        except FileNotFoundError:
            continue
        found = [*_troubles(text), *found]
        if len(found) >= most:
            break
    return tuple(found[-most:])


def _troubles(text: str) -> list[LogEntry]:
    found: list[LogEntry] = []
    for record in re.split(rf"\n(?!{_INDENT})", text):
        first, *further = record.strip("\n").split("\n")
        head = _HEAD.fullmatch(first)
        if head and head["level"] in ("WARNING", "ERROR", "CRITICAL"):
            message = ": ".join((head["message"], *(line.strip() for line in further[-1:])))
            found.append(LogEntry(at=head["at"], level=head["level"], logger=head["logger"], message=message))
    return found
