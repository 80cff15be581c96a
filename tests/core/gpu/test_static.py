"""What the files of an environment say of its frameworks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from condatui_core.gpu.static.reading import read_static
from condatui_core.gpu.static.torch_files import parse_version_file, read_build, read_local_version
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.environment import Environment
from condatui_core.records.gpu import StaticFacts
from condatui_sandbox import Sandbox
from support.prefixes import FakePrefix, make_prefix, manifest

PYTORCH = "https://conda.anaconda.org/pytorch"
ROOT = "lib/python3.11/site-packages"


@pytest.fixture
def prefix(tmp_path: Path) -> FakePrefix:
    return make_prefix(tmp_path / "env")


def read(
    prefix: FakePrefix | Path,
    home: Path = Path("/nowhere"),
    environ: Mapping[str, str] | None = None,
    machine: str = "linux-64",
) -> StaticFacts:
    contents = read_prefix(str(prefix))
    python = next((each.version for each in contents.packages if each.name == "python"), "")
    environment = Environment(prefix=str(prefix), name="env", contents=contents, python=python)
    return read_static(environment, home=home, environ=environ or {}, machine=machine)


def version_py(version: str, cuda: str | None) -> str:
    stated = (f"__version__ = {version!r}", f"cuda: Optional[str] = {cuda!r}", "hip: Optional[str] = None")
    return "\n".join(("from typing import Optional", *stated, ""))


def conda_torch(prefix: FakePrefix, build: str, cuda: str | None, **fields: object) -> None:
    files = {f"{ROOT}/torch/__init__.py": "", f"{ROOT}/torch/version.py": version_py("2.6.0", cuda)}
    prefix.package("pytorch", "2.6.0", build, files=files, **fields)  # type: ignore[arg-type]


def pip_torch(prefix: FakePrefix, version: str, cuda: str | None, distribution: str = "") -> None:
    prefix.pip_install("torch", distribution or version)
    prefix.write(f"{ROOT}/torch/version.py", version_py(version, cuda))


@pytest.mark.parametrize(
    ("source", "version", "kind", "cuda"),
    [
        (
            "__version__ = '2.13.0+cpu'\ncuda: Optional[str] = None\nhip: Optional[str] = None\n",
            "2.13.0+cpu",
            "cpu",
            "",
        ),
        ("__version__ = '2.13.0+cu130'\ncuda: Optional[str] = '13.0'\n", "2.13.0+cu130", "cuda", "13.0"),
        ("__version__ = '1.4.0'\ndebug = False\ncuda = '10.1'\ngit_version = 'x'\n", "1.4.0", "cuda", "10.1"),
        ("__version__ = '2.5.1+rocm6.2'\ncuda: str = None\nhip: str = '6.2.41133'\n", "2.5.1+rocm6.2", "rocm", ""),
        ("__version__ = '2.8.0+xpu'\ncuda = None\nxpu: str = '20250101'\n", "2.8.0+xpu", "xpu", ""),
    ],
)
def test_version_files_of_any_age_are_read_without_being_run(source: str, version: str, kind: str, cuda: str) -> None:
    stated = parse_version_file(source.encode())

    assert stated is not None
    assert (stated.version, stated.kind, stated.cuda) == (version, kind, cuda)


@pytest.mark.parametrize("source", [b"", b"\0", b"__version__ = (", b"cuda = '12.1'", b"\xff\xfe", b"(" * 100_000])
def test_a_damaged_version_file_says_nothing(source: bytes) -> None:
    assert parse_version_file(source) is None


@pytest.mark.parametrize(
    ("build", "kind", "cuda"),
    [
        ("py3.12_cuda12.1_cudnn9.1.0_0", "cuda", "12.1"),
        ("py3.7_cuda10.0.130_cudnn7.4.2_2", "cuda", "10.0"),
        ("py3.9_cpu_0", "cpu", ""),
        ("py3.11_0", "unknown", ""),
        ("py37_cuda0.0_cudnn0.0_1", "cpu", ""),
        ("cuda126_mkl_py311_hcada2b2_300", "cuda", "12.6"),
        ("cuda129_mkl_py312_hb9da02c_305", "cuda", "12.9"),
        ("cuda130_generic_py312_h18d3ae0_203", "cuda", "13.0"),
        ("cpu_mkl_py311_h1234567_100", "cpu", ""),
        ("cpu_generic_py310h3496f23_1", "cpu", ""),
        ("cuda118_py39hbf661d7_301", "cuda", "11.8"),
        ("cuda111py38h1234567_0", "cuda", "11.1"),
        ("cuda100py37h53c1284_0", "cuda", "10.0"),
        ("cpu_py38h9dbd814_1", "cpu", ""),
        ("gpu_cuda118py39he342708_0", "cuda", "11.8"),
        ("gpu_mps_py311h1234567_0", "cpu", ""),
        ("rocm6.2_py311_h1234567_0", "rocm", ""),
        ("", "unknown", ""),
    ],
)
def test_build_strings_tell_what_they_were_built_for(build: str, kind: str, cuda: str) -> None:
    assert read_build(build) == (kind, cuda)


@pytest.mark.parametrize(
    ("version", "kind", "cuda"),
    [
        ("2.5.1+cu124", "cuda", "12.4"),
        ("2.5.1+cpu", "cpu", ""),
        ("2.5.1+rocm6.2", "rocm", ""),
        ("2.8.0+xpu", "xpu", ""),
        ("2.13.0", "unknown", ""),
    ],
)
def test_the_end_of_a_wheels_version_tells_it_where_it_has_one(version: str, kind: str, cuda: str) -> None:
    assert read_local_version(version) == (kind, cuda)


def test_there_may_be_no_torch_at_all(prefix: FakePrefix) -> None:
    facts = read(prefix)

    assert facts.torch.presence == "absent"
    assert facts.python == f"{prefix}/bin/python3.11"
    assert facts.python_version == "3.11.9"


@pytest.mark.parametrize(
    ("machine", "subdir", "foreign"),
    [
        ("linux-64", "linux-64", ""),
        ("linux-64", "linux-aarch64", "linux-aarch64"),
        ("linux-64", "osx-arm64", "osx-arm64"),
        ("linux-aarch64", "linux-64", "linux-64"),
        ("linux-64", "linux-32", ""),
        ("osx-arm64", "osx-64", ""),
        ("linux-64", "noarch", ""),
    ],
)
def test_an_environment_of_another_platform_is_known_by_its_records(
    tmp_path: Path, machine: str, subdir: str, foreign: str
) -> None:
    prefix = FakePrefix(tmp_path / "env")
    prefix.package("python", "3.11.9", subdir=subdir)
    prefix.package("tzdata", "2025b", subdir="noarch")

    assert read(prefix, machine=machine).foreign == foreign


def test_there_may_be_no_python(tmp_path: Path) -> None:
    prefix = FakePrefix(tmp_path / "env")
    prefix.package("zlib")
    prefix.revision()

    assert read(prefix).python == ""


def test_the_version_file_goes_before_the_build_string(prefix: FakePrefix) -> None:
    conda_torch(prefix, "cuda126_mkl_py311_hcada2b2_300", None)
    torch = read(prefix).torch

    assert (torch.kind, torch.known_by) == ("cpu", "version.py")
    assert torch.conda is not None
    assert (torch.conda.kind, torch.conda.cuda, torch.conda.channel) == ("cuda", "12.6", "conda-forge")


def test_the_libraries_go_before_the_build_string(prefix: FakePrefix) -> None:
    prefix.package("pytorch", "2.6.0", "cpu_py38h9dbd814_1", files={"site-packages/torch/__init__.py": ""})
    prefix.write("lib/libtorch_cuda.so")
    torch = read(prefix).torch

    assert (torch.kind, torch.known_by, torch.libraries) == ("cuda", "libraries", ("libtorch_cuda.so",))


def test_the_build_string_goes_before_the_metadata(prefix: FakePrefix) -> None:
    prefix.package("pytorch", "2.6.0", "cuda118_py39hbf661d7_301", files={"site-packages/torch/__init__.py": ""})
    torch = read(prefix).torch

    assert (torch.kind, torch.build_cuda, torch.known_by) == ("cuda", "11.8", "build string")


def test_metadata_is_the_last_resort(prefix: FakePrefix) -> None:
    prefix.pip_install("torch", "2.5.1+cu124")
    torch = read(prefix).torch

    assert (torch.kind, torch.build_cuda, torch.known_by) == ("cuda", "12.4", "metadata")


def test_a_wheel_that_does_not_say_cuda_is_known_by_its_version_file(prefix: FakePrefix) -> None:
    pip_torch(prefix, "2.13.0+cu130", "13.0", distribution="2.13.0")
    torch = read(prefix).torch

    assert (torch.version, torch.kind, torch.build_cuda) == ("2.13.0+cu130", "cuda", "13.0")
    assert torch.distributions == (f"torch 2.13.0 ({ROOT}/torch-2.13.0.dist-info)",)
    assert torch.overwritten == ()


def test_what_must_change_together_with_torch_is_named(prefix: FakePrefix) -> None:
    pip_torch(prefix, "2.13.0+cu130", "13.0", distribution="2.13.0")
    prefix.pip_install("torchvision", "0.28.0")
    prefix.pip_install("torchmetrics", "1.8.0")

    assert read(prefix).torch.companions == ("torchvision",)


def test_libtorch_tells_where_pytorch_itself_does_not(prefix: FakePrefix) -> None:
    prefix.package("pytorch", "2.6.0", "py311h1234567_0", files={"site-packages/torch/__init__.py": ""})
    prefix.package("libtorch", "2.6.0", "cuda126_mkl_h1234567_300")
    torch = read(prefix).torch

    assert (torch.kind, torch.build_cuda) == ("cuda", "12.6")


def test_packages_that_say_what_was_wanted_prove_nothing(prefix: FakePrefix) -> None:
    conda_torch(prefix, "cpu_py38h9dbd814_1", None)
    prefix.package("pytorch-mutex", "1.0", "cuda", channel=PYTORCH)
    prefix.package("cudatoolkit", "11.8.0", "h6a678d5_0")
    torch = read(prefix).torch

    assert torch.kind == "cpu"
    assert torch.helpers == ("pytorch-mutex cuda", "cudatoolkit 11.8.0")


def test_pip_over_conda_is_seen_by_the_dist_info(prefix: FakePrefix) -> None:
    conda_torch(prefix, "cuda126_mkl_py311_hcada2b2_300", "12.6", depends=[])
    prefix.package(
        "torch-dist", files={"site-packages/torch-2.6.0.dist-info/METADATA": "Name: torch\nVersion: 2.6.0\n"}
    )
    pip_torch(prefix, "2.13.0+cpu", None)
    torch = read(prefix).torch

    assert torch.kind == "cpu"
    assert any("torch-2.13.0+cpu.dist-info" in line for line in torch.overwritten)


def test_pip_over_conda_is_seen_by_the_version_file_alone(prefix: FakePrefix) -> None:
    conda_torch(prefix, "cuda126_mkl_py311_hcada2b2_300", "12.6")
    assert read(prefix).torch.overwritten == ()

    prefix.write(f"{ROOT}/torch/version.py", version_py("2.6.0+cpu", None))

    assert read(prefix).torch.overwritten == (
        f"{ROOT}/torch/version.py is not the one that pytorch 2.6.0 cuda126_mkl_py311_hcada2b2_300 has brought",
    )


def test_two_wheels_over_each_other_are_seen(prefix: FakePrefix) -> None:
    pip_torch(prefix, "2.5.1", None)
    pip_torch(prefix, "2.6.0", None)

    assert len(read(prefix).torch.overwritten) == 2


@pytest.mark.parametrize("name", ["torch/lib/libtorch.so", "~orch/__init__.py", "-orch/x.py"])
def test_what_a_removal_has_left_is_no_torch(prefix: FakePrefix, name: str) -> None:
    prefix.write(f"{ROOT}/{name}")
    torch = read(prefix).torch

    assert torch.presence == "leftover"
    assert torch.leftovers == (f"{prefix}/{ROOT}/{name.partition('/')[0]}",)


def test_a_record_without_its_files_is_no_torch(prefix: FakePrefix) -> None:
    prefix.package("pytorch", "2.6.0", "cuda118_py39hbf661d7_301")
    torch = read(prefix).torch

    assert torch.presence == "leftover"
    assert "pytorch-2.6.0-cuda118_py39hbf661d7_301.json" in torch.leftovers[0]


def test_an_editable_torch_lies_where_its_sources_are(prefix: FakePrefix, tmp_path: Path) -> None:
    sources = tmp_path / "src" / "pytorch"
    (sources / "torch").mkdir(parents=True)
    (sources / "torch" / "__init__.py").touch()
    (sources / "torch" / "version.py").write_text(version_py("2.9.0a0+git", "12.8"))
    info = prefix.pip_install(
        "torch", "2.9.0a0", direct_url={"url": f"file://{sources}", "dir_info": {"editable": True}}
    )
    (prefix.site_packages / "torch" / "__init__.py").unlink()
    assert info.is_dir()
    torch = read(prefix).torch

    assert (torch.presence, torch.version, torch.build_cuda) == ("installed", "2.9.0a0+git", "12.8")


def test_a_torch_of_the_user_that_wins_is_seen(prefix: FakePrefix, tmp_path: Path) -> None:
    conda_torch(prefix, "cuda126_mkl_py311_hcada2b2_300", "12.6")
    for directory in (tmp_path / "home/.local" / ROOT, tmp_path / "path"):
        (directory / "torch").mkdir(parents=True)
        (directory / "torch" / "__init__.py").touch()
        (directory / "torch" / "version.py").write_text(version_py("2.1.0", None))
    environ = {"PYTHONPATH": f"relative{os.pathsep}{tmp_path}/path"}
    shadows = read(prefix, tmp_path / "home", environ).torch.shadows

    assert [(each.by, each.version) for each in shadows] == [("PYTHONPATH", "2.1.0"), ("user site", "2.1.0")]
    assert read(prefix, tmp_path / "home", {"PYTHONNOUSERSITE": "1"}).torch.shadows == ()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([("tensorflow", "2.21.0")], ("tensorflow", "2.21.0", "cuda", "")),
        ([("tensorflow-cpu", "2.16.1")], ("tensorflow", "2.16.1", "cpu", "")),
        ([("jax", "0.10.2"), ("jaxlib", "0.10.2")], ("jax", "0.10.2", "cpu", "")),
        ([("jax", "0.10.2"), ("jax-cuda12-plugin", "0.10.2")], ("jax", "0.10.2", "cuda", "12")),
        ([("cupy-cuda13x", "14.2.0")], ("cupy", "14.2.0", "cuda", "13")),
        ([("cupy-cuda112", "10.6.0")], ("cupy", "10.6.0", "cuda", "11.2")),
        ([("cupy-rocm-5-0", "12.0.0")], ("cupy", "12.0.0", "rocm", "")),
    ],
)
def test_other_frameworks_are_known_by_their_wheels(
    prefix: FakePrefix, names: list[tuple[str, str]], expected: tuple[str, str, str, str]
) -> None:
    for name, version in names:
        prefix.pip_install(name, version)
    (facts,) = read(prefix).others

    assert (facts.framework, facts.version, facts.kind, facts.build_cuda) == expected
    assert facts.mismatch == ""


def test_two_packages_of_one_framework_lie_over_each_other(prefix: FakePrefix) -> None:
    for name in ("cupy-cuda12x", "cupy-cuda13x"):
        prefix.pip_install(name, "14.2.0")
    (facts,) = read(prefix).others

    assert sorted(facts.distributions) == ["cupy-cuda12x", "cupy-cuda13x"]
    assert sorted(facts.duplicates) == ["cupy-cuda12x 14.2.0", "cupy-cuda13x 14.2.0"]


@pytest.mark.parametrize(
    ("names", "environ", "has"),
    [
        (["tensorflow"], {}, False),
        (["tensorflow", "nvidia-cudnn-cu12"], {}, True),
        (["tensorflow"], {"LD_LIBRARY_PATH": "/opt/cuda-12.4/lib64"}, None),
        (["tensorflow-cpu"], {}, None),
        (["cupy-cuda13x"], {}, False),
        (["cupy-cuda13x", "nvidia-cuda-nvrtc"], {}, True),
        (["cupy-cuda13x"], {"CUDA_PATH": "/opt/cuda"}, None),
    ],
)
def test_whether_a_framework_has_its_cuda_libraries(
    prefix: FakePrefix, names: list[str], environ: dict[str, str], has: bool | None
) -> None:
    for name in names:
        prefix.pip_install(name, "2.21.0")
    (facts,) = read(prefix, environ=environ).others

    assert facts.cuda_libraries is has


def test_a_framework_of_conda_depends_on_its_cuda_libraries(prefix: FakePrefix) -> None:
    prefix.package("cupy", "14.2.0", "py311h1234567_0")
    (facts,) = read(prefix).others

    assert facts.cuda_libraries is None


def test_parts_of_jax_that_do_not_belong_together_are_named(prefix: FakePrefix) -> None:
    for name, version in (("jax", "0.10.2"), ("jax-cuda12-plugin", "0.10.2"), ("jax-cuda12-pjrt", "0.12.0.1")):
        prefix.pip_install(name, version)
    (facts,) = read(prefix).others

    assert facts.mismatch == "jax-cuda12-pjrt 0.12.0.1, jax-cuda12-plugin 0.10.2"


def test_other_frameworks_are_known_by_condas_build_string(prefix: FakePrefix) -> None:
    prefix.package("tensorflow-base", "2.18.0", "cuda126py311h1234567_200")
    (facts,) = read(prefix).others

    assert (facts.framework, facts.kind, facts.build_cuda) == ("tensorflow", "cuda", "12.6")


def test_reading_changes_nothing(prefix: FakePrefix) -> None:
    conda_torch(prefix, "cuda126_mkl_py311_hcada2b2_300", "12.6")
    before = manifest(prefix.path)
    read(prefix)

    assert manifest(prefix.path) == before


def test_real_environments_are_read(sandbox: Sandbox) -> None:
    kinds = {name: read(sandbox.prefixes[name]).torch for name in ("nlp-base", "vision-cuda", "vision-cpu", "pip-mix")}

    assert {name: (torch.kind, torch.build_cuda) for name, torch in kinds.items()} == {
        "nlp-base": ("cuda", "12.6"),
        "vision-cuda": ("cuda", "12.4"),
        "vision-cpu": ("cpu", ""),
        "pip-mix": ("unknown", ""),
    }
    assert kinds["vision-cuda"].helpers == ("pytorch-cuda 12.4", "pytorch-mutex cuda", "cuda-cudart 12.4.127")
    assert all(torch.overwritten == () for torch in kinds.values())
