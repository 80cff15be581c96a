from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from condatui_core.conda.answer import parse_documents


def documents_in(output: bytes) -> tuple[object, ...]:
    return parse_documents(output.decode("utf-8", "surrogateescape"))


def test_one_document() -> None:
    assert documents_in(b'{"envs": ["/opt/conda"]}') == ({"envs": ["/opt/conda"]},)


def test_two_documents_one_after_the_other_are_both_kept() -> None:
    error, success = {"exception_name": "CondaMultiError"}, {"success": True}
    output = json.dumps(error, indent=2) + "\n\n" + json.dumps(success, indent=2)
    assert documents_in(output.encode()) == (error, success)


def test_words_before_between_and_after_are_left_out() -> None:
    output = b'WARNING: {no} [2024-01-01 12:00] \x1b[31mred\x1b[0m\n{"a": 1} and then [1, 2] {"unfinished": '
    assert documents_in(output) == ({"a": 1}, [1, 2])


def test_progress_as_a_terminal_gets_it() -> None:
    progress = b'{"fetch":"alpha-1.1","progress":0.5}\r\n\0{"fetch":"alpha-1.1","progress":1.0}\r\n\0\r\n'
    output = progress + b'{\r\n  "success": true\r\n}'
    assert documents_in(output)[-1] == {"success": True}
    assert len(documents_in(output)) == 3


def test_bytes_that_are_no_utf8_become_what_the_file_system_functions_make_of_them() -> None:
    assert documents_in(b'{"envs": ["/data/caf\xe9"]}') == ({"envs": ["/data/caf\udce9"]},)


def test_a_document_of_thousands_of_levels_and_a_number_of_thousands_of_digits_are_no_documents() -> None:
    assert documents_in(b"[" * 200_000 + b'\n{"a": ' + b"1" * 10_000 + b"}\n") == ()


@pytest.mark.parametrize(
    "junk",
    [b"{", b"[", b'{"', b'{"a":["', b"[1,", b'["a"\n', b"{" + b" " * 999, bytes(range(256))],
    ids=["braces", "brackets", "keys", "objects", "nested", "lines", "spaces", "bytes"],
)
def test_junk_takes_linear_time(junk: bytes) -> None:
    output = junk * (10_000_000 // len(junk))
    begun = time.process_time()
    documents_in(output)
    assert time.process_time() - begun < 5


@given(st.binary())
def test_nothing_makes_it_raise(output: bytes) -> None:
    assert all(isinstance(document, (dict, list)) for document in documents_in(output))


@given(
    st.lists(st.dictionaries(st.text(), st.integers() | st.text()), max_size=4),
    st.text(alphabet="abc \n\r\0.:", max_size=9),
)
def test_whole_documents_are_found_again(documents: list[dict[str, object]], between: str) -> None:
    output = between + between.join(json.dumps(each) for each in documents) + between
    assert list(documents_in(output.encode())) == documents
