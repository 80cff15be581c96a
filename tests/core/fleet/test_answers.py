"""What a host has said, judged: a snapshot between two marks, or a state and a reason."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest
from msgspec.structs import replace

from condatui_core.collector.main import BEGIN, END
from condatui_core.fleet.answers import NoSnapshotError, snapshot_in
from condatui_core.fleet.messages import HostAnswer

DOCUMENT = {"format": 1, "host": "itself", "at": "2024-05-06T07:08:09+00:00", "collector": "standalone"}


def marked(document: object, *, before: bytes = b"") -> bytes:
    text = base64.encodebytes(gzip.compress(json.dumps(document).encode()))
    return before + b"\n".join((BEGIN.encode(), text, END.encode(), b""))


def answered(said: bytes = b"", complained: str = "", exit_code: int | None = 0) -> HostAnswer:
    return HostAnswer(host="gpu01", ended="exited", exit_code=exit_code, said=said, complained=complained, seconds=1.0)


def refused(answer: HostAnswer) -> tuple[str, str]:
    with pytest.raises(NoSnapshotError) as raised:
        snapshot_in(answer, timeout=30)
    return raised.value.state, raised.value.reason


@pytest.mark.parametrize(
    "said",
    [
        marked(DOCUMENT),
        marked(DOCUMENT, before=b"Welcome to gpu01!\n\nYou have mail.\n"),
        marked(DOCUMENT).replace(b"\n", b"\r\n"),
        marked(DOCUMENT) + b"logout\n",
    ],
)
def test_a_login_may_print_what_it_likes_around_it(said: bytes) -> None:
    assert snapshot_in(answered(said), timeout=30).host == "itself"


def test_a_snapshot_counts_whatever_the_shell_exits_with() -> None:
    assert snapshot_in(answered(marked(DOCUMENT), "bash: warning\n", 1), timeout=30).collector == "standalone"


@pytest.mark.parametrize(
    ("exit_code", "complained", "state", "reason"),
    [
        (255, "ssh: connect to host gpu01 port 22: Connection refused\r\n", "unreachable", "Connection refused"),
        (255, "ssh: Could not resolve hostname gpu01: No", "unreachable", "Could not resolve hostname gpu01: No"),
        (255, "", "unreachable", "there is no connection"),
        (255, "me@gpu01: Permission denied (publickey).", "denied", "me@gpu01: Permission denied (publickey)."),
        (255, "@@@ WARNING @@@\nHost key verification failed.\n", "denied", "Host key verification failed."),
        (127, "condatui: there is no python3", "nothing-to-run", "condatui: there is no python3"),
        (2, "usage: x\ncollector: error: unrecognized: --bogus", "failed", "collector: error: unrecognized: --bogus"),
        (None, "", "failed", "it was ended before it was done"),
        (3, "", "failed", "the command there exited with 3"),
    ],
)
def test_the_exit_code_and_the_last_words_say_why(
    exit_code: int | None, complained: str, state: str, reason: str
) -> None:
    assert refused(answered(b"noise\n", complained, exit_code)) == (state, reason)


def test_condatui_itself_may_fail_there() -> None:
    said = f"{BEGIN}\n{END}\n".encode()
    assert refused(answered(said, "condatui: The disk is full.\ncondatui-failed 1\n")) == (
        "failed",
        "condatui: The disk is full.",
    )


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"", "it said nothing"),
        (b"\n<html>\nmore", "it said `<html>`"),
        (marked(DOCUMENT).replace(END.encode(), b""), f"it said `{BEGIN}`"),
        (f"{BEGIN}\n!!!\n{END}\n".encode(), "what it said was damaged on its way"),
        (f"{BEGIN}\n{base64.b64encode(b'no').decode()}\n{END}\n".encode(), "Not valid JSON"),
        (marked([]), "Unexpected content"),
        (marked({**DOCUMENT, "format": 99}), "made by a newer condatui (format 99)"),
        (marked({**DOCUMENT, "host": "../../etc/x"}), "no name of a machine"),
    ],
)
def test_what_is_no_snapshot_is_told(said: bytes, words: str) -> None:
    state, reason = refused(answered(said))
    assert state == "no-snapshot"
    assert words in reason


def test_an_unpacked_bomb_is_refused() -> None:
    bomb = base64.b64encode(gzip.compress(b" " * (65 << 20)))
    state, reason = refused(answered(b"\n".join((BEGIN.encode(), bomb, END.encode()))))
    assert (state, "MB" in reason) == ("no-snapshot", True)


def test_one_that_was_ended_says_what_for() -> None:
    ended: dict[Any, tuple[str, str]] = {
        "timed-out": ("timed-out", "it has not come to an end within 30 s"),
        "too-much": ("no-snapshot", "it said far more than a snapshot has"),
    }
    for how, expected in ended.items():
        assert refused(replace(answered(marked(DOCUMENT)), ended=how, exit_code=None)) == expected


def test_foreign_words_are_one_safe_line_without_credentials() -> None:
    state, reason = refused(answered(b"", "x\n\x1b[31m https://me:pw@host/t/secret/x " + "y" * 9000, 1))
    assert state == "failed"
    assert reason.startswith("\\x1b[31m https://***@host/t/<TOKEN>/x y")
    assert len(reason) <= 200
