"""Files of neighbouring tools: read where they describe an environment, otherwise named for what they are."""

from __future__ import annotations

import codecs
import json
from pathlib import Path

import pytest

from condatui_core.analyses.columns import environment_listing
from condatui_core.analyses.compare import compare
from condatui_core.environment_files.reading import decode_text, read_environment_file
from condatui_core.errors import UsageError
from condatui_core.records.comparison import Cell, Listing
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents

FORGE = "https://conda.anaconda.org/conda-forge"


def read(
    directory: Path, text: str | bytes, name: str = "some.file", platform: str = "linux-64", **how: str | bool
) -> Listing:
    file = directory / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_environment_file(file, ChannelConfig(), platform, **how)  # type: ignore[arg-type]


def cells(listing: Listing) -> dict[str, Cell]:
    return {entry.cell.name: entry.cell for entry in listing.entries}


def stated(listing: Listing) -> dict[str, tuple[str, str, str]]:
    return {name: (cell.source, cell.version or cell.constraint, cell.build) for name, cell in cells(listing).items()}


# Everything that is left out is told


SELECTIVE = """
name: x
dependencies:
  - python=3.11
  - all
  - winonly  # [win]
  - linonly  # [linux]
  - sel(linux): selected
  - sel(win): other
  - sel(unix): [one, two]
  - numpy: "1.26"
  - scipy:
  - npm: [left-pad]
  - __glibc >=2.17
  - git+https://me:secret@host/x.git
  - all>=2
  - pip:
      - old; python_version < "3.8"
      - new; python_version >= "3.8"
      - mac; sys_platform == "darwin"
      - -r more.txt
      - all==3
      -
pip: [dropped]
"""


def test_selectors_and_markers_choose_and_what_they_leave_out_is_told(tmp_path: Path) -> None:
    listing = read(tmp_path, SELECTIVE)
    assert [each.cell.name for each in listing.entries] == [
        "python", "all", "linonly", "selected", "one", "two", "new", "all",
    ]  # fmt: skip
    assert listing.column.left_out == (
        "winonly  # [win]",
        "sel(win): other",
        "numpy: 1.26",
        "scipy:",
        "npm: left-pad",
        "__glibc >=2.17 (a virtual package: conda detects it)",
        "git+https://***@host/x.git",
        'old; python_version < "3.8" (not for this platform and Python)',
        'mac; sys_platform == "darwin" (not for this platform and Python)',
        f"-r more.txt: {tmp_path}/more.txt: No such file or directory",
        "pip (a section that conda ignores)",
        "all >=2 (it is listed before)",
    )


def test_the_python_of_the_other_column_decides_where_the_file_names_none(tmp_path: Path) -> None:
    text = "dependencies: [{pip: [\"old; python_version < '3.8'\"]}]"
    assert not read(tmp_path, text, python="3.11.9").entries
    assert cells(read(tmp_path, text, python="3.7")).keys() == {"old"}
    assert cells(read(tmp_path, text)).keys() == {"old"}


def test_every_line_is_read_without_a_platform(tmp_path: Path) -> None:
    assert {"winonly", "linonly", "selected", "other", "mac"} <= cells(read(tmp_path, SELECTIVE, platform="")).keys()


def test_a_multichannel_is_each_of_its_members(tmp_path: Path) -> None:
    text = "dependencies: ['defaults::a', 'defaults::b=1=0', 'pkgs/r::c', 'defaults::d', 'conda-forge::e']"
    main = "https://repo.anaconda.com/pkgs/main"
    urls = {
        "a": main,
        "b": "https://conda.anaconda.org/main",
        "c": main,
        "d": FORGE,
        "e": "https://prefix.dev/conda-forge",
    }
    records = tuple(PackageRecord(name=name, version="1", build="0", base_url=url) for name, url in urls.items())
    there = environment_listing("/x", "x", PrefixContents(packages=records), ChannelConfig())
    statuses = {row.name: row.status for row in compare([there, read(tmp_path, text)]).rows}
    assert statuses == {"a": "same", "b": "same", "c": "channel", "d": "channel", "e": "same"}


# Encodings


