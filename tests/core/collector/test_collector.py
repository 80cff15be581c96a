"""The collector on a made-up machine: what it tells is what condatui itself reads there."""

from __future__ import annotations

import ast
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings, strategies

import condatui_core
from condatui_core.analyses.channel_shares import channel_counts
from condatui_core.analyses.channels import channel_label
from condatui_core.collector.places import plain_lists
from condatui_core.collector.reading import Deadline, channel_location
from condatui_core.collector.sizes import measure
from condatui_core.collector.snapshot import Wishes, snapshot
from condatui_core.collector.snapshot import channel_label as collected_label
from condatui_core.fleet.script import collector_script
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.host_snapshot import HostSnapshot, PackageRow
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.prefix import PrefixContents
from condatui_core.snapshots.document import decode_snapshot
from support.credentials import CHANNELS, SECRET, SPECS, URLS
from support.prefixes import CONDA_FORGE, MAIN, FakePrefix, make_prefix, manifest, record_of
from support.tiers import examples

QUIET = {"CONDATUI_USUAL_PLACES": "0"}
"""The machine of the tester has condas of its own."""


class MadeUp:
    """A home with a conda, some environments, and what is left of others."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.root = make_prefix(home / "miniforge3")
        self.root.package("conda", "24.7.1", "py311_0", files={"bin/conda": "#!python"})
        self.rich = make_prefix(home / "miniforge3/envs/rich")
        self.project = make_prefix(home / "work/project/env")
        self.write(".conda/environments.txt", f"{self.root}\n{self.project}\n{home}/gone\n# a comment\n\n")

    def write(self, path: str, text: str) -> Path:
        file = self.home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def collect(
        self, wishes: Wishes | None = None, seconds: float = 60.0, environ: Mapping[str, str] = QUIET
    ) -> HostSnapshot:
        found = snapshot(wishes or Wishes("1.0"), str(self.home), environ, Deadline(seconds))
        return decode_snapshot(json.dumps(found, separators=(",", ":")).encode(), "here")


@pytest.fixture
def made_up(tmp_path: Path) -> MadeUp:
    return MadeUp(tmp_path)


def held(found: HostSnapshot, prefix: FakePrefix) -> list[tuple[object, ...]]:
    """What a snapshot says that an environment holds, by name."""
    rows = [msgspec.json.decode(found.table[row], type=PackageRow) for row in found.packages[str(prefix)].rows]
    return sorted(
        (
            (
                each.kind,
                each.name,
                each.version,
                each.build,
                each.channel,
                each.subdir,
                each.size,
                each.md5,
                each.license,
                each.files,
                each.provides,
                each.origin,
                each.url,
                each.revision,
                each.location,
            )
            for each in rows
        ),
        key=str,
    )


def read(contents: PrefixContents) -> list[tuple[object, ...]]:
    """What condatui itself reads, in the same form."""
    conda = (
        (
            "conda",
            each.name,
            each.version,
            each.build,
            each.base_url,
            each.subdir,
            each.installed_bytes,
            each.md5,
            each.license,
            each.file_count,
            tuple((one.name, one.version) for one in each.provides),
            "index",
            None,
            "",
            "",
        )
        for each in contents.packages
    )
    pip = (
        (
            "pypi",
            each.name,
            each.version,
            "",
            None,
            "",
            each.installed_bytes,
            "",
            "",
            0,
            (),
            each.origin,
            each.url,
            each.revision,
            each.location,
        )
        for each in contents.pip_distributions
    )
    return sorted((*conda, *pip), key=str)


def fill(prefix: FakePrefix) -> None:
    """Install what installers install in their several ways."""
    prefix.python_package("requests", "2.31.0")
    prefix.package("libblas", "3.9.0", "20_openblas", files={"lib/libblas.so": "x" * 1000})
    prefix.package("old", "1", "0", channel=MAIN, url=None, subdir="linux-64")
    prefix.package("noarch-data", "7", "0", subdir="noarch", channel=CONDA_FORGE)
    prefix.pip_install("Some.Wheel", "0.3")
    prefix.pip_install("mine", direct_url={"url": "file:///home/me/mine", "dir_info": {"editable": True}})
    prefix.pip_install(
        "from-git", "2", direct_url={"url": "https://host/x.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}}
    )
    prefix.write(f"lib/python{prefix.python}/site-packages/~umpy-1.0.dist-info/METADATA", "Name: numpy\nVersion: 1\n")
    prefix.write(f"lib/python{prefix.python}/site-packages/empty-1.0.dist-info/RECORD", "")


def test_it_holds_what_condatui_itself_reads(made_up: MadeUp) -> None:
    fill(made_up.rich)
    found = made_up.collect()
    for prefix in (made_up.root, made_up.rich, made_up.project):
        contents = read_prefix(str(prefix))
        assert held(found, prefix) == read(contents)
        (listed,) = (each for each in found.list.environments if each.prefix == str(prefix))
        assert tuple(listed.channels.items()) == channel_counts(contents, ChannelConfig())
        assert listed.created == contents.history.created
        assert set(found.packages[str(prefix)].requested) == contents.requested_names
    assert len(held(found, made_up.rich)) == 8
    assert found.unread == ()


@pytest.mark.parametrize("seconds", ["253402300799", "-62135596800"])
def test_it_leaves_out_a_time_that_no_clock_has_shown(seconds: str, made_up: MadeUp) -> None:
    made_up.rich.write("conda-meta/created_at", seconds)
    made_up.rich.write("conda-meta/history", "==> 0001-01-01 00:00:00 <==\n")
    wishes = Wishes("1.0")
    told = snapshot(wishes, str(made_up.home), QUIET, Deadline(60.0))["list"]["environments"]
    assert {each["created"] for each in told if each["prefix"] == str(made_up.rich)} == {None}


def test_it_names_environments_and_their_states_as_condatui_does(made_up: MadeUp) -> None:
    (made_up.home / "miniforge3/envs/half/lib").mkdir(parents=True)
    broken = make_prefix(made_up.home / "miniforge3/envs/broken")
    broken.write("conda-meta/numpy-1-0.json", '{"name": "numpy"')
    os.symlink(made_up.project.path, made_up.home / "miniforge3/envs/linked")
    found = made_up.collect()
    assert {each.name: each.state for each in found.list.environments} == {
        "base": "ok",
        "rich": "ok",
        "half": "orphan",
        "broken": "broken",
        "linked": "ok",
        f"{made_up.home}/gone": "missing",
    }
    assert [each.root_prefix for each in found.list.installations] == [str(made_up.root)]
    assert found.unread == ((str(broken), "numpy-1-0.json: not valid JSON"),)
    assert found.collector == "standalone"


@pytest.mark.parametrize("way", ["condarc", "variable", "root"])
def test_it_finds_environments_where_the_user_says_that_they_are(made_up: MadeUp, way: str) -> None:
    prefix = make_prefix(made_up.home / "data/envs/far")
    wishes = Wishes("1.0", searched=[str(made_up.home / "data")] if way == "root" else [])
    if way == "condarc":
        made_up.write(".condarc", "channels:\n  - defaults\nenvs_dirs:\n  - ~/data/envs  # the large disk\n")
    environ = {"CONDA_ENVS_PATH": str(prefix.path.parent)} if way == "variable" else {}
    found = made_up.collect(wishes, environ={**QUIET, **environ})
    assert str(prefix) in [each.prefix for each in found.list.environments]
    assert str(prefix) in found.packages


def test_of_several_records_the_last_one_counts_and_a_stranger_is_told(made_up: MadeUp) -> None:
    first = made_up.rich.package("numpy", "1.26.4", "0")
    made_up.rich.package("numpy", "2.0.0", "0")
    os.utime(first, (1, 1))
    shutil.copy(first, first.with_name("renamed-1-0.json"))
    found = made_up.collect()
    assert [row[2] for row in held(found, made_up.rich) if row[1] == "numpy"] == ["2.0.0"]
    assert sorted(words for _, words in found.unread) == [
        "numpy has two records",
        "renamed-1-0.json: holds the record of numpy 1.26.4 0",
    ]


def test_no_credential_is_in_it(made_up: MadeUp) -> None:
    for number, channel in enumerate(CHANNELS):
        made_up.rich.package(f"paid{number}", channel=channel, url="")
    for number, text in enumerate((*URLS, *SPECS)):
        origin = {"url": text, "vcs_info": {"commit_id": text}}
        made_up.rich.pip_install(f"own{number}", direct_url=origin)
        made_up.rich.package(f"spec{number}", license=text)
    made_up.rich.pip_install("mine", direct_url={"url": f"file:///x?token={SECRET}", "dir_info": {"editable": True}})
    specs = [each.replace("numpy", f"spec{number}") for number, each in enumerate(SPECS)]
    history = f"==> 2024-01-01 00:00:00 <==\n# cmd: conda create a\n# update specs: {specs}\n"
    made_up.rich.write("conda-meta/history", history)
    found = snapshot(Wishes("1.0"), str(made_up.home), QUIET, Deadline(60.0))
    said = json.dumps(found)
    assert set(found["packages"][str(made_up.rich)]["requested"]) == {f"spec{each}" for each in range(len(SPECS))}
    assert re.findall(f'[^" ]*{SECRET}[^" ]*', said) == []
    assert "host.example" in said


def test_it_changes_nothing(made_up: MadeUp) -> None:
    fill(made_up.rich)
    before = manifest(made_up.home)
    made_up.collect()
    assert manifest(made_up.home) == before


def test_what_there_is_no_time_for_is_unread_rather_than_absent(made_up: MadeUp) -> None:
    found = made_up.collect(seconds=-1)
    assert len(found.list.environments) == 4
    assert found.packages == {}
    assert found.disk == {}
    assert (str(made_up.rich), "there was no time left to read it") in found.unread
    assert (str(made_up.rich), "there was no time left to measure it") in found.unread


def test_a_pipe_and_a_huge_file_are_not_read(made_up: MadeUp) -> None:
    os.mkfifo(made_up.rich.meta / "pipe-1-0.json")
    with (made_up.rich.meta / "huge-1-0.json").open("wb") as file:
        file.truncate(33 << 20)
    found = made_up.collect()
    assert dict(words.split(": ") for _, words in found.unread) == {
        "pipe-1-0.json": "not a regular file",
        "huge-1-0.json": "larger than 32 MB",
    }
    assert len(held(found, made_up.rich)) == 1


@pytest.mark.parametrize("record", ["[]", "[" * 100_000, '{"name": ["x"], "version": {}, "build": 1}', '"x"', "\udcff"])
def test_a_damaged_record_costs_itself_alone(made_up: MadeUp, record: str) -> None:
    (made_up.rich.meta / "bad-1-0.json").write_bytes(record.encode("utf-8", "surrogateescape"))
    found = made_up.collect()
    assert [prefix for prefix, _ in found.unread] == [str(made_up.rich)]
    assert len(held(found, made_up.rich)) == 1


NAMING_PATHS = (
    ".conda/environments.txt",
    ".condarc",
    "miniforge3/.condarc",
    "miniforge3/envs/rich/lib/python3.11/site-packages/gone.egg-link",
    "miniforge3/envs/rich/lib/python3.11/site-packages/gone.pth",
    "miniforge3/envs/rich/lib/python3.11/site-packages/wheel-1.dist-info/direct_url.json",
    "miniforge3/envs/rich/lib/python3.11/site-packages/wheel-1.dist-info/RECORD",
    "miniforge3/envs/rich/conda-meta/history",
    "miniforge3/envs/rich/conda-meta/created_at",
)


@pytest.mark.parametrize("path", [b"/no\0where", b"/no\xedwhere", b"/no\xed\xa0\x80where"])
def test_what_can_be_no_path_costs_itself_alone(made_up: MadeUp, path: bytes) -> None:
    made_up.rich.pip_install("wheel", "1")
    for place in NAMING_PATHS:
        listed = b"envs_dirs:\n  - %s\npkgs_dirs: [%s, ~/%s]\n" if place.endswith("condarc") else b"%s\n%s,,3\n==> %s\n"
        with (made_up.home / place).open("ab") as file:
            file.write(listed % (path, path, path))
    assert {row[1] for row in held(made_up.collect(), made_up.rich)} >= {"python", "wheel"}


def test_a_record_that_states_no_path_costs_itself_alone(made_up: MadeUp) -> None:
    record = record_of("odd", "1", "0", channel=CONDA_FORGE, subdir="noarch", files={})
    for number, path in enumerate(("/no\0where", "/no\ud800where")):
        stated = {"files": [f"{path}/site-packages/x.dist-info/METADATA"], "python_site_packages_path": path}
        made_up.rich.write_record(f"odd{number}-1-0", {**record, "name": f"odd{number}", **stated})
        url = {"url": f"file://{path}", "dir_info": {"editable": True}}
        made_up.rich.pip_install(f"wheel{number}", "1", direct_url=url)
    assert {row[1] for row in held(made_up.collect(), made_up.rich)} >= {"odd0", "odd1", "wheel0", "wheel1"}


def test_a_prefix_that_is_no_utf_8_is_told_as_it_is_shown(made_up: MadeUp) -> None:
    make_prefix(made_up.home / "miniforge3/envs" / os.fsdecode(b"caf\xe9"))
    found = made_up.collect()
    prefix = f"{made_up.root}/envs/caf\\xe9"
    assert prefix in [each.prefix for each in found.list.environments]
    assert prefix in found.packages
    assert prefix in found.disk


def test_a_text_that_no_snapshot_may_have_does_not_spoil_it(made_up: MadeUp) -> None:
    made_up.rich.package("wordy", license="x" * 5000)
    made_up.rich.package("half", license="\ud800")
    found = made_up.collect()
    licenses = {row[1]: row[8] for row in held(found, made_up.rich)}
    assert licenses["wordy"] == "x" * 4096
    assert licenses["half"] == "?"


JSON = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers() | strategies.floats() | strategies.text(),
    lambda inner: strategies.lists(inner, max_size=3) | strategies.dictionaries(strategies.text(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = ("build_number", "channel", "url", "subdir", "md5", "license", "files", "paths_data", "requested_specs")


@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    record=strategies.dictionaries(strategies.sampled_from(FIELDS), JSON),
    sizes=strategies.lists(strategies.fixed_dictionaries({"size_in_bytes": JSON, "path_type": JSON})),
    record_lines=strategies.text(),
)
def test_whatever_a_record_says_the_snapshot_can_be_read(
    made_up: MadeUp, record: dict[str, object], sizes: list[object], record_lines: str
) -> None:
    usual = record_of("odd", "1", "0", channel=CONDA_FORGE, subdir="noarch", files={})
    made_up.rich.write_record("odd-1-0", {**usual, "paths_data": {"paths": sizes}, **record})
    made_up.rich.write("lib/python3.11/site-packages/odd-1.dist-info/METADATA", f"Name: {record_lines}\n")
    made_up.rich.write("lib/python3.11/site-packages/odd-1.dist-info/RECORD", f"a,b,{record_lines}\n")
    assert len(held(made_up.collect(), made_up.rich)) >= 2


# Sizes


def test_bytes_count_once_and_are_exclusive_if_all_their_links_are_inside(tmp_path: Path) -> None:
    inside, other = tmp_path / "inside", tmp_path / "other"
    for directory in (inside / "lib", other, inside / "envs/nested"):
        directory.mkdir(parents=True)
    (inside / "own").write_bytes(b"x" * 5000)
    (inside / "twice").write_bytes(b"x" * 9000)
    os.link(inside / "twice", inside / "lib/again")
    (inside / "shared").write_bytes(b"x" * 17_000)
    os.link(inside / "shared", other / "shared")
    (inside / "envs/nested/file").write_bytes(b"x" * 30_000)
    os.symlink(other, inside / "link")

    def allocated(*paths: str) -> int:
        return sum((inside / path).lstat().st_blocks * 512 for path in paths)

    sizes = measure(str(inside), [str(inside / "envs/nested"), str(other)], Deadline(60))
    exclusive = allocated("", "lib", "envs", "own", "twice", "link")
    assert sizes == (exclusive + allocated("shared"), exclusive, 7)


def test_sizes_that_cannot_be_measured_are_unknown(made_up: MadeUp, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(prefix: str, *_: object) -> NoReturn:
        raise PermissionError(13, "Permission denied", prefix)

    monkeypatch.setattr("condatui_core.collector.snapshot.measure", refuse)
    found = made_up.collect()
    assert found.disk == {}
    assert (str(made_up.rich), "its size: Permission denied") in found.unread
    assert made_up.collect(Wishes("1.0", sizes=False)).unread == ()


# Texts


@pytest.mark.parametrize(
    ("condarc", "found"),
    [
        ("envs_dirs:\n  - /a\n  - '/b c'\nchannels:\n  - x\n", {"envs_dirs": ["/a", "/b c"]}),
        ("envs_dirs:\n- /a # comment\n\n- /b\n", {"envs_dirs": ["/a", "/b"]}),
        ('pkgs_dirs: [/a, "/b"]\n', {"pkgs_dirs": ["/a", "/b"]}),
        ("channels:\n  - envs_dirs\n", {}),
        ("envs_dirs: *anchor\n", {"envs_dirs": []}),
    ],
)
def test_plain_lists_of_a_condarc_are_read(condarc: str, found: Mapping[str, list[str]]) -> None:
    assert plain_lists(condarc) == found


@pytest.mark.parametrize(
    "url",
    [
        "https://conda.anaconda.org/conda-forge",
        "https://conda.anaconda.org/main",
        "https://repo.anaconda.com/pkgs/main",
        "https://repo.prefix.dev/conda-forge",
        "https://mirror.example/anaconda/pkgs/main",
        "https://host.example/conda/lab/label/dev",
        "file:///srv/channels/my%20own",
        "pypi",
        None,
    ],
)
def test_channels_are_called_as_condatui_calls_them(url: str | None) -> None:
    assert collected_label(url) == channel_label(url, ChannelConfig())


def test_where_a_package_came_from_is_told_without_credentials() -> None:
    url = f"https://me:{SECRET}@host/t/{SECRET}/lab/linux-64/x-1-0.conda#sha256=0"
    assert channel_location("lab", url, "linux-64") == "https://host/lab"
    assert channel_location("file:///home/t/me@x", "", "") == "file:///home/t/me@x"


# The script


def script_run(python: str, made_up: MadeUp, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = (python, "-I", "-S", "-B", "-", *arguments)
    environ = {**QUIET, "HOME": str(made_up.home), "LC_ALL": "C"}
    return subprocess.run(
        command, input=collector_script("7.8").encode("ascii"), env=environ, capture_output=True, check=False
    )


def test_as_one_script_it_says_the_same(made_up: MadeUp) -> None:
    fill(made_up.rich)
    make_prefix(made_up.home / "miniforge3/envs/naïve")
    done = script_run(sys.executable, made_up)
    assert (done.returncode, done.stderr) == (0, b"")
    told, here = decode_snapshot(done.stdout, "there"), made_up.collect()
    assert (told.condatui, told.host) == ("7.8", here.host)
    assert (told.list, told.packages, told.disk) == (here.list, here.packages, here.disk)
    assert list(map(bytes, told.table)) == list(map(bytes, here.table))


def working_python(version: str) -> str | None:
    """The first of this version in PATH that runs: what stands there may be the shim of a version manager."""
    for directory in os.environ.get("PATH", "").split(os.pathsep):
        python = shutil.which(f"python{version}", path=directory)
        if python and subprocess.run((python, "-c", ""), env={}, capture_output=True, check=False).returncode == 0:
            return python
    return None


@pytest.mark.parametrize("version", ["3.6", "3.7", "3.8", "3.9"])
def test_an_old_python_runs_it(made_up: MadeUp, version: str) -> None:
    if (python := working_python(version)) is None:
        pytest.skip(f"there is no python{version} that runs")
    fill(made_up.rich)
    done = script_run(python, made_up)
    assert (done.returncode, done.stderr) == (0, b"")
    assert decode_snapshot(done.stdout, "there").packages == made_up.collect().packages


def test_its_syntax_is_that_of_old_pythons() -> None:
    directory = Path(condatui_core.__path__[0]) / "collector"
    modules = sorted(directory.glob("*.py"))
    for module in modules:
        tree = ast.parse(module.read_bytes(), feature_version=(3, 7))
        imported = {each.module or "" for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)}
        imported |= {name.name for each in ast.walk(tree) if isinstance(each, ast.Import) for name in each.names}
        own = {name for name in imported if name.startswith("condatui_core.collector")}
        assert {name.partition(".")[0] for name in imported - own} <= sys.stdlib_module_names
        assert "__future__" not in imported  # Python 3.6 knows no annotations there
    assert len(modules) == 9


def test_it_ends_itself_when_its_time_is_over(made_up: MadeUp) -> None:
    done = script_run(sys.executable, made_up, "--seconds", "0.001")
    assert done.returncode == 124
    assert done.stdout == b""
    assert done.stderr.decode().strip() == "condatui: the time for the snapshot is over"


def test_the_same_machine_gives_the_same_bytes_but_for_the_time(made_up: MadeUp) -> None:
    texts = [json.loads(gzip.decompress(script_run(sys.executable, made_up).stdout)) for _ in range(2)]
    assert [each.pop("at") != "" for each in texts] == [True, True]
    assert texts[0] == texts[1]
