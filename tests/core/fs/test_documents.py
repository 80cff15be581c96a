"""JSON is decoded in one place: a wrong document is an OSError in plain words, and only own ones hold odd bytes."""

from __future__ import annotations

import errno
import os

import msgspec
import pytest

from condatui_core.fs.documents import decode, encode, encode_versioned, format_of


class _Note(msgspec.Struct, frozen=True):
    path: str


_NOTE = msgspec.json.Decoder(_Note)
ODD = _Note(os.fsdecode(b"/srv/\xff"))


def test_a_path_that_is_not_utf_8_comes_back() -> None:
    assert decode(encode(ODD), _NOTE, own=True) == ODD
    assert format_of(encode_versioned(ODD, 7)) == 7


@pytest.mark.parametrize("data", [encode(ODD), b'{"path": "\\ud800"}'])
def test_a_lone_surrogate_of_unknown_origin_is_refused(data: bytes) -> None:
    with pytest.raises(OSError, match="not valid JSON"):
        decode(data, _NOTE)


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not valid JSON"),
        (b'{"path": ', "not valid JSON"),
        (b'{"path": "\xff"}', "not UTF-8"),
        (b'{"path": 1}', "unexpected content: a text is expected"),
        (b'{"more": ' + b"[" * 100_000, "not valid JSON: nested too deeply"),
    ],
)
def test_what_is_wrong_is_said_in_plain_words(data: bytes, words: str, own: bool) -> None:
    with pytest.raises(OSError) as raised:
        decode(data, _NOTE, own=own)
    assert raised.value.errno == errno.EILSEQ
    assert (raised.value.strerror or "").startswith(words)
