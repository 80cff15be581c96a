"""Files as columns: what each kind says, and what is said of a file that cannot be used."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from condatui_core.analyses.columns import environment_listing
from condatui_core.analyses.compare import compare
from condatui_core.environment_files import reading
from condatui_core.environment_files.reading import read_environment_file
from condatui_core.errors import UsageError
from condatui_core.records.comparison import Cell, Listing
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import PrefixContents

CONFIG = ChannelConfig()
FORGE = "https://conda.anaconda.org/conda-forge"

ENVIRONMENT = """
name: nlp
channels: [conda-forge, defaults]
dependencies:
  - python=3.11
  - numpy=1.26.4=py311h64a7726_0
  - conda-forge::scipy>=1.11,<2
  - pkgs/main::tk
  - "!!"
  - pip
  - pip:
      - torch==2.1.0
      - tool @ git+https://me:secret@host/tool.git
      - requests>=2
      - --extra-index-url https://me:secret@host/simple
prefix: /envs/nlp
"""

EXPLICIT = f"""
# platform: linux-64
@EXPLICIT
{FORGE}/linux-64/numpy-1.26.4-py311h64a7726_0.conda#a502d7aad449a1206efb366d6a12c52d
https://repo.anaconda.com/pkgs/main/noarch/tzdata-2024a-h04d1e81_0.conda
https://conda.anaconda.org/t/tk-123/private/linux-64/own-1.0-0.tar.bz2#{"0" * 64}
# no URL for: lost
what is this
"""

LOCK = f"""
version: 1
metadata:
  platforms: [linux-64, osx-arm64]
package:
- {{name: numpy, version: 1.10, manager: conda, platform: linux-64, hash: {{md5: abc, sha256: def}},
   url: {FORGE}/linux-64/numpy-1.10-py311h64a7726_0.conda}}
- {{name: numpy, version: '1.26.3', manager: conda, platform: osx-arm64, hash: {{md5: abc}},
   url: {FORGE}/osx-arm64/numpy-1.26.3-py311h7125741_0.conda}}
