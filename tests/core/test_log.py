"""The log file: written by several at once, never through a link, never larger than it may be, never with a secret."""

from __future__ import annotations

import logging
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from condatui_core import own_package
from condatui_core.errors import CondatuiError
from condatui_core.log import LIMIT, LogFile, last_troubles, log_problem, open_log, unexpected

LOGGER = logging.getLogger("condatui_core.somewhere")
_WRITES = """
import logging, sys
from pathlib import Path
from condatui_core.log import open_log
open_log(Path(sys.argv[1]), debug=False)
for number in range(400):
    logging.getLogger("condatui_core.child").warning("%s-%d %s", sys.argv[2], number, "x" * 1000)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "condatui.log"


def _raised(message: str = "boom") -> ValueError:
    try:
        raise ValueError(message)
    except ValueError as error:
        return error


def test_nothing_is_made_before_there_is_something_to_write(file: Path) -> None:
    open_log(file, debug=False)
    LOGGER.debug("quiet")
    assert not file.parent.exists()
    LOGGER.warning("loud")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert file.read_text().endswith("condatui_core.somewhere: loud\n")


def test_debug_logs_what_condatui_does_but_not_what_its_libraries_do(file: Path) -> None:
    open_log(file, debug=True)
    LOGGER.debug("ours")
    logging.getLogger("a.library").debug("theirs")
    logging.getLogger("a.library").warning("their warning")
    text = file.read_text()
    assert "ours" in text and "their warning" in text and "theirs" not in text


def test_credentials_are_masked_in_messages_and_in_tracebacks(file: Path) -> None:
    open_log(file, debug=False)
    LOGGER.warning("asked %s", "https://anna:hunter2@example.org/t/tk-123/main")
    LOGGER.error("failed", exc_info=_raised("https://example.org/t/tk-456/main"))
    text = file.read_text()
    assert "ValueError" in text and "https://***@example.org/t/<TOKEN>/main" in text
    assert not any(secret in text for secret in ("hunter2", "tk-123", "tk-456"))


def test_a_record_is_bounded_and_no_half_credential_is_left_at_the_cut(file: Path) -> None:
    open_log(file, debug=False)
    secret = "https://anna:" + "hunter2" * 3000 + "@example.org"
    LOGGER.warning("%s %s %s", secret, "word " * 100_000, secret)
    text = file.read_text()
    assert len(text) < 40_000
    assert "hunter2" not in text


def test_no_text_passes_for_a_record_of_its_own_or_commands_the_terminal(file: Path) -> None:
    open_log(file, debug=False)
    LOGGER.warning("first\n2026-01-01T00:00:00+00:00 ERROR 1 forged: record\x1b[2J")
    assert "\x1b" not in file.read_text()
    assert [entry.level for entry in last_troubles(file, 20)] == ["WARNING"]


def test_a_link_in_its_place_is_not_followed(file: Path, tmp_path: Path) -> None:
    file.parent.mkdir()
    (tmp_path / "precious").write_text("mine")
    file.symlink_to(tmp_path / "precious")
    open_log(file, debug=False)
    LOGGER.warning("loud")
    assert (tmp_path / "precious").read_text() == "mine"
    assert "log has the details" not in unexpected(_raised()).hint


def test_a_file_with_another_name_is_left_alone(file: Path, tmp_path: Path) -> None:
    file.parent.mkdir()
    (tmp_path / "precious").write_text("mine")
    file.hardlink_to(tmp_path / "precious")
    open_log(file, debug=False)
    LOGGER.warning("loud")
    assert (tmp_path / "precious").read_text() == "mine"


def test_a_pipe_in_its_place_makes_nobody_wait(file: Path) -> None:
    file.parent.mkdir()
    os.mkfifo(file)
    open_log(file, debug=False)
    LOGGER.warning("loud")
    assert file.is_fifo()
    assert os.listdir(file.parent) == [file.name]


def test_a_directory_that_cannot_be_made_is_passed_over_in_silence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "state").write_text("a file")
    open_log(tmp_path / "state" / "condatui.log", debug=False)
    LOGGER.warning("loud")
    assert capfd.readouterr() == ("", "")


def test_a_message_that_cannot_be_made_is_no_error(file: Path) -> None:
    class WordlessError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    log = LogFile(file)
    for message, argument in (("%s", WordlessError()), ("%d", "no number"), ("%s", "after")):
        log.handle(logging.LogRecord("condatui", logging.WARNING, "", 0, message, (argument,), None))
    assert file.read_text().endswith("condatui: after\n") and file.read_text().count("\n") == 1


def test_full_files_are_put_aside_and_the_oldest_goes(file: Path) -> None:
    open_log(file, debug=False)
    for number in range(200):
        LOGGER.warning("%d %s", number, "x" * 30_000)
    names = sorted(each.name for each in file.parent.iterdir())
    assert names == ["condatui.log", "condatui.log.1", "condatui.log.2"]
    assert all(each.stat().st_size < LIMIT + 40_000 for each in file.parent.iterdir())
    assert [entry.message.split()[0] for entry in last_troubles(file, 60)] == [str(each) for each in range(140, 200)]


def test_several_processes_lose_nothing_while_files_are_put_aside(file: Path) -> None:
    argv = [sys.executable, "-c", _WRITES, str(file)]
    running = [subprocess.Popen([*argv, name], stderr=subprocess.PIPE) for name in "abcde"]
    assert [each.communicate()[1] for each in running] == [b""] * 5
    written = {entry.message.split()[0] for entry in last_troubles(file, 5000)}
    assert written == {f"{name}-{number}" for name in "abcde" for number in range(400)}
    assert len(list(file.parent.iterdir())) == 3


def test_an_unexpected_error_gets_words_that_name_the_log(file: Path) -> None:
    open_log(file, debug=False)
    words = unexpected(_raised(), "It broke.")
    assert words.title == "It broke."
    assert words.detail.startswith(f"ValueError: boom\n{__file__}, line ")
    assert words.hint == f"Please report this.\nThe log has the details: {file}"
    assert "Traceback" in file.read_text()


def test_an_error_with_words_keeps_them_and_is_not_logged(file: Path) -> None:
    open_log(file, debug=False)
    error = CondatuiError("No.", "because")
    assert unexpected(error, "It broke.") is error
    assert not file.exists()


def test_without_a_log_none_is_named() -> None:
    assert unexpected(_raised()).hint == "Please report this."
    assert unexpected(PermissionError(13, "Permission denied")).title == "Permission denied"


def test_what_went_wrong_last_is_told_with_how_it_ended(file: Path) -> None:
    open_log(file, debug=True)
    LOGGER.warning("one")
    LOGGER.debug("not this")
    LOGGER.error("two", exc_info=_raised())
    assert [(each.level, each.message) for each in last_troubles(file, 20)] == [
        ("WARNING", "one"),
        ("ERROR", "two: ValueError: boom"),
    ]
    assert [each.message for each in last_troubles(file, 1)] == ["two: ValueError: boom"]


def test_no_log_has_told_nothing(file: Path) -> None:
    assert last_troubles(file, 20) == ()


def test_a_log_that_takes_nothing_says_why(file: Path, tmp_path: Path) -> None:
    file.parent.mkdir()
    file.symlink_to(tmp_path / "elsewhere")
    open_log(file, debug=True)
    LOGGER.debug("something")
    assert log_problem() == f"{file}: it is a link, which is not followed"
    file.unlink()
    LOGGER.debug("something")
    assert log_problem() == ""


@pytest.mark.parametrize("error", [ImportError("cannot import name 'x'"), AttributeError("no attribute 'y'")], ids=str)
def test_an_error_after_an_upgrade_in_place_is_told_as_that(
    file: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    open_log(file, debug=False)
    assert "upgraded" not in unexpected(error).title
    monkeypatch.setattr(own_package, "_AT_START", (0, 0, 0, 0))
    told = unexpected(error)
    assert told.title == "condatui was upgraded or removed while it was running."
    assert (str(error) in told.detail, told.hint) == (True, "Start it again.")
    assert str(error) in file.read_text()
