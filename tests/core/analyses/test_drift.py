"""How an environment differs from a file that describes it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from condatui_core.analyses.channels import channel_urls
from condatui_core.analyses.drift import drift_of, verify
from condatui_core.environment_files.environment_yml import conda_entry
from condatui_core.environment_files.export import export_text
from condatui_core.environment_files.reading import read_environment_file
from condatui_core.records.comparison import Column, Listing
from condatui_core.records.drift import Drift
from condatui_core.records.environment import Environment
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import Distribution, PackageRecord, ProvidedDistribution, Replacement
from condatui_core.records.prefix import History, PrefixContents, Revision
from condatui_core.records.request import ExportFormat
from support.conda_oracle import CondaOracle
from support.inventories import CONDA_FORGE, PYTORCH, package, pip_package

CONFIG = ChannelConfig()


@pytest.fixture
def listed(tmp_path: Path) -> Callable[..., Listing]:
    """Write a file, and read it."""

    def read(text: str, name: str = "environment.yml") -> Listing:
        file = tmp_path / name
        file.write_text(f"name: x\n{text}" if text.startswith("dependencies") else text)
        return read_environment_file(file, CONFIG, "linux-64", python="3.11")

    return read


def held(
    *packages: PackageRecord, pip: tuple[Distribution, ...] = (), asked: str = "", **more: object
) -> PrefixContents:
    """An environment whose user has asked for some packages."""
    history = History(requested=tuple((each, each) for each in asked.split()))
    fields: Any = {"history": history, **more}
    return PrefixContents(packages=packages, distributions=pip, **fields)


def lines(found: tuple[Drift, ...]) -> list[str]:
    return [" | ".join((each.name, each.kind, each.source, each.have, each.want)) for each in found]


Listed = Callable[..., Listing]


# What the file asks for


def test_a_file_that_is_met_shows_no_drift(listed: Listed) -> None:
    file = listed("dependencies: [python=3.11, 'numpy>=1.20,<2', scipy=1.*=py311*, 'conda-forge::zlib', {pip: [x>1]}]")
    contents = held(
        package("python", "3.11.4"),
        package("numpy", "1.26.4"),
        package("scipy", "1.11", build="py311_0"),
        package("zlib"),
        pip=(pip_package("X", "1.1"),),
    )
    assert verify(contents, file, CONFIG).drift == ()
    assert verify(contents, file, CONFIG).compared == 5


def test_each_kind_of_drift_says_what_is_there_and_what_is_asked_for(listed: Listed) -> None:
    file = listed(
        "channels: [bioconda]\n"
        "dependencies: [gone, lost=1.2=h_1, numpy>=2, scipy=1.11=py310*, 'torch=2[build_number=3]', "
        "'nvidia::cuda', 'pkgs/main/noarch::six', {pip: [absent>=1, old==2.0]}]"
    )
    contents = held(
        package("numpy", "1.26.4"),
        package("scipy", "1.11", build="py311_0"),
        package("torch", "2.1", build_number=2),
        package("cuda", "12"),
        package("six", "1.16", "https://repo.anaconda.com/pkgs/main", subdir="linux-64"),
        package("more", "7"),
        pip=(pip_package("Old", "1.0"),),
        asked="more",
    )
    assert lines(drift_of(contents, file, CONFIG)) == [
        "absent | missing | pypi |  | >=1",
        "cuda | channel | conda | 12 conda-forge | * nvidia",
        "gone | missing | conda |  | *",
        "lost | missing | conda |  | 1.2 h_1",
        "more | extra | conda | 7 | ",
        "numpy | version | conda | 1.26.4 | >=2",
        "old | version | pypi | 1.0 | 2.0",
        "scipy | build | conda | 1.11 py311_0 | 1.11 py310*",
        "six | channel | conda | 1.16 pkgs/main/linux-64 | * pkgs/main/noarch",
        "torch | build | conda | 2.1 build number 2 | =2 build number 3",
    ]


def test_what_stands_in_brackets_is_compared_or_told_as_not_decidable(listed: Listed) -> None:
    url = "https://conda.anaconda.org/conda-forge/noarch/a-1.0-0.conda"
    contents = held(package("a", url=url), package("b", url=url), package("c", url=url))
    file = listed(f"dependencies: ['a[url={url}, fn=a-1.0-0.conda]', 'b[fn=b-9-0.conda]', 'c[license=Nope]']")
    found = verify(contents, file, CONFIG)
    assert lines(found.drift) == ["b | build | conda | 1.0 h0_0 | * fn=b-9-0.conda"]
    (undecided,) = found.left_out
    assert undecided.startswith("c * license=Nope: it cannot be told")


def test_every_line_about_a_package_has_to_hold(listed: Listed) -> None:
    contents = held(package("numpy", "1.26.4"), package("scipy", "1.11"), pip=(pip_package("lab-metrics", "0.2"),))
    file = listed("dependencies: [numpy=1.26, numpy=9, scipy, 'scipy<2', {pip: [lab_metrics, 'LAB.metrics>=0.3']}]")
    found = verify(contents, file, CONFIG)
    assert lines(found.drift) == ["lab-metrics | version | pypi | 0.2 | >=0.3", "numpy | version | conda | 1.26.4 | =9"]
    assert found.left_out == ()


def test_a_mirror_counts_as_the_channel_that_it_mirrors_and_defaults_as_its_members(listed: Listed) -> None:
    file = listed("dependencies: ['conda-forge::a', 'defaults::b', 'defaults::c']")
    contents = held(
        package("a", base_url="https://mirrors.example.edu/anaconda/cloud/conda-forge"),
        package("b", base_url="https://repo.anaconda.com/pkgs/r"),
        package("c"),
    )
    assert [each.name for each in drift_of(contents, file, CONFIG)] == ["c"]


def test_a_digest_is_compared_where_both_state_one(listed: Listed) -> None:
    url = f"{CONDA_FORGE}/linux-64/a-1.0-h0_0.conda"
    contents = held(package("a", md5="1" * 32, url=url), package("b"))
    [drift] = drift_of(contents, listed(f"@EXPLICIT\n{url}#{'2' * 32}\n{url.replace('/a-', '/b-')}", "x.txt"), CONFIG)
    assert lines((drift,)) == [f"a | build | conda | 1.0 md5 {'1' * 32} | 1.0 md5 {'2' * 32}"]
    # The same package as an archive of the older kind has another digest.
    older = listed(f"@EXPLICIT\n{url.replace('.conda', '.tar.bz2')}#{'2' * 32}\n{url.replace('/a-', '/b-')}", "x.txt")
    assert drift_of(contents, older, CONFIG) == ()
    # Wherever it lies, one digest is one archive.
    moved = listed(f"@EXPLICIT\nhttps://conda.example.com/lab/linux-64/a-1.0-h0_0.conda#{'1' * 32}", "x.txt")
    assert [each.name for each in drift_of(contents, moved, CONFIG)] == ["b"]


def test_what_cannot_be_decided_is_told_and_is_no_drift(listed: Listed) -> None:
    file = listed(
        "dependencies: ['a[build=\"^(h+)+$\"]', 'b[md5=" + "0" * 32 + "]', 'conda-forge::c', __glibc, "
        "{pip: ['tool @ git+https://host/tool@main', './local#egg=local']}]"
    )
    contents = held(
        package("a", "1"),
        package("b"),
        package("c", base_url=None),
        pip=(
            pip_package("tool", url="https://host/tool", vcs="git", revision="a" * 40, origin="vcs"),
            pip_package("local", location="/src/local", origin="editable"),
        ),
    )
    verified = verify(contents, file, CONFIG)
    assert verified.drift == ()
    assert verified.left_out[0] == "__glibc (a virtual package: conda detects it)"
    assert [each.partition(":")[0] for each in verified.left_out[1:]] == [
        'a * ^(h+)+$', f"b * md5 {'0' * 32}", "c * conda-forge", "tool main", "local ./local#egg=local",
    ]  # fmt: skip


# conda and pip


def test_a_conda_package_that_ships_the_distribution_meets_a_requirement_of_pip(listed: Listed) -> None:
    torch = ProvidedDistribution("torch", "2.1.0", "lib/torch.dist-info")
    contents = held(package("python"), package("pytorch", "2.1", provides=(torch,), file_count=1), asked="pytorch")
    assert drift_of(contents, listed("dependencies: [python, {pip: [torch==2.1]}]"), CONFIG) == ()
    assert lines(drift_of(contents, listed("dependencies: [python, {pip: [torch>=2.2]}]"), CONFIG)) == [
        "torch | version | pypi | 2.1.0 | >=2.2"
    ]


def test_what_pip_has_replaced_counts_as_what_python_sees(listed: Listed) -> None:
    over = Replacement(package="numpy", distribution="numpy", conda_version="1.26.4", pip_version="2.0")
    contents = held(package("numpy", "1.26.4"), pip=(pip_package("numpy", "2.0"),), replaced=(over,), asked="numpy")
    for asked, told in {
        "[numpy=1.26]": ["numpy | version | conda | 2.0 | =1.26"],
        "[numpy]": ["numpy | channel | conda | 2.0 pypi | * conda"],
        "[numpy=1.26.4, {pip: [numpy==2.0]}]": [],
        "[numpy=1.26.4, {pip: [numpy==2.1]}]": ["numpy | version | pypi | 2.0 | 2.1"],
        "[{pip: [numpy]}]": [],
        "[zlib]": ["numpy | extra | pypi | 2.0 | ", "zlib | missing | conda |  | *"],
    }.items():
        assert lines(drift_of(contents, listed(f"dependencies: {asked}"), CONFIG)) == told, asked


def test_what_pip_has_put_in_place_of_the_package_below_counts_too(listed: Listed) -> None:
    over = Replacement(package="numpy-base", distribution="numpy", conda_version="1.26.4", pip_version="2.0")
    contents = held(
        package("numpy", "1.26.4", depends=("numpy-base 1.26.4 h_0",)),
        package("numpy-base", "1.26.4"),
        pip=(pip_package("numpy", "2.0"),),
        replaced=(over,),
    )
    assert lines(drift_of(contents, listed("dependencies: [numpy=1.26]"), CONFIG)) == [
        "numpy | version | conda | 2.0 | =1.26"
    ]


def test_what_pip_has_reinstalled_in_the_same_version_is_pips(listed: Listed) -> None:
    over = Replacement(package="idna", distribution="idna", conda_version="3.7", pip_version="3.7")
    metadata = pip_package("idna", "3.7", owner="idna")
    contents = held(package("idna", "3.7"), pip=(metadata,), replaced=(over,))
    assert lines(drift_of(contents, listed("dependencies: [idna=3.7]"), CONFIG)) == [
        "idna | channel | conda | 3.7 pypi | =3.7 conda"
    ]
    assert drift_of(contents, listed("dependencies: [{pip: [idna==3.7]}]"), CONFIG) == ()


def test_pips_distribution_of_the_same_name_comes_from_elsewhere_than_asked(listed: Listed) -> None:
    contents = held(pip=(pip_package("ruamel_yaml", "1.0"),))
    assert lines(drift_of(contents, listed("dependencies: ['conda-forge::ruamel.yaml']"), CONFIG)) == [
        "ruamel.yaml | channel | conda | 1.0 pypi | * conda-forge"
    ]


def test_pips_torch_is_condas_pytorch_from_elsewhere(listed: Listed) -> None:
    contents = held(pip=(pip_package("torch", "2.5.1"),))
    assert lines(drift_of(contents, listed("dependencies: [pytorch>=2]"), CONFIG)) == [
        "pytorch | channel | conda | 2.5.1 pypi | >=2 conda"
    ]
    assert drift_of(contents, listed("dependencies: [{pip: [torch>=2]}]"), CONFIG) == ()


def test_a_restriction_is_held_against_what_pip_has_installed_and_asks_for_nothing(
    listed: Listed, tmp_path: Path
) -> None:
    (tmp_path / "bounds.txt").write_text("six<2\nabsent<1\nrich>=13\nzlib<1\n")
    file = listed("rich>=10\n-c bounds.txt\n", "requirements.txt")
    contents = held(package("zlib", "1.3"), pip=(pip_package("six", "3.0"), pip_package("rich", "12.0")))
    assert lines(drift_of(contents, file, CONFIG)) == [
        "rich | version | pypi | 12.0 | >=13",
        "six | extra | pypi | 3.0 | ",
        "six | version | pypi | 3.0 | <2",
    ]


def test_a_requirement_by_url_asks_for_that_place_and_commit(listed: Listed) -> None:
    commit = "0123456789abcdef" + "0" * 24
    contents = held(
        pip=(
            pip_package("a", url="https://host/a.git", vcs="git", revision=commit, origin="vcs"),
            pip_package("b", location="/src/b c", origin="editable", url="file:///src/b%20c"),
            pip_package("c", "1.0"),
        )
    )
    met = "[{pip: ['a @ git+https://me:word@Host/a@0123456', '-e file:///src/b%20c#egg=b', "
    met += "'https://files.pythonhosted.org/x/c-1.0-py3-none-any.whl']}]"
    assert drift_of(contents, listed(f"dependencies: {met}"), CONFIG) == ()
    missed = "[{pip: ['a @ git+https://host/a@fffffff', 'b @ file:///src/other', 'c @ https://host/c-1.0.tar.gz']}]"
    assert lines(drift_of(contents, listed(f"dependencies: {missed}"), CONFIG)) == [
        "a | build | pypi | 1.0 0123456789ab | fffffff",
        "b | channel | pypi | 1.0 file:///src/b%20c | file:///src/other",
        "c | channel | pypi | 1.0 pypi | https://host/c-1.0.tar.gz",
    ]


def test_a_local_version_meets_a_requirement_and_is_another_one_than_is_locked(listed: Listed) -> None:
    contents = held(pip=(pip_package("torch", "2.1.0+cu121"),))
    assert drift_of(contents, listed("torch==2.1.0\n", "requirements.txt"), CONFIG) == ()
    locked = '{"packages": [{"name": "torch", "version": "2.1.0", "source": "pypi"}]}'
    assert [each.kind for each in drift_of(contents, listed(locked, "list.json"), CONFIG)] == ["version"]


# What the file does not ask for


WORLD = held(
    package("python", "3.11.4", depends=("openssl", "zlib")),
    package("openssl"),
    package("zlib"),
    package("pip"),
    package("pandas", depends=("numpy", "python")),
    package("numpy", depends=("python", "blas")),
    package("blas"),
    pip=(pip_package("tool", requires=("click", "numpy")), pip_package("click")),
    asked="python pandas numpy",
)


@pytest.mark.parametrize(
    ("asked", "extra"),
    [
        # What pandas needs is not too many, though the user of the environment requested it.
        ("[python, pandas, {pip: [tool]}]", []),
        # numpy was requested; blas only came along with it, and click with tool.
        ("[python]", ["numpy", "pandas", "tool"]),
        ("[python, numpy]", ["pandas", "tool"]),
        ("[pandas, {pip: [click]}]", ["tool"]),
        ("[{pip: [tool]}]", []),
    ],
)
def test_too_many_is_what_nothing_that_is_asked_for_needs(listed: Listed, asked: str, extra: list[str]) -> None:
    found = verify(WORLD, listed(f"dependencies: {asked}"), CONFIG)
    assert [each.name for each in found.drift if each.kind == "extra"] == extra
    assert not found.lists_everything


def test_what_a_clone_has_copied_counts_as_requested_only_if_nothing_needs_it(listed: Listed) -> None:
    names = [each.name for each in WORLD.packages]
    clone = Revision(number=0, command="conda create --clone x -n y", update_specs=tuple(names))
    history = History(requested=tuple((each, each) for each in names), revisions=(clone,))
    contents = replace(WORLD, history=history, distributions=())
    assert [each.name for each in drift_of(contents, listed("dependencies: [python]"), CONFIG)] == ["pandas"]


def test_what_may_have_come_with_something_missing_is_told_apart(listed: Listed) -> None:
    file = listed("dependencies: [python, openssl, pandas, {pip: [gone, tool]}]")
    contents = replace(WORLD, distributions=(*WORLD.distributions, pip_package("left")))
    contents = replace(contents, packages=(*contents.packages, package("orphan"), package("asked")))
    contents = replace(contents, history=History(requested=(("asked", "asked"),)))
    found = verify(contents, file, CONFIG)
    assert [(each.name, each.kind) for each in found.drift] == [("asked", "extra"), ("gone", "missing")]
    assert found.left_out == (
        "orphan 1.0: it may have come with gone, which is missing",
        "left 1.0: it may have come with gone, which is missing",
    )
    # A conda package that is missing has brought nothing of pip's.
    found = verify(contents, listed("dependencies: [python, pandas, absent, {pip: [tool]}]"), CONFIG)
    assert [each.name for each in found.drift] == ["absent", "asked", "left"]
    assert found.left_out == ("orphan 1.0: it may have come with absent, which is missing",)


def test_everything_that_is_not_in_a_list_of_everything_is_too_many(listed: Listed) -> None:
    url = f"{CONDA_FORGE}/linux-64/zlib-1.0-h0_0.conda"
    found = verify(WORLD, listed(f"@EXPLICIT\n{url}\n", "explicit.txt"), CONFIG)
    assert found.lists_everything
    assert [each.name for each in found.drift] == [
        "blas", "click", "numpy", "openssl", "pandas", "pip", "python", "tool",
    ]  # fmt: skip


def test_a_file_of_pip_says_nothing_of_what_conda_installed(listed: Listed) -> None:
    found = drift_of(WORLD, listed("click==1.0\n", "requirements.txt"), CONFIG)
    assert [each.name for each in found] == ["tool"]


def test_pins_alone_do_not_list_everything(listed: Listed) -> None:
    assert drift_of(WORLD, listed("dependencies: [python=3.11.4, pandas=1.0, {pip: [tool==1.0]}]"), CONFIG) == ()
    everything = "[python=3.11.4, openssl=1.0, zlib=1.0, pip=1.0, pandas=1.0, numpy=1.0, {pip: [tool==1.0]}]"
    found = verify(WORLD, listed(f"dependencies: {everything}"), CONFIG)
    assert found.lists_everything
    assert [each.name for each in found.drift] == ["blas", "click"]


def test_what_one_platform_alone_has_is_hidden_only_from_files_that_may_be_for_others(listed: Listed) -> None:
    glibc = package("_libgcc_mutex", "0.1", subdir="linux-64")
    contents = held(package("zlib"), glibc, package("libgcc-ng", "13", subdir="linux-64"), asked="zlib libgcc-ng")
    contents = replace(contents, distributions=(pip_package("libgcc-ng", "13"),))
    found = drift_of(contents, listed("dependencies: [zlib=1.0]"), CONFIG)
    assert [(each.name, each.source) for each in found] == [("libgcc-ng", "conda"), ("libgcc-ng", "pypi")]
    everything = listed(f"@EXPLICIT\n{CONDA_FORGE}/linux-64/zlib-1.0-h0_0.conda\n", "explicit.txt")
    named = [each.name for each in drift_of(contents, everything, CONFIG)]
    assert named == ["_libgcc_mutex", "libgcc-ng", "libgcc-ng"]


# Edits of real environments, with known answers


FORMATS: tuple[tuple[ExportFormat, bool], ...] = (
    ("yaml", True),
    ("yaml", False),
    ("json", True),
    ("explicit", True),
    ("requirements", True),
)
LAB = "https://conda.example.com/lab"


def _projects() -> tuple[PrefixContents, ...]:
    """Environments of public projects, each package with needs, and with packages of pip."""
    data = Path(__file__).parents[2] / "data" / "projects.txt"
    blocks = data.read_text(encoding="utf-8").split("[")[1:]
    return tuple(_project(block.partition("]")[2].split("\n"), random.Random(block)) for block in blocks)


def _project(rows: list[str], made: random.Random) -> PrefixContents:
    stated = [row.split() for row in made.sample([row for row in rows if row], 40)]
    names = [row[0] for row in stated]
    records = [
        record(name, version, build, channel_urls(channel, CONFIG)[0], depends=tuple(made.sample(names, 3)))
        for name, version, build, channel in stated
    ]
    records.append(record("made-elsewhere", "1.0", "0", PYTORCH))  # so that exports name the channel of each package
    pip = tuple(pip_package(f"of-pip-{number}", f"{number}.0") for number in range(8))
    return PrefixContents(packages=tuple(records), distributions=pip)


def record(name: str, version: str, build: str, base_url: str, depends: tuple[str, ...] = ()) -> PackageRecord:
    file = f"{name}-{version}-{build}.conda"
    fields = {"subdir": "linux-64", "file_name": file, "url": f"{base_url}/linux-64/{file}", "depends": depends}
    return package(
        name, version, base_url, build=build, md5=f"{random.Random(base_url + file).randrange(16**32):032x}", **fields
    )


Edited = tuple[PrefixContents, str, str, str]
"""The environment after an edit, the name that is concerned, and the kind of drift there and back."""


def _edit(contents: PrefixContents, made: random.Random) -> Edited:
    """Change one thing."""
    chosen, distribution = made.choice(contents.packages), made.choice(contents.distributions)
    name, version, build, url = chosen.name, chosen.version, chosen.build, str(chosen.base_url)
    others = tuple(each for each in contents.packages if each is not chosen)
    rest = tuple(each for each in contents.distributions if each is not distribution)
    how = made.choice(["removed", "added", "version", "build", "channel", "pip", "pip removed", "pip added"])
    if how == "removed":
        return replace(contents, packages=others), name, "missing", "extra"
    if how == "added":
        new = record(f"new-{made.randrange(99)}", "1.0", "0", url, depends=("python",))
        needing = replace(chosen, depends=(*chosen.depends, new.name))  # as if an update had brought it
        return replace(contents, packages=(*others, needing, new)), new.name, "extra", "missing"
    if how == "pip":
        moved = replace(distribution, version=f"{distribution.version}.1")
        return replace(contents, distributions=(*rest, moved)), distribution.name, "version", "version"
    if how == "pip removed":
        return replace(contents, distributions=rest), distribution.name, "missing", "extra"
    if how == "pip added":
        return replace(contents, distributions=(*rest, distribution, pip_package("more"))), "more", "extra", "missing"
    changed = {
        "version": record(name, f"99.{version}", build, url, chosen.depends),
        "build": record(name, version, f"{build}_other", url, chosen.depends),
        "channel": record(name, version, build, LAB, chosen.depends),
    }[how]
    return replace(contents, packages=(*others, changed)), name, how, how


def _edits() -> Iterator[Any]:
    projects = _projects()
    for number in range(200):
        made = random.Random(number)
        contents = projects[number % len(projects)]
        yield contents, *_edit(contents, made), FORMATS[number % len(FORMATS)]


def test_one_edit_of_a_real_environment_is_the_drift_there_and_back(listed: Listed) -> None:
    edits = [*_edits()]
    assert {kind for _, _, _, kind, _, _ in edits} == {"missing", "extra", "version", "build", "channel"}
    exports: dict[tuple[int, ExportFormat, bool], Listing] = {}
    for before, after, name, there, back, (form, builds) in edits:
        unseen = there == "build" and not builds  # an export without builds asks for none
        key = (id(before), form, builds)
        old = exports[key] = exports.get(key) or listed(_export(before, form, builds=builds), f"file.{form}")
        new = listed(_export(after, form, builds=builds), f"file.{form}")
        assert _drift(after, old) == ([] if unseen else [(name, there)]), (form, builds)
        assert _drift(before, new) == ([] if unseen else [(name, back)]), (form, builds)
        assert _drift(after, new) == []


def _export(contents: PrefixContents, form: ExportFormat, *, builds: bool) -> str:
    environment = Environment(prefix="/e", name="e", contents=contents)
    return export_text(environment, CONFIG, format=form, builds=builds).text


def _drift(contents: PrefixContents, file: Listing) -> list[tuple[str, str]]:
    return [(each.name, each.kind) for each in drift_of(contents, file, CONFIG)]


# conda's own MatchSpec


_VERSIONS = ["0.4", "0.4.0", "0.4.1", "0.4.20", "1.0", "1!0.4", "2.0rc1", "0.4.20.post1"]
_WANTED = [
    "", "=0.4", "==0.4", "=0.4.20", ">=0.4", ">=0.4.1,<1", "<1|>2", " 0.4.*", "!=0.4", "!=0.4.*", "~=0.4.1",
    " 0.4.1", " 0.4", "=0.*", "=*", "=0.4.20rc1", "==1!0.4", ">", " 0..4", " ^0.*$",
]  # fmt: skip
_BUILDS = ["", "", "=h_0", "=*cuda*", "=py311*_1", " cuda_py311_1"]
_CHANNELS = ["", "", "conda-forge::", "pytorch::", "conda-forge/linux-64::", "*/noarch::", "defaults::", "conda-*::"]
_BRACKETS = [
    "", "", "", "[build_number=1]", "[build_number='>=1']", "[md5=" + "1" * 32 + "]", "[subdir=noarch]",
    "[channel=conda-forge]", "[version='>=1']", "[build=h_0]", "[sha256=" + "a" * 64 + "]",
]  # fmt: skip


def _pairs() -> Iterator[tuple[str, dict[str, Any]]]:
    made = random.Random(7)
    for _ in range(5000):
        version = made.choice(_WANTED)
        build = made.choice(_BUILDS) if version[:1] == "=" and version[1:2] != "=" else ""
        spec = f"{made.choice(_CHANNELS)}tool{version}{build}{made.choice(_BRACKETS)}"
        yield (
            spec,
            {
                "name": "tool" if made.random() < 0.95 else "other",
                "version": made.choice(_VERSIONS),
                "build": made.choice(["h_0", "cuda_py311_1", "py311_1"]),
                "build_number": made.choice([0, 1, 2]),
                "channel": made.choice([CONDA_FORGE, PYTORCH, "https://repo.anaconda.com/pkgs/main"]),
                "subdir": made.choice(["linux-64", "noarch"]),
                "md5": made.choice("12") * 32,
                "sha256": made.choice("ab") * 64,
            },
        )


def _meets(spec: str, fields: dict[str, Any]) -> bool | None:
    """Whether no drift is seen between an environment with this package alone and a file with this spec alone."""
    installed = PackageRecord(base_url=fields["channel"], **{k: v for k, v in fields.items() if k != "channel"})
    entry = conda_entry(spec, CONFIG)
    if entry is None:
        return None
    listing = Listing(column=Column(label="f", kind="spec list"), entries=(entry,))
    found = verify(PrefixContents(packages=(installed,)), listing, CONFIG)
    assert found.left_out == () or fields["name"] == "other"
    return found.drift == ()


def test_drift_is_what_condas_own_match_spec_does_not_match(tmp_path: Path) -> None:
    pairs = [*_pairs()]
    with CondaOracle(tmp_path) as conda:
        answers = conda.meets(pairs)
    differing = [
        (spec, fields, theirs, ours)
        for (spec, fields), theirs in zip(pairs, answers, strict=True)
        if (ours := _meets(spec, fields)) != theirs
    ]
    assert min(answers.count(True), answers.count(False)) > 700
    assert differing == []