@pytest.mark.parametrize(
    "data",
    [
        "dependencies:\r\n- größe=1\r\n".encode(),
        codecs.BOM_UTF8 + "dependencies:\n- größe=1\n".encode(),
        codecs.BOM_UTF16_LE + "dependencies:\r\n- größe=1\r\n".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "dependencies:\r\n- größe=1\r\n".encode("utf-16-be"),
        "dependencies:\r\n- größe=1\r\n".encode("cp1252"),
        "dependencies:\r- größe=1\r".encode("cp1252"),
    ],
)
def test_every_encoding_that_windows_writes_is_read(tmp_path: Path, data: bytes) -> None:
    assert decode_text(data) == "dependencies:\n- größe=1\n"
    assert read(tmp_path, data).column.left_out == ("größe=1",)  # no name of a package, but told as it is written


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"@EXPLICIT\r\n{FORGE}/noarch/six-1.16.0-py_0.conda\r\n", "explicit list"),
        ("six=1.16.0=py_0\r\n", "spec list"),
        ('{"packages": [{"name": "six", "version": "1.16.0"}]}\r\n', "package list"),
        ("dependencies:\r\n  - six==1.16.0\r\n", "environment file"),
    ],
)
def test_the_encoding_does_not_matter_to_a_format(tmp_path: Path, text: str, kind: str, encoding: str) -> None:
    listing = read(tmp_path, text.encode(encoding))
    assert (listing.column.kind, cells(listing)["six"].version, listing.column.left_out) == (kind, "1.16.0", ())


# Lists of specs and requirements


LIST_EXPORT = """# This file may be used to create an environment using:
# $ conda create --name <env> --file <this file>
# platform: linux-64
_libgcc_mutex=0.1=main
foo=1.0=pypi_0
!!
"""


def test_what_conda_lists_for_export_is_read(tmp_path: Path) -> None:
    listing = read(tmp_path, LIST_EXPORT)
    assert stated(listing) == {"_libgcc_mutex": ("conda", "0.1", "main"), "foo": ("pypi", "1.0", "")}
    assert (listing.column.kind, listing.column.left_out) == ("spec list", ("!!",))


REQUIREMENTS = """
--index-url https://me:secret@host/simple
numpy==1.26.4 \\
    --hash=sha256:00 \\
    --hash=sha256:11
rich>=13  # pretty
old==1; python_version < "3.8"
"""


def test_requirements_are_those_of_pip(tmp_path: Path) -> None:
    listing = read(tmp_path, REQUIREMENTS, name="requirements.txt", python="3.12")
    assert stated(listing) == {"numpy": ("pypi", "1.26.4", ""), "rich": ("pypi", ">=13", "")}
    assert listing.column.left_out == (
        "--index-url https://***@host/simple",
        'old==1; python_version < "3.8" (not for this platform and Python)',
    )


def test_what_a_file_names_for_pip_is_read_from_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "base.txt").write_text("attrs>=1\n-r ../last.txt\n-c bounds.txt\nold; python_version<'3'\n")
    (tmp_path / "sub" / "bounds.txt").write_text("six<2\nattrs<99\n")
    (tmp_path / "last.txt").write_text("rich  # pretty\n-r sub/base.txt\n")
    for text, name in (
        ("-r sub/base.txt\n", "requirements.txt"),
        ("dependencies: [numpy, {pip: [-r sub/base.txt]}]\n", "environment.yml"),
    ):
        listing = read(tmp_path, text, name=name, python="3.12")
        assert [each.cell.name for each in listing.entries if each.cell.source == "pypi"] == ["attrs", "rich"]
        assert [(each.cell.name, each.cell.constraint) for each in listing.bounds] == [("six", "<2"), ("attrs", "<99")]
        assert listing.column.left_out == (
            "old; python_version<'3' (not for this platform and Python)",
            "-r sub/base.txt: the files name each other in a circle",
        )


def test_a_place_that_is_not_read_is_told(tmp_path: Path) -> None:
    text = "rich\n-r https://me:pw@x.org/r.txt\n-c gone.txt\n"
    left_out = read(tmp_path, text, name="requirements.txt").column.left_out
    assert left_out == (
        "-r https://***@x.org/r.txt: only a file on this machine is read",
        f"-c gone.txt: {tmp_path}/gone.txt: No such file or directory",
    )


@pytest.mark.parametrize(
    ("text", "name", "source"),
    [
        ("numpy\nrich\n", "requirements-dev.txt", "pypi"),
        ("numpy\nrich\n", "spec.txt", "conda"),
        ("numpy==1.2\n", "spec.txt", "conda"),
        ("numpy=1.2\n", "requirements.txt", "conda"),
        ("conda-forge::numpy\n", "x", "conda"),
        ("numpy @ https://host/numpy-1.2-py3-none-any.whl\n", "x", "pypi"),
    ],
)
def test_who_reads_a_list_is_found_out(tmp_path: Path, text: str, name: str, source: str) -> None:
    assert {cell.source for cell in cells(read(tmp_path, text, name=name)).values()} == {source}


