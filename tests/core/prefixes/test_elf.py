"""What a library loads, read from its header."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from condatui_core.prefixes.elf import ElfNames, read_elf
from support.elves import elf


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("wide", [True, False])
def test_every_layout_is_read(tmp_path: Path, wide: bool, order: str) -> None:
    made = tmp_path / "libfoo.so.1"
    made.write_bytes(elf(("libcudart.so.12", "libc.so.6"), "libfoo.so.1", wide=wide, order=order))
    assert read_elf(str(made)) == ElfNames("libfoo.so.1", ("libcudart.so.12", "libc.so.6"))


def test_one_without_names_loads_nothing(tmp_path: Path) -> None:
    made = tmp_path / "plugin.so"
    made.write_bytes(elf())
    assert read_elf(str(made)) == ElfNames()


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"#!/bin/sh\nexit\n" * 10, b"\x7fELF" + bytes(60)])
def test_what_is_no_library_is_none(tmp_path: Path, content: bytes) -> None:
    made = tmp_path / "x.so"
    made.write_bytes(content)
    assert read_elf(str(made)) is None


def test_one_that_is_cut_off_or_damaged_at_any_byte_is_read_or_not_but_harms_nothing(tmp_path: Path) -> None:
    whole, made = elf(("libcudart.so.12",), "libfoo.so.1"), tmp_path / "x.so"
    for place in range(len(whole)):
        for broken in (whole[:place], whole[:place] + b"\xff" * 8 + whole[place + 8 :]):
            made.write_bytes(broken)
            try:
                found = read_elf(str(made))
            except OSError:
                continue
            assert found is None or len(found.needed) <= 1


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "libfoo.so.1").write_bytes(elf(("a.so",)))
    (tmp_path / "libfoo.so").symlink_to("libfoo.so.1")
    with pytest.raises(OSError, match="symbolic links"):
        read_elf(str(tmp_path / "libfoo.so"))


@pytest.mark.skipif(sys.platform != "linux", reason="ELF files are those of Linux")
def test_what_the_loader_itself_says_is_among_it() -> None:
    python = os.path.realpath(sys.executable)
    found = read_elf(python)
    assert found is not None
    said = subprocess.run(["ldd", python], capture_output=True, text=True, check=False).stdout
    assert found.needed
    assert all(name in said for name in found.needed)
