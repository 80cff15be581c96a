"""Tokens are hidden wherever a channel is named; a directory called `t` is no token."""

from __future__ import annotations

import pytest

from condatui_core.text import mask_credentials, strip_credentials


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


@pytest.mark.parametrize("junk", ["a." * 150_000 + "@", "-" * 300_000 + "=", "/t/" * 100_000 + "="])
def test_junk_takes_time_that_grows_no_faster_than_its_length(junk: str) -> None:
    """Were it to grow with the square, this would take minutes."""
    secret = "https://ann:pw@host.org/x"
    assert mask_credentials(f"{junk} {secret}") == f"{mask_credentials(junk)} https://***@host.org/x"