def test_packages_in_comments_are_read(tmp_path: Path) -> None:
    text = f"""# platform: linux-64
# pip rich @ https://host/rich-13.9.4-py3-none-any.whl#sha256=00
@EXPLICIT
C:\\pkgs\\foo-1.0-0.tar.bz2
https://host/packages/ab/aaa-1.0-py3-none-any.whl#00
{FORGE}/noarch/six-1.16.0-py_0.conda
# no URL for: lost=1.0=h_0
# no URL for: more
"""
    listing = read(tmp_path, text)
    assert stated(listing) == {
        "foo": ("conda", "1.0", "0"),
        "six": ("conda", "1.16.0", "py_0"),
        "lost": ("conda", "1.0", "h_0"),
        "rich": ("pypi", "13.9.4", ""),
        "aaa": ("pypi", "1.0", ""),
    }
    assert listing.column.left_out == ("more",)


def test_what_pip_lists_is_pips(tmp_path: Path) -> None:
    listing = read(tmp_path, '[{"name": "rich", "version": "13.9.4"}]')
    assert stated(listing) == {"rich": ("pypi", "13.9.4", "")}


def test_what_pixi_lists_is_read(tmp_path: Path) -> None:
    url = f"{FORGE}/noarch/six-1.16.0-py_0.conda"
    six = {"name": "six", "version": "1.16.0", "build": "py_0", "kind": "conda", "source": f"{FORGE}/", "url": url}
    rich = {
        "name": "rich",
        "version": "13.9.4",
        "build": None,
        "kind": "pypi",
        "source": None,
        "url": "https://h/x.whl",
    }
    listing = read(tmp_path, json.dumps([six, rich]))
    assert stated(listing) == {"six": ("conda", "1.16.0", "py_0"), "rich": ("pypi", "13.9.4", "")}
    assert cells(listing)["six"].channel == "conda-forge"


# Lock files


def _conda_lock(**docs: object) -> str:
    main = {"name": "six", "version": "1.16.0", "manager": "conda", "platform": "linux-64", "optional": False}
    six = {**main, "url": f"{FORGE}/noarch/six-1.16.0-py_0.conda", "category": "main"}
    pytest_ = {**six, "name": "pytest", "version": "8.0.0", "category": "docs", "optional": True, **docs}
    return json.dumps({"version": 1, "package": [six, pytest_, {**six, "category": "docs", "optional": True}]})


def test_an_optional_category_is_left_out_and_told(tmp_path: Path) -> None:
    for optional in (True, "true"):
        listing = read(tmp_path, _conda_lock(optional=optional))
        assert stated(listing) == {"six": ("conda", "1.16.0", "py_0")}
        assert listing.column.left_out == ("pytest 8.0.0 (of the optional category docs)",)
    listing = read(tmp_path, _conda_lock(), environment="docs")
    assert stated(listing).keys() == {"six", "pytest"}
    assert not listing.column.left_out
    assert listing.column.label == "some.file#docs"
    with pytest.raises(UsageError, match="no category `dev`"):
        read(tmp_path, _conda_lock(), environment="dev")


PIXI_6 = f"""
version: 6
environments:
  default:
    channels:
    - url: {FORGE}/
    packages:
      linux-64:
      - conda: {FORGE}/linux-64/nodejs-20.9.0-h_0.conda
      - conda: .
      - pypi: https://host/rich-13.9.4-py3-none-any.whl
      osx-64:
      - conda: {FORGE}/osx-64/nodejs-20.8.0-h_0.conda
packages:
- conda: {FORGE}/linux-64/nodejs-20.9.0-h_0.conda
  sha256: aa
  md5: bb
- conda: .
  name: own
  version: 0.1.0
  build: hbf21a9e_0
  subdir: linux-64
- pypi: https://host/rich-13.9.4-py3-none-any.whl
  name: rich
  version: 13.9.4
"""
PIXI_5 = f"""
version: 5
environments:
  default:
    packages:
      linux-64:
      - conda: {FORGE}/linux-64/nodejs-20.9.0-h_0.conda
      - pypi: https://host/rich-13.9.4-py3-none-any.whl
  test:
    packages:
      linux-64: []
packages:
- kind: conda
  name: nodejs
  version: 20.9.0
  build: h_0
  subdir: linux-64
  url: {FORGE}/linux-64/nodejs-20.9.0-h_0.conda
  sha256: aa
- kind: pypi
  name: rich
  version: 13.9.4
  url: https://host/rich-13.9.4-py3-none-any.whl
"""


