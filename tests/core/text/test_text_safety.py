"""What keeps secrets and escape sequences away from screens, logs and files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from condatui_core.text import mask_credentials, sanitize, strip_credentials


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (
            "https://conda.anaconda.org/t/ab-12cd/private/linux-64",
            "https://conda.anaconda.org/t/<TOKEN>/private/linux-64",
        ),
        ("https://ann:s3cret@host.example/chan", "https://***@host.example/chan"),
        ("https://ann:s3c@ret@host.example/chan", "https://***@host.example/chan"),
        (
            "see https://u:p@h/t/tok/c and http://v:q@i/t/kot",
            "see https://***@h/t/<TOKEN>/c and http://***@i/t/<TOKEN>",
        ),
        ('{"url": "https://h/t/tok"}', '{"url": "https://h/t/<TOKEN>"}'),
        ("https://host.example/chan", "https://host.example/chan"),
        ("git+ssh://git@github.com/a/b", "git+ssh://***@github.com/a/b"),
        ("nothing here", "nothing here"),
    ],
)
def test_credentials_are_masked_wherever_they_stand(text: str, masked: str) -> None:
    assert mask_credentials(text) == masked
    assert mask_credentials(masked) == masked


def test_the_same_channel_compares_equal_however_it_was_reached() -> None:
    plain = "https://host.example/private/linux-64"
    assert strip_credentials("https://u:p@host.example/t/tok-1/private/linux-64") == plain
    assert strip_credentials(plain) == plain


@given(
    st.text(alphabet=st.characters(codec="utf-8"), min_size=6, max_size=20).filter(
        lambda s: not set(s) & set("/ @\"'\\<>")
    )
)
def test_no_token_survives(token: str) -> None:
    if any(character.isspace() for character in token):
        return
    assert token not in mask_credentials(f"x https://host/t/{token}/channel y").replace("<TOKEN>", "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ü 漢字 é", "plain ü 漢字 é"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\x9b31m", "\\x9b31m"),
        ("bytes\udcff", "bytes\\xff"),
        ("\u202eevil", "\\u202eevil"),
        ("[/markup]", "[/markup]"),
    ],
)
def test_foreign_text_cannot_steer_the_terminal(text: str, shown: str) -> None:
    assert sanitize(text) == shown


@given(st.text())
def test_whatever_comes_in_one_harmless_line_comes_out(text: str) -> None:
    shown = sanitize(text)
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in shown)
    assert sanitize(shown) == shown