- {{name: torch, version: '2.1.0', manager: pip, platform: linux-64, hash: {{sha256: def}},
   url: https://files.example.org/torch-2.1.0-cp311-none-linux_x86_64.whl}}
"""

SHOWN = {
    "name": "nlp",
    "prefix": "/home/ann/envs/nlp",
    "added_later": {},
    "packages": [
        {
            "name": "numpy",
            "version": "1.26.4",
            "build": "py311h64a7726_0",
            "build_number": 0,
            "channel": "conda-forge",
            "base_url": FORGE,
            "source": "conda",
            "requested": True,
            "bytes": 40,
            "url": None,
            "license": "BSD-3-Clause",
        },
        {"name": "numpy", "version": "2.0.1", "build": None, "channel": "pypi", "source": "pypi", "origin": "index"},
        {"name": "torch", "version": "2.1.0", "channel": "pypi", "source": "pypi", "bytes": 7},
    ],
    "replaced": [{"package": "numpy", "distribution": "numpy", "conda_version": "1.26.4", "pip_version": "2.0.1"}],
}

CONDA_LIST = [
    {
        "base_url": FORGE,
        "build_number": 0,
        "build_string": "h1_0",
        "channel": "conda-forge",
        "name": "zlib",
        "version": "1.3",
    },
    {
        "base_url": "https://index.example/",
        "build_string": "pypi_0",
        "channel": "pypi",
        "name": "rich",
        "version": "13",
    },
]


def read(directory: Path, text: str, name: str = "some.file", platform: str = "linux-64") -> Listing:
    file = directory / name
    file.write_text(text, encoding="utf-8")
    return read_environment_file(file, CONFIG, platform)


def cells(listing: Listing) -> dict[str, Cell]:
    return {entry.cell.name: entry.cell for entry in listing.entries}


def test_an_environment_file_says_what_it_asks_for(tmp_path: Path) -> None:
    listing = read(tmp_path, ENVIRONMENT)
    assert (listing.column.label, listing.column.kind, listing.column.prefix) == (
        "some.file",
        "environment file",
        "/envs/nlp",
    )
    found = cells(listing)
    assert {name: (cell.version, cell.constraint, cell.source) for name, cell in found.items()} == {
        "python": ("", "=3.11", "conda"),
        "numpy": ("1.26.4", "", "conda"),
        "scipy": ("", ">=1.11,<2", "conda"),
        "tk": ("", "*", "conda"),
        "pip": ("", "*", "conda"),
        "torch": ("2.1.0", "", "pypi"),
        "tool": ("", "*", "pypi"),
        "requests": ("", ">=2", "pypi"),
    }
    assert (found["numpy"].build, found["numpy"].channel) == ("py311h64a7726_0", "")
    assert (found["scipy"].channel, found["scipy"].base_url) == ("conda-forge", FORGE)
    assert (found["tk"].channel, found["tk"].base_url) == ("pkgs/main", "https://repo.anaconda.com/pkgs/main")


def test_lines_that_name_no_package_are_kept_apart_without_their_passwords(tmp_path: Path) -> None:
    listing = read(tmp_path, ENVIRONMENT)
    assert listing.column.left_out == ("!!", "--extra-index-url https://***@host/simple")
    assert "secret" not in repr(listing)


def test_an_environment_file_may_be_json_or_ask_for_nothing(tmp_path: Path) -> None:
    text = '{"name": "x", "channels": [], "dependencies": ["numpy=1.26.4=py_0", {"pip": ["rich"]}]}'
    assert cells(read(tmp_path, text)).keys() == {"numpy", "rich"}
    assert cells(read(tmp_path, "dependencies:\n  - zlib\n  - pip:\n")).keys() == {"zlib"}
    assert not read(tmp_path, "name: x\ndependencies:\n").entries


def test_an_explicit_list_says_everything_but_the_size(tmp_path: Path) -> None:
    listing = read(tmp_path, EXPLICIT)
    found = cells(listing)
    numpy = found["numpy"]
    assert (numpy.version, numpy.build, numpy.channel, numpy.subdir) == (
        "1.26.4",
        "py311h64a7726_0",
        "conda-forge",
        "linux-64",
    )
    assert (numpy.base_url, numpy.md5) == (FORGE, "a502d7aad449a1206efb366d6a12c52d")
    assert found["tzdata"].channel == "pkgs/main"
    assert (found["own"].url, found["own"].sha256) == (
        "https://conda.anaconda.org/t/<TOKEN>/private/linux-64/own-1.0-0.tar.bz2",
        "0" * 64,
    )
    assert found["own"].base_url == "https://conda.anaconda.org/private"
    assert listing.column.left_out == ("what is this", "lost")


def test_an_explicit_list_needs_no_mark_and_may_name_files(tmp_path: Path) -> None:
    found = cells(read(tmp_path, "# made by hand\n/pkgs/zlib-1.3-h1_0.conda\n"))
    assert (found["zlib"].version, found["zlib"].channel) == ("1.3", "<unknown>")


def test_a_lock_file_is_read_for_one_platform(tmp_path: Path) -> None:
    found = cells(read(tmp_path, LOCK))
    assert {name: (cell.version, cell.build, cell.source) for name, cell in found.items()} == {
        "numpy": ("1.10", "py311h64a7726_0", "conda"),
        "torch": ("2.1.0", "", "pypi"),
    }
    assert (found["numpy"].base_url, found["numpy"].md5) == (FORGE, "abc")
    assert cells(read(tmp_path, LOCK, platform="osx-arm64"))["numpy"].version == "1.26.3"
    with pytest.raises(UsageError, match=r"nothing for win-64[\s\S]*some\.file is for linux-64, osx-arm64"):
        read(tmp_path, LOCK, platform="win-64")


def test_what_show_printed_elsewhere_is_that_environment(tmp_path: Path) -> None:
    listing = read(tmp_path, json.dumps(SHOWN))
    assert (listing.column.kind, listing.column.prefix) == ("package list", "/home/ann/envs/nlp")
    numpy, torch = (entry.cell for entry in listing.entries)
    assert (numpy.version, numpy.source, numpy.replaced, numpy.requested) == (
        "2.0.1",
        "pypi",
        "1.26.4 py311h64a7726_0",
        True,
    )
    assert (torch.name, torch.version, torch.channel, torch.bytes) == ("torch", "2.1.0", "pypi", 7)


@pytest.mark.parametrize("document", [CONDA_LIST, {"packages": CONDA_LIST, "log_history": []}])
def test_what_conda_and_mamba_list_is_read_too(tmp_path: Path, document: object) -> None:
    found = cells(read(tmp_path, json.dumps(document)))
    assert {name: (cell.version, cell.build, cell.channel) for name, cell in found.items()} == {
        "zlib": ("1.3", "h1_0", "conda-forge"),
        "rich": ("13", "", "pypi"),
    }


def test_a_file_is_a_column_beside_an_environment(tmp_path: Path) -> None:
    packages = tuple(
        PackageRecord(name=name, version=version, build=build, base_url=FORGE, file_count=1)
        for name, version, build in [
            ("python", "3.11.9", "hb806964_0_cpython"),
            ("numpy", "1.26.4", "py311h64a7726_0"),
            ("scipy", "2.0", "py311_0"),
        ]
    )
    contents = PrefixContents(packages=packages, distributions=(Distribution(name="Torch", version="2.1.0", path="x"),))
    comparison = compare([environment_listing("/envs/nlp", "nlp", contents, CONFIG), read(tmp_path, ENVIRONMENT)])
    statuses = {row.name: row.status for row in comparison.rows}
    assert {name: statuses[name] for name in ("python", "numpy", "scipy", "torch", "tk")} == {
        "python": "same",
        "numpy": "same",
        "scipy": "version",
        "torch": "same",
        "tk": "missing",
    }


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("[]", "list in this file is empty"),
        ("[1, 2]", "does not describe an environment"),
        ("just some words\n", "does not describe an environment"),
        ("a: 1\nb: 2\n", "does not describe an environment"),
        ("{}", "does not describe an environment"),
        ("dependencies: [a, b", "broken"),
        ("dependencies: {a: b}", "a manifest of another tool"),
        ("dependencies: [[a]]", "broken"),
        ("dependencies: [*a]", "broken"),
        ("dependencies: [a]\ndependencies: [b]", "broken"),
        ("dependencies: [!!python/object/apply:os.system [true]]", "broken"),
        ("package: [{name: a}]", "broken"),
        ('{"packages": [', "broken"),
        ('{"packages": [{"version": "1"}]}', "broken"),
        ("[" * 200_000, "does not describe an environment"),
        ("- " * 50_000, "does not describe an environment"),
        ("GEM\n  remote: https://host/\n  specs:\n    rake (13.0)\n\tx", "does not describe an environment"),
        ("dependencies: " + "[" * 200, "broken"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_file_and_what_to_do(tmp_path: Path, text: str, title: str) -> None:
    with pytest.raises(UsageError) as refused:
        read(tmp_path, text)
    assert title in refused.value.title
    assert str(tmp_path / "some.file") in refused.value.detail
    assert refused.value.hint


def test_what_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "binary").write_bytes(b"dependencies: [\x8d]")
    (tmp_path / "nul").write_bytes(b"dependencies: [\0]")
    (tmp_path / "large").write_bytes(b"x" * 100)
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr(reading, "LARGEST", 99)
    for name in ("gone", "binary", "nul", "large", "pipe", "."):
        with pytest.raises(UsageError, match=r"cannot be read|not text"):
            read_environment_file(tmp_path / name, CONFIG, "linux-64")


def test_no_tag_makes_an_object(tmp_path: Path) -> None:
    """A tag on a text is read over: what it names is never looked up."""
    assert cells(read(tmp_path, "dependencies: [!!python/name:os.system zlib]")).keys() == {"zlib"}