def test_a_lock_file_of_pixi_is_read(tmp_path: Path) -> None:
    listing = read(tmp_path, PIXI_6)
    assert stated(listing) == {
        "nodejs": ("conda", "20.9.0", "h_0"),
        "own": ("conda", "0.1.0", "hbf21a9e_0"),
        "rich": ("pypi", "13.9.4", ""),
    }
    nodejs = cells(listing)["nodejs"]
    assert (listing.column.kind, nodejs.base_url, nodejs.sha256, nodejs.md5) == ("lock file", FORGE, "aa", "bb")
    assert stated(read(tmp_path, PIXI_6, platform="osx-64")) == {"nodejs": ("conda", "20.8.0", "h_0")}


def test_an_older_lock_file_of_pixi_says_the_same(tmp_path: Path) -> None:
    assert stated(read(tmp_path, PIXI_5, environment="default")) == {
        "nodejs": ("conda", "20.9.0", "h_0"),
        "rich": ("pypi", "13.9.4", ""),
    }
    assert not read(tmp_path, PIXI_5, environment="test").entries


@pytest.mark.parametrize(
    ("text", "how", "words"),
    [
        (PIXI_5, {}, r"several environments[\s\S]*has default, test[\s\S]*some\.file#default"),
        (PIXI_5, {"environment": "prod"}, r"no environment `prod`[\s\S]*has default, test"),
        (PIXI_6, {"platform": "win-64"}, r"nothing for win-64[\s\S]*is for linux-64, osx-64"),
        (PIXI_5, {"environment": "default", "platform": "osx-64", "platform_asked": True}, r"nothing for osx-64"),
        (PIXI_6.replace("version: 6", "version: 7"), {}, r"has the format 7; condatui reads 4 to 6"),
    ],
)
def test_what_has_to_be_chosen_is_asked(tmp_path: Path, text: str, how: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read(tmp_path, text, **how)


# Other tools' files


@pytest.mark.parametrize(
    ("text", "name", "what"),
    [
        ('[workspace]\nname = "p"\n', "pixi.toml", "a manifest of pixi"),
        ('[tool.pixi.dependencies]\npython = "*"\n', "x.toml", "a manifest of pixi"),
        ("[build-system]\nrequires = []\n", "pyproject.toml", "a pyproject.toml"),
        ('[[package]]\nname = "a"\n', "poetry.lock", "a poetry.lock"),
        ("version = 1\n[[package]]\n", "uv.lock", "a uv.lock"),
        (
            "name: p\nenv_specs: {default: {}}\npackages: [python]\n",
            "anaconda-project.yml",
            "a file of anaconda-project",
        ),
        ("includes: [a.yml]\ndependencies: [b]\n", "environment.devenv.yml", "a file of conda-devenv"),
        ('{"bomFormat": "CycloneDX", "components": []}', "bom.json", "an SBOM (CycloneDX)"),
        ('{"spdxVersion": "SPDX-2.3", "packages": []}', "bom.spdx.json", "an SBOM (SPDX)"),
        ('<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.5"/>', "bom.xml", "an SBOM in XML"),
        (
            '{"packages": [{"name": "a", "version": "1"}], "packages-dev": []}',
            "composer.lock",
            "a lock file of Composer",
        ),
        ('{"dependencies": {"left-pad": "1"}}', "package.json", "a package.json of npm"),
        ('{"name": "a", "paths_data": {}}', "a-1-0.json", "conda's record of one package"),
        ('{"format": 1, "environments": [], "installations": []}', "list.json", "a list of environments"),
        ("channels: [defaults]\n", ".condarc", "a configuration of conda"),
        ("package: {name: a}\nrequirements: {}\n", "meta.yaml", "a recipe of conda-build"),
        ("FROM debian\nRUN true\n", "Dockerfile", "a Dockerfile"),
        ("==> 2024-01-01 10:00:00 <==\n# cmd: conda create\n+a-1-0\n", "history", "the history of an environment"),
    ],
)
def test_another_tools_file_is_named_for_what_it_is(tmp_path: Path, text: str, name: str, what: str) -> None:
    with pytest.raises(UsageError) as refused:
        read(tmp_path, text, name=name)
    assert refused.value.title == f"This is {what}: it does not describe one environment."
    assert str(tmp_path / name) in refused.value.detail
    assert refused.value.hint and "again" not in refused.value.hint
