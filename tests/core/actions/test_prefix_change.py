"""The old prefix in files and links, and the new one in its place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from condatui_core.actions.prefix_change import PrefixChange, spellings_of

CHANGE = PrefixChange("/opt/envs/nlp", "/data/new")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"/opt/envs/nlp", b"/data/new"),
        (b"/opt/envs/nlp/lib:/opt/envs/nlp", b"/data/new/lib:/data/new"),
        (b'prefix="/opt/envs/nlp"\n', b'prefix="/data/new"\n'),
        (b"-L/opt/envs/nlp/lib", b"-L/data/new/lib"),
        (b"file:///opt/envs/nlp/src", b"file:///data/new/src"),
        (b"It lies in /opt/envs/nlp. Really.", b"It lies in /data/new. Really."),
        (b"latin-1 \xe9 /opt/envs/nlp/", b"latin-1 \xe9 /data/new/"),
    ],
)
def test_text_names_the_new_prefix(old: bytes, new: bytes) -> None:
    assert CHANGE.file_content(old) == new
    assert not CHANGE.occurs_in(new)


@pytest.mark.parametrize(
    "data",
    [
        b"/opt/envs/nlp-2/lib",
        b"/opt/envs/nlp2",
        b"/opt/envs/nlp.bak/x",
        b"/opt/envs/nlp_old",
        "/opt/envs/nlpé".encode(),
        b"\0 /opt/envs/nlp/lib \0",
        b"/opt/envs",
    ],
)
def test_other_prefixes_and_binaries_stay_as_they_are(data: bytes) -> None:
    assert CHANGE.file_content(data) == data


def test_paths_of_the_installation_are_not_those_of_its_base() -> None:
    change = PrefixChange("/opt/conda", "/data/new", spared=("envs", "pkgs"))
    text = b"/opt/conda/envs/x /opt/conda/pkgs /opt/conda/envsx /opt/conda/lib /opt/conda"
    assert change.file_content(text) == b"/opt/conda/envs/x /opt/conda/pkgs /data/new/envsx /data/new/lib /data/new"


def test_a_quoted_prefix_stays_quoted() -> None:
    change = PrefixChange("/opt/my env", "/data/new one")
    assert change.file_content(b"file:///opt/my%20env/x /opt/my env/x") == b"file:///data/new%20one/x /data/new one/x"


def test_links_into_the_source_lead_into_the_clone() -> None:
    assert CHANGE.link_target("/opt/envs/nlp/lib/x") == "/data/new/lib/x"
    for stays in ("../lib/x", "/opt/envs/nlp-2/x", "/usr/lib/x"):
        assert CHANGE.link_target(stays) == stays


def test_a_first_line_that_no_kernel_reads_is_left_to_the_shell() -> None:
    code = b"import sys\n"
    assert CHANGE.file_content(b"#!/opt/envs/nlp/bin/python\n" + code) == b"#!/data/new/bin/python\n" + code
    spaced = PrefixChange("/opt/envs/nlp", "/data/my env").file_content(b"#!/opt/envs/nlp/bin/python3 -u\n" + code)
    assert spaced == b"#!/bin/sh\n'''exec' \"/data/my env/bin/python3\" -u \"$0\" \"$@\"\n' '''\n" + code
    long = PrefixChange("/opt/envs/nlp", "/data/" + "d" * 130).file_content(b"#!/opt/envs/nlp/bin/python\n" + code)
    assert long.startswith(b"#!/bin/sh\n'''exec' \"/data/ddd")
    perl = PrefixChange("/opt/envs/nlp", "/data/my env").file_content(b"#!/opt/envs/nlp/bin/perl -w\nprint\n")
    assert perl == b"#!/usr/bin/env perl\nprint\n"


def test_other_paths_to_the_source_are_found_in_its_scripts(tmp_path: Path) -> None:
    real, link = tmp_path / "disk" / "env", tmp_path / "home" / "env"
    (real / "bin").mkdir(parents=True)
    link.parent.symlink_to(real.parent)
    scripts = [
        f"#!{link}/bin/python3.11\n".encode(),
        f"#!/bin/sh\n'''exec' \"{real}/bin/python\" \"$0\"\n".encode(),
        b"#!/usr/bin/env python\n",
        b"\0\1",
    ]
    found = spellings_of(str(real), scripts)
    assert found == (str(link),)
    change = PrefixChange(str(real), "/data/new", spellings=found)
    assert change.file_content(f"{link}/lib {real}/lib".encode()) == b"/data/new/lib /data/new/lib"


def test_a_path_that_is_not_utf8_is_replaced_plain_and_quoted() -> None:
    source = os.fsdecode(b"/data/b\xff/env")
    change = PrefixChange(source, "/new env")
    assert change.file_content(b"at /data/b\xff/env, file:///data/b%FF/env") == b"at /new env, file:///new%20env"
