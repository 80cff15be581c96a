"""Tokens are hidden wherever a channel is named; a directory called `t` is no token."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies

from condatui_core.text import mask_credentials, masked, strip_credentials
from support.credentials import CHANNELS, INNOCENT, SECRET, SPECS, URLS


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("-c https://conda.example/t/tk-1/team", "-c https://conda.example/t/<TOKEN>/team"),
        ("conda.example/t/tk-1/team", "conda.example/t/<TOKEN>/team"),
        ('{"location": "/t/tk-1/team"}', '{"location": "/t/<TOKEN>/team"}'),
        ("file:///a,https://ann:pw@b.example/t/tk-1", "file:///a,https://***@b.example/t/<TOKEN>"),
        ("x https://host/t/,0/channel y", "x https://host/t/<TOKEN>/channel y"),
        ("file:///srv/t/a,https://host/t/tk,1/b", "file:///srv/t/a,https://host/t/<TOKEN>/b"),
        ("--file=/home/t/team/spec.txt", "--file=/home/t/team/spec.txt"),
        ("-p /srv/t/envs/a -c file:///srv/t/channel", "-p /srv/t/envs/a -c file:///srv/t/channel"),
        ("https://x.org/a.conda?token=tk-1&x=2", "https://x.org/a.conda?token=***&x=2"),
        ("https://x.org/?X-Amz-Signature=abc", "https://x.org/?X-Amz-Signature=***"),
        ("conda install --token=tk-1 a --password pw b", "conda install --token=*** a --password *** b"),
        ("conda token --tokens a[key=1] --no-token -n x", "conda token --tokens a[key=1] --no-token -n x"),
        ("https://conda.example/t/<TOKEN>/team", "https://conda.example/t/<TOKEN>/team"),
    ],
)
def test_tokens_are_masked_and_files_are_not(text: str, masked: str) -> None:
    assert mask_credentials(text) == masked


def test_a_channel_of_files_keeps_its_path() -> None:
    assert strip_credentials("file:///srv/t/channel/noarch") == "file:///srv/t/channel/noarch"
    assert strip_credentials("https://a:b@conda.example/t/tk-1/team") == "https://conda.example/team"


@pytest.mark.parametrize(
    "junk",
    [
        "a." * 150_000 + "@",
        "-" * 300_000 + "=",
        "/t/" * 100_000 + "=",
        "a://b:c/" * 40_000,
        "=a:b" * 80_000 + "::",
        ",t/a" * 80_000 + ":",
        "?token=" + "]" * 300_000,
        "?token=]" * 40_000,
        "channel=" * 40_000,
        "-c " * 100_000,
        "-c" + " " * 300_000,
    ],
    ids=range(11),
)
def test_junk_takes_time_that_grows_no_faster_than_its_length(junk: str) -> None:
    """Were it to grow with the square, this would take minutes."""
    secret = "https://ann:pw@host.org/x"
    assert mask_credentials(f"{junk} {secret}") == f"{mask_credentials(junk)} https://***@host.org/x"


@pytest.mark.parametrize("text", (*URLS, *SPECS))
def test_no_known_way_to_state_a_secret_is_overlooked(text: str) -> None:
    told = mask_credentials(text)
    assert SECRET not in told
    assert mask_credentials(told) == told
    assert SECRET not in masked(text)
    assert SECRET not in mask_credentials(f"conda said: {text}, and 'x {text}'")


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_channel_is_compared_without_its_secret(channel: str) -> None:
    plain = strip_credentials(channel)
    assert SECRET not in plain
    assert plain.endswith("lab")
    assert strip_credentials(plain) == plain


@pytest.mark.parametrize("text", INNOCENT)
def test_an_innocent_text_stays(text: str) -> None:
    assert mask_credentials(text) == text
    assert masked(text) == text
    assert strip_credentials(text) == text


@given(strategies.lists(strategies.text("ab.@:-_ t", min_size=1), min_size=1).map("/".join))
def test_a_path_is_never_masked(path: str) -> None:
    assert masked(f"/home/{path}") == f"/home/{path}"


@given(strategies.text("aB1%.:,/@_-", min_size=1), strategies.text("ab1", min_size=1))
def test_no_password_survives_its_url_whatever_is_in_it(password: str, user: str) -> None:
    told = mask_credentials(f"https://{user}:{SECRET}{password}@host.example/lab")
    assert SECRET not in told
