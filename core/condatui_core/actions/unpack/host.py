"""Asks this machine for what conda calls virtual packages: its C library, its kernel, and what its GPU runs."""

from __future__ import annotations

import asyncio
import os
import platform
import re
from collections.abc import Iterator, Mapping

from condatui_core.analyses.platforms import native_subdir
from condatui_core.gpu.driver import read_driver
from condatui_core.records.host import Host

_VERSION = re.compile(r"\d+(?:\.\d+)+")


async def read_host(environ: Mapping[str, str], *, cuda: bool) -> Host:
    """What this machine offers; the driver of its GPU is only asked if `cuda` matters, since that may take seconds."""
    host = await asyncio.to_thread(_host)
    if not cuda:
        return host
    found = (await read_driver(environ)).cuda
    return Host(platform=host.platform, virtual=(*host.virtual, *((("__cuda", found),) if found else ())))


def _host() -> Host:
    subdir = native_subdir(platform.system(), platform.machine())
    return Host(platform=subdir, virtual=tuple(_virtual(subdir)))


def _virtual(subdir: str) -> Iterator[tuple[str, str]]:
    if subdir.startswith("linux-"):
        if glibc := glibc_version():
            yield "__glibc", glibc
        if kernel := _VERSION.match(platform.release()):
            yield "__linux", kernel[0]
    elif subdir.startswith("osx-") and (version := platform.mac_ver()[0]):
        yield "__osx", version


def glibc_version() -> str:
    """The version of the GNU C library; empty if this system has another one."""
    try:
        words = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (ValueError, OSError):
        return ""
    found = _VERSION.search(words)
    return found[0] if found else ""
