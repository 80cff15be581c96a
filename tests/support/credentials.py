"""How channels, specs and URLs come to hold a secret, and what looks like it and is none."""

from __future__ import annotations

SECRET = "s3cret"

CHANNELS = (
    f"https://me:{SECRET}@host.example/lab",
    f"https://{SECRET}@host.example/lab",
    f"https://host.example/t/{SECRET}/lab",
    f"https://me:{SECRET}@host.example/t/{SECRET}/lab",
    f"HTTPS://host.example/T/{SECRET}/lab",
    f"https://host.example//t//{SECRET}/lab",
    f"https://host.example/%74/{SECRET}/lab",
    f"https://me:p/{SECRET}@host.example/lab",
    f"s3://AKIA:{SECRET}@bucket/lab",
    f"file://me:{SECRET}@host.example/lab",
    f"//me:{SECRET}@host.example/lab",
    f"me:{SECRET}@host.example/lab",
    f"t/{SECRET}/lab",
)
"""Channels as a record of conda may state them."""
SPECS = (
    f"https://me:{SECRET}@host.example/c::numpy",
    f"https://host.example/t/{SECRET}/c::numpy",
    f"host.example/t/{SECRET}/c::numpy",
    f"t/{SECRET}/c::numpy",
    f"me:{SECRET}@host.example/c::numpy",
    f"numpy[url=https://host.example/x.conda?token={SECRET}]",
    f"numpy[channel=https://me:{SECRET}@host.example/c]",
    f'numpy[md5=x,channel="host.example/t/{SECRET}/c"]',
    f"numpy[channel=t/{SECRET}/c]",
)
"""What a user may have asked for."""
URLS = (
    f"https://me:{SECRET}@host.example/x.whl",
    f"https://me:p/{SECRET}@host.example/x.whl",
    f"git+https://me:{SECRET}@host.example/x.git",
    f"git+ssh://git:{SECRET}@host.example/x",
    f"https://host.example/t/{SECRET}/x.whl",
    f"https://host.example/x.whl?access_token={SECRET}",
    f"https://host.example/x.whl?sv=1&sig={SECRET}",
    f"https://host.example/x.whl?X-Amz-Signature={SECRET}&x=2",
    f"https://host.example/x.whl#egg=x&token={SECRET}",
    f"https://host.example/x.whl#token={SECRET}",
    f"file:///x?token={SECRET}",
    f"//me:{SECRET}@host.example/t/{SECRET}/x",
)
"""URLs as pip may have recorded them."""
INNOCENT = (
    "/home/u/t/x",
    "/srv/t/envs/me@work:1/x",
    "~/t/x/y",
    "./t/x/y",
    "file:///srv/t/channel",
    "file:///home/t/me@x",
    "https://t/x/c",
    "https://host.example:8080/@scope/x",
    "https://host.example:8080/a@1.0/x",
    "https://[::1]:8080/a@b",
    "https://host.example/x?design=a&config=b",
    "https://host.example/x#sha256=abc",
    "git+ssh://host.example:org/x.git@v1",
    "git@host.example:org/x.git",
    "pkg:pypi/numpy@1.0",
    "at 10:30 me@host.example/x wrote",
    "conda-forge::numpy",
    "defaults/linux-64::numpy=1.26[build=py*]",
    "std::vector",
    "python -c pass",
    "AT/T/x",
)
