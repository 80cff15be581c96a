"""What an export leaves out on request: for other platforms, only what nothing else needs; and lock files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from condatui_core.analyses.builds import portable_build
from condatui_core.analyses.platforms import is_bound_to_platform
from condatui_core.environment_files.export import ExportText, export_text
from condatui_core.environment_files.reading import read_environment_file
from condatui_core.errors import UsageError
from condatui_core.records.environment import Environment
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import History, PrefixContents, Revision
from support.inventories import CONDA_FORGE, PYTORCH, environment, package, pip_package

CONFIG = ChannelConfig()


def _archive(name: str, *depends: str, build: str = "h0_0", **fields: object) -> PackageRecord:
    stated: dict[str, Any] = {
        "url": f"{CONDA_FORGE}/linux-64/{name}-1.0-{build}.conda",
        "subdir": "linux-64",
        "md5": "0" * 32,
        "sha256": "1" * 64,
        "depends": depends,
        "build": build,
        **fields,
    }
    return package(name, **stated)


def _environment(*packages: PackageRecord, pip: tuple[Distribution, ...] = (), **fields: object) -> Environment:
    contents = PrefixContents(packages=packages, distributions=pip, **fields)  # type: ignore[arg-type]
    return environment("research", contents=contents)


def _dependencies(export: ExportText) -> list[Any]:
    found = yaml.safe_load(export.text)["dependencies"]
    assert isinstance(found, list)
    return found


# For other platforms


@pytest.mark.parametrize(
    ("build", "pattern"),
    [
        ("cuda126_generic_py311_he5f81b5_200", "*cuda12*"),
        ("py3.11_cuda12.4_cudnn9.1.0_0", "*cuda12*"),
        ("py311_cu124", "*cu12*"),
        ("py38_cu92", "*cu9*"),
        ("cuda", "*cuda*"),
        ("cuda126_mkl_py311_h1234567_300", "*cuda12*mkl*"),
        ("cpu_generic_py311hd3aefb3_3", "*cpu*"),
        ("25_linux64_openblas", "*openblas*"),
        ("mkl", "*mkl*"),
        ("mpi_mpich_h1234567_0", "*mpi*mpich*"),
        ("nompi_h1234567_100", "*nompi*"),
        ("py311h64a7726_0", ""),
        ("hab00c5b_1_cpython", ""),
        ("pthreads_h94d23a6_1", ""),
        ("", ""),
    ],
)
def test_only_what_a_build_is_chosen_for_is_carried(build: str, pattern: str) -> None:
    assert portable_build(build) == pattern


@pytest.mark.parametrize(
    "name", ["_libgcc_mutex", "libgcc", "libstdcxx-ng", "libgfortran5", "ld_impl_linux-64", "gxx_linux-aarch64", "ucrt"]
)
def test_what_one_platform_alone_has_is_known_by_its_name(name: str) -> None:
    assert is_bound_to_platform(_archive(name))


@pytest.mark.parametrize(
    "name", ["numpy", "openssl", "python", "libblas", "llvm-openmp", "linux-tools", "pytorch-cuda"]
)
def test_what_other_platforms_have_as_well(name: str) -> None:
    assert not is_bound_to_platform(_archive(name))


@pytest.mark.parametrize("form", ["yaml", "requirements"])
def test_a_portable_export_has_no_builds_but_those_that_mean_something(form: str) -> None:
    torch = _archive("pytorch", build="cuda126_mkl_py311_h1234567_300", base_url=PYTORCH)
    here = _environment(_archive("libgcc"), _archive("numpy", build="py311h64a7726_0"), torch)
    export = export_text(here, CONFIG, format=form, portable=True)  # type: ignore[arg-type]
    assert "conda-forge::numpy=1.0\n" in export.text
    assert "pytorch::pytorch=1.0=*cuda12*mkl*\n" in export.text
    assert "libgcc" not in export.text and "linux" not in export.text
    assert export.notes == ("left out, since other platforms have others: libgcc",)
    assert export.packages == 2


def test_what_the_user_requested_is_portable_in_the_same_words_but_for_exact_builds() -> None:
    history = History(
        requested=(
            ("ld_impl_linux-64", "ld_impl_linux-64"),
            ("numpy", "numpy=1.0=py311h64a7726_0"),
            ("scipy", "scipy>=1"),
        )
    )
    packages = (_archive("ld_impl_linux-64"), _archive("numpy", build="py311h64a7726_0"), _archive("scipy"))
    export = export_text(_environment(*packages, history=history), CONFIG, portable=True, from_history=True)
    assert _dependencies(export) == ["numpy=1.0", "scipy>=1"]


@pytest.mark.parametrize(
    "spec",
    [
        "conda-forge/linux-64::numpy>=1",
        f"numpy[md5={'0' * 32}]",
        f"numpy[sha256={'0' * 64}]",
        "numpy[build_number=0]",
        "numpy[fn=numpy-1.0-h0_0.conda]",
    ],
)
def test_what_was_requested_of_one_platform_or_archive_is_portable_by_its_version(spec: str) -> None:
    history = History(requested=(("numpy", spec),))
    export = export_text(_environment(_archive("numpy"), history=history), CONFIG, portable=True, from_history=True)
    assert _dependencies(export) == ["numpy=1.0"]


@pytest.mark.parametrize("form", ["explicit", "conda-lock"])
@pytest.mark.parametrize("how", [{"portable": True}, {"leaves": True}])
def test_a_list_of_archives_has_no_room_for_less(form: str, how: dict[str, bool]) -> None:
    with pytest.raises(UsageError, match="names every archive"):
        export_text(_environment(_archive("a")), CONFIG, format=form, **how)  # type: ignore[arg-type]


# What nothing else needs


def _chain() -> tuple[PackageRecord, ...]:
    return (
        _archive("libx"),
        _archive("python", "libx"),
        _archive("numpy", "python", "libx >=1.0"),
        _archive("scipy", "conda-forge::numpy>=1", "python"),
    )


def test_leaves_are_what_nothing_else_needs_and_python() -> None:
    export = export_text(_environment(*_chain()), CONFIG, leaves=True)
    assert _dependencies(export) == ["python=1.0=h0_0", "scipy=1.0=h0_0"]
    assert _dependencies(export_text(_environment(*_chain()), CONFIG, leaves=True, builds=False))[1] == "scipy=1.0"
    assert "numpy" not in export_text(_environment(*_chain()), CONFIG, leaves=True, format="requirements").text


def test_what_was_requested_is_among_them_unless_a_clone_has_everything_as_requested() -> None:
    asked = History(requested=(("numpy", "numpy"),))
    assert (
        _dependencies(export_text(_environment(*_chain(), history=asked), CONFIG, leaves=True))[0] == "numpy=1.0=h0_0"
    )
    specs = tuple(f"{each.name}=1.0=h0_0" for each in _chain())
    clone = History(
        revisions=(Revision(number=0, command="conda create -n b --clone a", update_specs=specs),),
        requested=tuple((each.name, spec) for each, spec in zip(_chain(), specs, strict=True)),
    )
    assert _dependencies(export_text(_environment(*_chain(), history=clone), CONFIG, leaves=True)) == [
        "python=1.0=h0_0",
        "scipy=1.0=h0_0",
    ]


def test_of_packages_that_need_each_other_one_stands_for_all() -> None:
    circle = (_archive("b", "a"), _archive("a", "b"), _archive("c", "a"), _archive("x", "y"), _archive("y", "x"))
    assert _dependencies(export_text(_environment(*circle), CONFIG, leaves=True)) == ["c=1.0=h0_0", "x=1.0=h0_0"]


def test_of_pip_too_only_what_no_other_distribution_requires() -> None:
    pip = (
        pip_package("timm", requires=("einops", 'pytest; extra == "dev"')),
        pip_package("einops"),
        pip_package("pytest"),
    )
    export = export_text(_environment(_archive("pip"), _archive("python"), pip=pip), CONFIG, leaves=True)
    assert _dependencies(export) == ["pip=1.0=h0_0", "python=1.0=h0_0", {"pip": ["pytest==1.0", "timm==1.0"]}]


def test_of_wheels_that_conda_has_installed_too_only_what_nothing_needs() -> None:
    needed, needing = package("rich", base_url="pypi"), package("tool", base_url="pypi", depends=("rich",))
    export = export_text(_environment(_archive("python"), needed, needing), CONFIG, leaves=True)
    assert _dependencies(export) == ["python=1.0=h0_0", {"pip": ["tool==1.0"]}]


# Lock files


def _locked(tmp_path: Path, here: Environment) -> tuple[ExportText, Path]:
    export = export_text(here, CONFIG, format="conda-lock")
    file = tmp_path / "conda-lock.yml"
    file.write_text(export.text)
    return export, file


def test_conda_lock_reads_the_lock_file_and_renders_what_conda_installs(tmp_path: Path) -> None:
    from conda_lock.conda_lock import render_lockfile_for_platform
    from conda_lock.lockfile import parse_conda_lock_file

    wheel = pip_package("lab", origin="url", url="https://host/lab-1.0-py3-none-any.whl", sha256="2" * 64)
    noarch = _archive(
        "tqdm", "python >=3.8", "__unix", subdir="noarch", url=f"{CONDA_FORGE}/noarch/tqdm-1.0-h0_0.conda"
    )
    here = _environment(*_chain(), noarch, pip=(wheel,))
    export, file = _locked(tmp_path, here)
    lock = parse_conda_lock_file(file)
    assert {(each.manager, each.name, each.platform) for each in lock.package} == {
        *(("conda", name, "linux-64") for name in ("libx", "python", "numpy", "scipy", "tqdm")),
        ("pip", "lab", "linux-64"),
    }
    (tqdm,) = (each for each in lock.package if each.name == "tqdm")
    assert (tqdm.dependencies, tqdm.hash.md5, tqdm.hash.sha256) == ({"python": ">=3.8"}, "0" * 32, "1" * 64)
    assert [each.url for each in lock.metadata.channels] == ["conda-forge"]
    lines = render_lockfile_for_platform(
        lockfile=lock, include_dev_dependencies=False, extras=None, kind="explicit", platform="linux-64"
    )
    urls = [each for each in lines if each.startswith("http")]
    assert sorted(urls) == sorted(f"{each.url}#{each.md5}" for each in (*_chain(), noarch))
    assert urls.index(f"{CONDA_FORGE}/linux-64/libx-1.0-h0_0.conda#{'0' * 32}") == 0
    assert f"# pip lab @ https://host/lab-1.0-py3-none-any.whl#sha256={'2' * 64}" in lines
    assert (export.packages, export.notes) == (6, ())


def test_micromamba_finds_in_the_lock_file_what_it_insists_on(tmp_path: Path) -> None:
    """Its reader refuses a file without these: the checksum of each package, a platform, a source, a content hash."""
    unchecked = pip_package("lab", origin="url", url="https://host/lab-1.0-py3-none-any.whl")
    _, file = _locked(tmp_path, _environment(*_chain(), pip=(unchecked,)))
    document = yaml.safe_load(file.read_text())
    assert all(each["hash"]["sha256"] and each["url"] for each in document["package"])
    assert all(document["metadata"][each] for each in ("platforms", "sources", "content_hash", "channels"))
    assert {type(each["version"]) for each in document["package"]} == {str}


def test_condatui_reads_from_its_lock_file_what_it_has_written(tmp_path: Path) -> None:
    here = _environment(*_chain())
    _, file = _locked(tmp_path, here)
    cells = [each.cell for each in read_environment_file(file, CONFIG, "linux-64").entries]
    assert [(each.name, each.version, each.build, each.url, each.md5) for each in cells] == [
        (each.name, "1.0", "h0_0", each.url, each.md5) for each in sorted(_chain(), key=lambda each: each.name)
    ]


def test_what_a_lock_file_has_no_room_for_is_told(tmp_path: Path) -> None:
    from conda_lock.lockfile import parse_conda_lock_file

    lost = (package("no-url", subdir="linux-64", md5="0" * 32), _archive("no-md5", md5=""))
    pip = (pip_package("einops"), pip_package("own", origin="editable", location="/srv/own", sha256="2" * 64))
    export, file = _locked(tmp_path, _environment(_archive("a"), *lost, pip=pip))
    assert [each.name for each in parse_conda_lock_file(file).package] == ["a"]
    assert export.notes == (
        "left out, since the URL or the md5 is unknown: no-md5, no-url",
        "left out of pip's, since a lock file needs URL and sha256 of each: einops, own",
    )
    assert export.packages == 1


def test_a_lock_file_is_for_a_platform() -> None:
    with pytest.raises(UsageError, match="no platform"):
        export_text(_environment(_archive("a", subdir="noarch")), CONFIG, format="conda-lock")


def test_a_lock_file_holds_no_credentials_and_no_control_characters(tmp_path: Path) -> None:
    hostile = _archive("a", url="https://u:secret@host/t/tk-1/c/linux-64/a-1.0-h0_0.conda", version="1\x1b[31m")
    export, _ = _locked(tmp_path, _environment(hostile))
    assert "secret" not in export.text and "tk-1" not in export.text and "\x1b" not in export.text
