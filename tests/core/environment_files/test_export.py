"""Exports as texts: what they say of channels, pip, settings, and what they leave out."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from condatui_core.environment_files.explicit_list import explicit_contents, in_installation_order, listed_lines
from condatui_core.environment_files.export import ExportText, check_file_name, export_text, format_of_file
from condatui_core.environment_files.pip_requirements import pip_line
from condatui_core.errors import UsageError
from condatui_core.records.environment import Environment
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import Distribution, PackageRecord, Replacement
from condatui_core.records.prefix import History, PrefixContents, Revision
from support.inventories import CONDA_FORGE, PYTORCH, environment, package, pip_package

CONFIG = ChannelConfig()
MAIN = "https://repo.anaconda.com/pkgs/main"
PRIVATE = "https://conda.example.com/lab/stable"


def _archive(name: str, base_url: str = CONDA_FORGE, **fields: object) -> PackageRecord:
    url = f"{base_url}/linux-64/{name}-1.0-h0_0.conda"
    stated: dict[str, Any] = {"url": url, "subdir": "linux-64", "md5": "0" * 32, **fields}
    return package(name, base_url=base_url, **stated)


def _environment(*packages: PackageRecord, pip: tuple[Distribution, ...] = (), **fields: object) -> Environment:
    contents = PrefixContents(packages=packages, distributions=pip, **fields)  # type: ignore[arg-type]
    return environment("research", contents=contents)


def _document(export: ExportText) -> dict[str, object]:
    document = yaml.safe_load(export.text)
    assert isinstance(document, dict)
    return document


def test_one_channel_is_stated_once() -> None:
    document = _document(export_text(_environment(package("b"), package("a")), CONFIG))
    assert document == {"name": "research", "channels": ["conda-forge"], "dependencies": ["a=1.0=h0_0", "b=1.0=h0_0"]}


def test_no_builds() -> None:
    assert _document(export_text(_environment(package("a")), CONFIG, builds=False))["dependencies"] == ["a=1.0"]


def test_where_channels_are_mixed_each_package_has_its_own() -> None:
    mixed = _environment(package("a"), package("b"), package("torch", base_url=PYTORCH), package("m", base_url=MAIN))
    document = _document(export_text(mixed, CONFIG))
    assert document["channels"] == ["defaults", "pytorch", "conda-forge"]
    assert document["dependencies"] == [
        "conda-forge::a=1.0=h0_0",
        "conda-forge::b=1.0=h0_0",
        "defaults::m=1.0=h0_0",
        "pytorch::torch=1.0=h0_0",
    ]


def test_channels_go_in_the_order_in_which_they_were_named() -> None:
    command = "conda create -c conda-forge --channel=pytorch -cbioconda -n research"
    history = History(revisions=(Revision(number=0, command=command),))
    mixed = _environment(package("a"), package("b"), package("torch", base_url=PYTORCH), history=history)
    assert _document(export_text(mixed, CONFIG))["channels"] == ["conda-forge", "pytorch"]


BIOCONDA = "https://conda.anaconda.org/bioconda"
CONFIGURED = ChannelConfig(channels=("https://conda.anaconda.org/conda-forge/", "bioconda", "defaults"))


def _channels(*commands: str, config: ChannelConfig = CONFIGURED, **how: bool) -> list[str]:
    """What is exported of an environment from three channels, most packages from bioconda."""
    revisions = tuple(Revision(number=number, command=command) for number, command in enumerate(commands))
    history = History(revisions=revisions, requested=(("zlibx", "zlibx"),))
    packages = [package("zlibx"), package("m", base_url=MAIN), *(package(each, base_url=BIOCONDA) for each in "abc")]
    channels = _document(export_text(_environment(*packages, history=history), config, **how))["channels"]  # type: ignore[arg-type]
    assert isinstance(channels, list)
    return channels


@pytest.mark.parametrize("from_history", [True, False])
def test_channels_go_in_the_order_that_was_in_force(from_history: bool) -> None:
    """By the commands, then by the configuration; the numbers of packages say nothing about priority."""
    assert _channels(from_history=from_history) == ["conda-forge", "bioconda", "defaults"]
    assert _channels("conda create -n x zlibx", from_history=from_history) == ["conda-forge", "bioconda", "defaults"]
    only = "conda create --override-channels -c bioconda --channel conda-forge -c=pkgs/main zlibx"
    assert _channels(only, from_history=from_history) == ["bioconda", "conda-forge", "defaults"]
    first = "conda create -c https://conda.anaconda.org/bioconda/ zlibx"
    assert _channels(first, from_history=from_history) == ["bioconda", "conda-forge", "defaults"]
    assert _channels("conda create a", first, from_history=from_history) == ["bioconda", "conda-forge", "defaults"]
    some = "conda create --override-channels -c defaults m"
    assert _channels(some, "conda install a", from_history=from_history) == ["defaults", "conda-forge", "bioconda"]


def test_a_channel_that_nothing_names_is_searched_before_the_configured_ones() -> None:
    """So it is where conda itself exports it."""
    config = ChannelConfig(channels=("conda-forge", "defaults"))
    assert _channels(config=config) == ["bioconda", "conda-forge", "defaults"]


def test_of_the_urls_of_one_channel_one_is_exported() -> None:
    mirrored = [package("a", base_url="https://prefix.dev/conda-forge"), package("b")]
    document = _document(export_text(_environment(*mirrored), CONFIG))
    assert (document["channels"], document["dependencies"]) == (["conda-forge"], ["a=1.0=h0_0", "b=1.0=h0_0"])
    document = _document(export_text(_environment(mirrored[0]), CONFIG))
    assert document["channels"] == ["https://prefix.dev/conda-forge"]  # where the name leads may be out of reach


def test_a_channel_that_its_name_does_not_lead_to_is_called_by_its_url() -> None:
    document = _document(export_text(_environment(package("a"), package("c"), package("b", base_url=PRIVATE)), CONFIG))
    assert document["channels"] == [PRIVATE, "conda-forge"]
    assert f"{PRIVATE}::b=1.0=h0_0" in str(document["dependencies"])


def test_a_package_of_no_known_channel_has_none_and_that_is_said() -> None:
    export = export_text(_environment(package("a"), package("lost", base_url=None)), CONFIG)
    assert _document(export)["dependencies"] == ["a=1.0=h0_0", "lost=1.0=h0_0"]
    assert any("lost" in note for note in export.notes)


def test_the_name_has_no_path_and_there_is_no_prefix() -> None:
    contents = PrefixContents(packages=(package("a"),))
    odd = Environment(name="/srv/project/env-\udcff", prefix="/srv/project/env-\udcff", contents=contents)
    for form in ("yaml", "json"):
        document = yaml.safe_load(export_text(odd, CONFIG, format=form).text)
        assert document["name"] == "env-?"
        assert "prefix" not in document


@pytest.mark.parametrize("form", ["yaml", "json", "explicit", "requirements"])
def test_credentials_are_in_no_export(form: str) -> None:
    secret = "https://user:pa55@conda.example.com/t/tk-5e"
    pip = (
        pip_package("a", origin="vcs", vcs="git", url="https://tk-5e:x@git.example.com/a.git", revision="abc"),
        pip_package("b", origin="url", url="https://user:pa55@example.com/b.whl"),
    )
    lost = _archive("numpy", base_url=f"{secret}/lab")
    history = History(requested=(("numpy", f"{secret}/lab::numpy"),))
    held = _environment(lost, pip=pip, history=history, pinned=(f"{secret}/lab::numpy 1.*",))
    texts = [export_text(held, CONFIG, format=form).text]  # type: ignore[arg-type]
    if form in ("yaml", "json"):
        texts.append(export_text(held, CONFIG, format=form, from_history=True).text)  # type: ignore[arg-type]
    for text in texts:
        assert "pa55" not in text and "tk-5e" not in text
        assert "numpy" in text


PIP = {
    "einops==0.8.0": pip_package("Einops", "0.8.0"),
    "lab-tools==1.0": pip_package("lab_tools", "1.0", installer="uv"),
    "odd===2012-05b": pip_package("odd", "2012-05b"),
    "nameless": pip_package("nameless", ""),
    "trl @ git+https://github.com/x/trl.git@abc": pip_package(
        "trl", origin="vcs", vcs="git", url="https://github.com/x/trl.git", revision="abc"
    ),
    "own @ hg+https://hg.example.com/own@f00#subdirectory=python": pip_package(
        "own", origin="vcs", vcs="hg", url="https://hg.example.com/own", revision="f00", subdirectory="python"
    ),
    "ours @ git+ssh://git@example.com/ours.git@abc": pip_package(
        "ours", origin="vcs", vcs="git", url="ssh://***@example.com/ours.git", revision="abc"
    ),
    "whl @ file:///srv/t/w%20h/whl-1.0.whl": pip_package("whl", origin="local", location="/srv/t/w h/whl-1.0.whl"),
    "far @ https://example.com/far-1.0.tar.gz": pip_package(
        "far", origin="url", url="https://example.com/far-1.0.tar.gz"
    ),
}


@pytest.mark.parametrize("line", PIP)
def test_pip_packages_are_what_they_are(line: str) -> None:
    assert pip_line(PIP[line]) == line
    assert Requirement(line).name


def test_editable_projects_are_installed_in_place_again() -> None:
    assert pip_line(pip_package("x", origin="editable", location="/srv/x")) == "-e file:///srv/x#egg=x"
    assert pip_line(pip_package("x", origin="editable", location="/srv/my x")) == "-e file:///srv/my%20x#egg=x"
    byte = os.fsdecode(b"/srv/\xff")
    assert pip_line(pip_package("x", origin="editable", location=byte)) == "-e file:///srv/%FF#egg=x"


def test_a_project_installed_in_place_that_names_no_place_is_given_by_its_version() -> None:
    export = export_text(_environment(pip=(pip_package("x", "1.0", origin="editable"),)), CONFIG)
    assert _document(export)["dependencies"] == [{"pip": ["x==1.0"]}]
    assert "x is installed in place, but its files do not name where" in export.notes[0]


def test_paths_that_have_to_be_there_are_told() -> None:
    export = export_text(_environment(pip=(pip_package("x", origin="editable", location="/srv/x"),)), CONFIG)
    assert "/srv/x" in export.notes[0]


def test_pip_over_conda_is_both_and_that_is_said() -> None:
    replaced = Replacement(package="numpy", distribution="numpy", conda_version="1.0", pip_version="2.0")
    export = export_text(
        _environment(package("numpy"), pip=(pip_package("numpy", "2.0"),), replaced=(replaced,)), CONFIG
    )
    assert _document(export)["dependencies"] == ["numpy=1.0=h0_0", {"pip": ["numpy==2.0"]}]
    assert export.packages == 2
    assert "pip has replaced numpy 1.0 by 2.0" in export.notes[0]


def test_variables_and_pins() -> None:
    held = _environment(package("a"), variables=(("KEY", "no"), ("N", "1")), pinned=("numpy 1.26.*",))
    export = export_text(held, CONFIG)
    assert _document(export)["variables"] == {"KEY": "no", "N": "1"}
    assert "#   numpy 1.26.*\n" in export.text
    assert any("secret" in note and "KEY" in note for note in export.notes)
    assert json.loads(export_text(held, CONFIG, format="json").text)["variables"] == {"KEY": "no", "N": "1"}
    explicit = export_text(held, CONFIG, format="explicit")
    assert any("KEY" in note and "not included" in note for note in explicit.notes)
    without = export_text(held, CONFIG, variables=False)
    assert ("variables" in _document(without), "KEY" in without.text) == (False, False)
    assert "the environment variables KEY, N are not included" in without.notes


def test_from_history_is_what_was_asked_for_with_channels_and_pip() -> None:
    history = History(requested=(("numpy", "numpy>=1.2"), ("torch", "pytorch::torch=1")))
    packages = (package("numpy"), package("pip"), package("zlib"), package("torch", base_url=PYTORCH))
    held = _environment(*packages, pip=(pip_package("einops"),), history=history)
    document = _document(export_text(held, CONFIG, from_history=True))
    assert document["channels"] == ["pytorch", "conda-forge"]
    expected = ["conda-forge::numpy>=1.2", "pytorch::torch=1", "conda-forge::pip", {"pip": ["einops==1.0"]}]
    assert document["dependencies"] == expected


@pytest.mark.parametrize("form", ["explicit", "requirements"])
def test_exact_lists_have_no_room_for_a_history(form: str) -> None:
    with pytest.raises(UsageError):
        export_text(_environment(package("a")), CONFIG, format=form, from_history=True)  # type: ignore[arg-type]


def test_explicit_has_urls_with_md5_and_says_what_is_missing() -> None:
    lost = package("lost", base_url=None)
    export = export_text(_environment(_archive("a"), lost, pip=(pip_package("einops"),)), CONFIG, format="explicit")
    lines = export.text.splitlines()
    assert lines[2] == "# platform: linux-64"
    assert lines[lines.index("@EXPLICIT") + 1 :] == [
        f"{CONDA_FORGE}/linux-64/a-1.0-h0_0.conda#{'0' * 32}",
        "# no URL for: lost=1.0=h0_0",
    ]
    assert "#   einops==1.0" in lines
    found = explicit_contents(listed_lines(export.text))[0].packages
    assert [(each.name, each.url is None) for each in found] == [("a", False), ("lost", True)]
    assert any("einops" in note for note in export.notes) and any("lost" in note for note in export.notes)


def test_packages_come_behind_what_they_need_even_in_circles() -> None:
    packages = [
        package("a", depends=("b >=1",)),
        package("b", depends=("conda-forge::c[version='>=1']", "__glibc")),
        package("c", depends=("a",)),
        package("d"),
        *(package(f"e{number:04}", depends=(f"e{number + 1:04}",)) for number in range(3000)),
    ]
    ordered = [record.name for record in in_installation_order(packages)]
    assert sorted(ordered) == sorted(record.name for record in packages)
    assert ordered[:4] == ["c", "b", "a", "d"]
    assert ordered[4:] == sorted(ordered[4:], reverse=True)


def test_requirements_are_specs_each_with_its_channel() -> None:
    export = export_text(_environment(package("b"), package("a")), CONFIG, format="requirements")
    specs = [line for line in export.text.splitlines() if not line.startswith("#")]
    assert specs == ["conda-forge::a=1.0=h0_0", "conda-forge::b=1.0=h0_0"]


@pytest.mark.parametrize("form", ["yaml", "json", "explicit", "requirements"])
def test_no_escape_sequence_gets_into_an_export(form: str) -> None:
    evil = "1\x1b[2J\u202e\n- x"
    held = _environment(
        _archive("a", version=evil, url=f"https://x/{evil}.conda"),
        pip=(pip_package("b", evil),),
        variables=(("V", evil),),
        pinned=(evil,),
    )
    text = export_text(held, CONFIG, format=form).text  # type: ignore[arg-type]
    assert "\x1b" not in text and "\u202e" not in text
    assert "\n- x" not in text


def test_other_scripts_stay_readable() -> None:
    assert "größe" in export_text(_environment(variables=(("N", "größe"),)), CONFIG).text


@pytest.mark.parametrize(
    ("file", "form"),
    [
        ("-", "yaml"),
        ("env.yml", "yaml"),
        ("x.JSON", "json"),
        ("requirements.txt", "requirements"),
        ("requirements-dev.txt", "requirements"),
        ("explicit.txt", "explicit"),
        ("spec.lock", "explicit"),
        ("/requirements/env.yaml", "yaml"),
        ("conda-lock.yml", "conda-lock"),
        ("gpu.conda-lock.yaml", "conda-lock"),
        ("env", "yaml"),
    ],
)
def test_the_name_of_a_file_tells_the_format(file: str, form: str) -> None:
    assert format_of_file(file) == form


FORMATS = ("yaml", "json", "explicit", "requirements")


@pytest.mark.parametrize(
    ("file", "suitable"),
    [
        ("env.yml", "yaml json"),
        ("/x/Environment.YAML", "yaml json"),
        ("env.json", "json"),
        ("explicit.txt", "explicit requirements"),
        ("requirements.txt", "requirements"),
        ("dev-requirements.txt", "requirements"),
        ("requirements-explicit.txt", "explicit requirements"),
        ("spec.lock", "yaml json explicit requirements conda-lock"),
        ("env", "yaml json explicit requirements conda-lock"),
        ("linux-lock.yml", "yaml json conda-lock"),
        ("pixi.lock", ""),
        ("/x/conda-lock.yml", "conda-lock"),
        ("linux.conda-lock.yml", "conda-lock"),
        ("pyproject.toml", ""),
        ("bom.cdx.json", ""),
        ("env.tar.gz", ""),
        ("Dockerfile", ""),
    ],
)
def test_a_name_that_stands_for_another_format_is_refused(file: str, suitable: str) -> None:
    def suits(form: str) -> bool:
        try:
            check_file_name(file, form)  # type: ignore[arg-type]
        except UsageError as error:
            assert os.path.basename(file) in error.title and "Give it another name" in str(error.hint)
            return False
        return True

    assert " ".join(filter(suits, (*FORMATS, "conda-lock"))) == suitable
    assert not suitable or suits(format_of_file(file))


# Wheels that conda has installed, and versions that PyPI has not


def _wheel(url: str) -> PackageRecord:
    return package("aaa", base_url="pypi", url=url, subdir="noarch", noarch="python", build="py3_none_any_0")


@pytest.mark.parametrize(
    ("url", "line"),
    [
        (
            "https://host/packages/ab/AAA_b-1.0-py3-none-any.whl",
            "aaa-b @ https://host/packages/ab/AAA_b-1.0-py3-none-any.whl",
        ),
        ("https://files.pythonhosted.org/packages/ab/aaa-1.0-py3-none-any.whl", "aaa==1.0"),
    ],
)
def test_a_wheel_that_conda_has_installed_is_pips_to_install_again(url: str, line: str) -> None:
    held = _environment(_archive("b"), _wheel(url))
    document = _document(export_text(held, CONFIG))
    assert (document["channels"], document["dependencies"]) == (["conda-forge"], ["b=1.0=h0_0", {"pip": [line]}])
    for form in ("explicit", "requirements"):
        export = export_text(held, CONFIG, format=form)
        assert f"#   {line}\n" in export.text and export.text.count("aaa") <= 2
        assert (export.packages, any("aaa" in note and "only in comments" in note for note in export.notes)) == (
            1,
            True,
        )


@pytest.mark.parametrize("form", FORMATS)
def test_a_version_that_pypi_has_not_is_told_with_the_index_that_has_it(form: str) -> None:
    pip = (
        pip_package("torch", "2.1.0+cu121"),
        pip_package("torchvision", "0.16.0+cpu"),
        pip_package("own", "1.0+lab"),
        pip_package("from-url", "1.0+lab", origin="url", url="https://host/x.whl"),
        pip_package("plain", "1.0"),
    )
    export = export_text(_environment(pip=pip), CONFIG, format=form)  # type: ignore[arg-type]
    assert [note for note in export.notes if note.startswith("PyPI")] == [
        "PyPI has no torch 2.1.0+cu121, which is only in PyTorch's index https://download.pytorch.org/whl/cu121",
        "PyPI has no torchvision 0.16.0+cpu, which is only in PyTorch's index https://download.pytorch.org/whl/cpu",
        "PyPI has no own 1.0+lab, which is only where it was installed from",
    ]


def test_a_channel_at_an_earlier_alias_is_called_by_its_name() -> None:
    """So conda calls it; the name leads to where the channel is now."""
    moved = ChannelConfig(
        channel_alias="file:///srv/channels", migrated_channel_aliases=("https://conda.anaconda.org",)
    )
    document = _document(export_text(_environment(package("a")), moved))
    assert document["channels"] == ["conda-forge"]


@pytest.mark.parametrize(
    ("form", "count", "notes"),
    [
        (
            "yaml",
            1,
            [
                "the environment variable V0 is written with its value, which may be a secret",
                "the pinned spec (p0) is only in comments: copy it to conda-meta/pinned",
                "pip has replaced r0 1.0 by 2.0: conda installs the first, then pip the second",
            ],
        ),
        (
            "explicit",
            2,
            [
                "what pip installed is only in comments, which conda ignores: r0, r1",
                "the environment variables V0, V1 are not included",
                "the pinned specs (p0, p1) are only in comments: copy them to conda-meta/pinned",
                "pip has replaced r0 1.0 by 2.0: conda installs the first, and nothing the second",
                "pip has replaced r1 1.0 by 2.0: conda installs the first, and nothing the second",
            ],
        ),
        (
            "json",
            2,
            [
                "the environment variables V0, V1 are written with their values, which may be secrets",
                "the pinned specs (p0, p1) are not included: copy them to conda-meta/pinned",
                "pip has replaced r0 1.0 by 2.0: conda installs the first, then pip the second",
                "pip has replaced r1 1.0 by 2.0: conda installs the first, then pip the second",
            ],
        ),
    ],
)
def test_each_note_is_said_once_and_counts_properly(form: str, count: int, notes: list[str]) -> None:
    names = [f"r{number}" for number in range(count)]
    replaced = tuple(
        Replacement(package=name, distribution=name, conda_version="1.0", pip_version="2.0") for name in names
    )
    held = _environment(
        *map(_archive, names),
        pip=tuple(pip_package(name, "2.0") for name in names),
        replaced=(*replaced, replaced[0]),
        variables=tuple((f"V{number}", "x") for number in range(count)),
        pinned=tuple(f"p{number}" for number in range(count)),
    )
    assert list(export_text(held, CONFIG, format=form).notes) == notes  # type: ignore[arg-type]
