"""Libraries that nothing loads, by made-up headers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from condatui_core.analyses.needs import Node
from condatui_core.analyses.slimming.libraries import (
    Loading,
    idle_packages,
    is_blas,
    is_cuda,
    opens_by_name,
    second_blas,
    second_versions,
)
from condatui_core.records.slimming import EnvironmentFile, LibraryNeeds

TORCH = "lib/python3.12/site-packages/torch/lib/libtorch_cuda.so"


def loading(needed: Mapping[str, Sequence[str]], links: Mapping[str, str] | None = None) -> Loading:
    """Who loads what, of files with their names as sonames, and symlinks."""
    return Loading(files(needed, links), [LibraryNeeds(path, "", tuple(names)) for path, names in needed.items()])


def files(paths: Mapping[str, object], links: Mapping[str, str] | None = None) -> list[EnvironmentFile]:
    found = [EnvironmentFile(path, "file", (1, number), 0, 0, 1) for number, path in enumerate(paths)]
    return found + [
        EnvironmentFile(path, "symlink", (2, number), 0, 0, 1, target=target)
        for number, (path, target) in enumerate((links or {}).items())
    ]


def pip(name: str) -> Node:
    return Node("pypi", name)


def test_a_part_of_cuda_is_used_if_anything_loads_it_through_whatever_parts() -> None:
    needed = {
        TORCH: ["libcusparse.so.12"],
        "x/libcusparse.so.12": ["libnvJitLink.so.12"],
        "x/libnvJitLink.so.12": [],
        "x/libnppc.so.12": ["libcusparse.so.12"],
    }
    parts = {
        pip("nvidia-cusparse-cu12"): ["x/libcusparse.so.12"],
        pip("nvidia-nvjitlink-cu12"): ["x/libnvJitLink.so.12"],
        pip("nvidia-npp-cu12"): ["x/libnppc.so.12"],
        pip("nvidia-empty"): [],
    }
    assert idle_packages(loading(needed), parts) == {pip("nvidia-npp-cu12")}


def test_a_name_leads_to_a_library_through_links() -> None:
    needed = {"bin/tool": ["libcudart.so.12"], "lib/libcudart.so.12.4.127": []}
    links = {"lib/libcudart.so.12": "libcudart.so.12.4", "lib/libcudart.so.12.4": "libcudart.so.12.4.127"}
    part = {Node("conda", "cuda-cudart"): ["lib/libcudart.so.12.4.127"]}
    assert idle_packages(loading(needed, links), part) == frozenset()
    assert idle_packages(loading(needed), part) == {*part}


def test_links_that_lead_in_a_circle_lead_nowhere() -> None:
    assert loading({"lib/a.so": []}, {"lib/b.so": "c.so", "lib/c.so": "b.so"}).loaded_by(["lib/a.so"]) == {"lib/a.so"}


def test_a_blas_is_second_only_where_another_one_is_loaded() -> None:
    both = {
        "lib/umath.so": ["libopenblas.so.0"],
        "lib/libopenblas.so.0": [],
        "lib/libmkl_rt.so.2": ["libmkl_core.so.2"],
        "lib/libmkl_core.so.2": [],
    }
    mkl = {Node("conda", "mkl"): ["lib/libmkl_rt.so.2", "lib/libmkl_core.so.2"]}
    openblas = {Node("conda", "libopenblas"): ["lib/libopenblas.so.0"]}
    assert second_blas(loading(both), {**mkl, **openblas}) == {*mkl}
    assert second_blas(loading({**both, "lib/umath.so": []}), {**mkl, **openblas}) == frozenset()
    bundled = {**both, "lib/umath.so": ["libscipy_openblas64_-1.so"], "numpy.libs/libscipy_openblas64_-1.so": []}
    assert second_blas(loading(bundled), {**mkl, **openblas}) == {*mkl, *openblas}


def test_an_older_version_that_nothing_loads_is_second() -> None:
    needed = {"bin/tool": ["libicu.so.75"], "lib/libicu.so.73": ["libc.so.6"], "lib/libicu.so.75": []}
    assert second_versions(loading(needed), files(needed)) == {"lib/libicu.so.73"}


def test_a_version_that_something_loads_or_the_bare_name_leads_to_is_not() -> None:
    needed = {"bin/tool": ["libtbb.so.12"], "lib/libtbb.so.2": [], "lib/libtbb.so.12": []}
    links = {"lib/libtbb.so": "libtbb.so.2"}
    assert second_versions(loading(needed, links), files(needed, links)) == frozenset()
    needed["bin/old"] = ["libtbb.so.2"]
    assert second_versions(loading(needed), files(needed)) == frozenset()


def test_where_none_of_several_versions_is_loaded_all_stay() -> None:
    needed: dict[str, list[str]] = {"lib/libplug.so.1": [], "lib/libplug.so.2": [], "bin/tool": []}
    assert second_versions(loading(needed), files(needed)) == frozenset()


def test_names_tell_what_belongs_to_cuda() -> None:
    parts = ("nvidia-cublas-cu12", "cudatoolkit", "cuda-cudart", "libcublas", "libcusparse-dev", "cudnn", "libcudnn")
    others = ("nvidia-ml-py", "pytorch", "libcurl", "numpy", "cudf")
    assert [is_cuda(Node("conda", name)) for name in parts] == [True] * len(parts)
    assert [is_cuda(Node("conda", name)) for name in others] == [False] * len(others)
    assert is_blas(Node("conda", "mkl"))


def test_frameworks_that_open_libraries_by_name_are_known() -> None:
    nodes = [pip("tensorflow"), pip("jax-cuda12-plugin"), pip("torch"), pip("numba"), pip("cupy-cuda12x")]
    assert opens_by_name(nodes) == ("cupy-cuda12x", "jax-cuda12-plugin", "numba", "tensorflow")
