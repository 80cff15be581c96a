"""What an environment needs of a machine, by its records and by the headers of compiled files."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

import pytest

from condatui_core.analyses.machine_needs import binary_needs, unmet_needs
from condatui_core.analyses.platforms import native_subdir
from condatui_core.records.host import BinaryNeeds, Host, UnmetNeed
from support.binaries import ARM_64, elf
from support.inventories import package

HOST = Host(platform="linux-64", virtual=(("__glibc", "2.31"), ("__linux", "5.10.0")))


def test_what_this_machine_has_too_old_is_told_with_who_needs_it() -> None:
    packages = (
        package("numpy", depends=("__glibc >=2.17,<3.0.a0", "python")),
        package("pytorch", depends=("__glibc >=2.35", "__linux")),
        package("triton", depends=("__glibc >=2.35",)),
        package("python", constrains=("__linux >=6.1",)),
    )
    assert unmet_needs(packages, HOST) == (
        UnmetNeed(name="__glibc", needs="__glibc >=2.35", has="2.31", packages=("pytorch", "triton")),
        UnmetNeed(name="__linux", needs="__linux >=6.1", has="5.10.0", packages=("python",)),
    )


def test_a_machine_without_a_gpu_lacks_what_depends_on_one_and_not_what_it_only_restricts() -> None:
    packages = (
        package("pytorch", depends=("__cuda",)),
        package("cuda-version", constrains=("__cuda >=12",)),
        package("odd", depends=("__archspec 1 x86_64_v3",)),
    )
    assert [(each.needs, each.has) for each in unmet_needs(packages, HOST)] == [("__cuda", "")]
    with_gpu = Host(platform="linux-64", virtual=(("__cuda", "11.8"),))
    assert [(each.needs, each.has) for each in unmet_needs(packages, with_gpu)] == [("__cuda >=12", "11.8")]
    newer = Host(platform="linux-64", virtual=(("__cuda", "12.4"),))
    assert unmet_needs(packages, newer) == ()


def test_the_newest_version_of_the_c_library_that_a_file_asks_for_counts() -> None:
    assert binary_needs(elf(("2.2.5", "2.34", "2.9"))) == BinaryNeeds(platform="linux-64", glibc=(2, 34))
    assert binary_needs(elf((), machine=ARM_64)) == BinaryNeeds(platform="linux-aarch64")


def test_nothing_is_made_of_what_is_damaged_or_no_compiled_file() -> None:
    whole = elf(("2.34",))
    assert binary_needs(b"#!/bin/sh\n" + bytes(100)) is None
    assert binary_needs(whole[:64]) is None
    damaged = {binary_needs(whole[:length]) for length in range(65, len(whole))}
    assert damaged <= {None, *(BinaryNeeds(platform="linux-64", glibc=each) for each in ((), (2, 3), (2, 34)))}


@pytest.mark.skipif(sys.platform != "linux", reason="the format of Linux")
def test_the_python_of_this_machine_runs_on_it() -> None:
    needs = binary_needs(Path(os.path.realpath(sys.executable)).read_bytes())
    here = (os.confstr("CS_GNU_LIBC_VERSION") or "").removeprefix("glibc ")
    assert needs is not None
    assert needs.platform == native_subdir(platform.system(), platform.machine())
    assert (2, 2) < needs.glibc <= tuple(map(int, here.split(".")))


def test_tables_that_lie_beyond_any_file_tell_nothing() -> None:
    data = bytearray(elf())
    data[64 + 8 : 64 + 16] = b"\xff" * 8  # where in the file its only segment begins
    assert binary_needs(bytes(data)) is None
