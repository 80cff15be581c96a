"""Which variables a probe runs with."""

from __future__ import annotations

import pytest

from condatui_core.gpu.probe.environ import probe_environ, reported_variables

PREFIX = "/opt/conda/envs/train"
USER = {
    "HOME": "/home/ada",
    "PATH": "/usr/bin",
    "CUDA_VISIBLE_DEVICES": "1",
    "LD_LIBRARY_PATH": "/usr/local/cuda/lib64",
    "LD_PRELOAD": "/usr/lib/libtcmalloc.so",
    "PYTHONPATH": "/home/ada/lib",
    "PYTHONHOME": "/opt/python",
    "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
    "CUDA_LAUNCH_BLOCKING": "1",
    "COLUMNS": "80",
}


def test_what_is_the_users_reality_stays() -> None:
    environ = probe_environ(USER, PREFIX)
    assert environ["HOME"] == "/home/ada"
    assert environ["CUDA_VISIBLE_DEVICES"] == "1"
    assert environ["LD_LIBRARY_PATH"] == "/usr/local/cuda/lib64"


@pytest.mark.parametrize(
    "name",
    ["LD_PRELOAD", "PYTHONPATH", "PYTHONHOME", "PYTORCH_NVML_BASED_CUDA_CHECK", "CUDA_LAUNCH_BLOCKING", "COLUMNS"],
)
def test_what_would_spoil_the_answer_goes(name: str) -> None:
    assert name not in probe_environ(USER, PREFIX)


def test_the_environment_is_as_good_as_active() -> None:
    environ = probe_environ(USER, PREFIX)
    assert environ["CONDA_PREFIX"] == PREFIX
    assert environ["PATH"] == f"{PREFIX}/bin:/usr/bin"
    assert probe_environ({}, PREFIX)["PATH"] == f"{PREFIX}/bin"


def test_frameworks_take_no_more_than_they_need() -> None:
    environ = probe_environ({**USER, "OMP_NUM_THREADS": "64"}, PREFIX)
    assert environ["OMP_NUM_THREADS"] == environ["MKL_NUM_THREADS"] == "1"
    assert environ["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false"
    assert environ["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
    assert "KMP_DUPLICATE_LIB_OK" not in environ, "it would hide that there are two OpenMP"


def test_the_variables_of_the_environment_win() -> None:
    variables = (("CUDA_VISIBLE_DEVICES", "3"), ("LD_PRELOAD", "/env/lib/libjemalloc.so"))
    environ = probe_environ(USER, PREFIX, variables)
    assert environ["CUDA_VISIBLE_DEVICES"] == "3"
    assert environ["LD_PRELOAD"] == "/env/lib/libjemalloc.so"
    assert dict(reported_variables(USER, environ))["CUDA_VISIBLE_DEVICES"] == "3"
    assert "LD_PRELOAD" not in dict(reported_variables(USER, environ)), "nothing was taken away"


@pytest.mark.parametrize("variable", [("A=B", "x"), ("", "x"), ("A", "x\0y")])
def test_what_cannot_be_a_variable_is_none(variable: tuple[str, str]) -> None:
    assert probe_environ(USER, PREFIX, [variable]) == probe_environ(USER, PREFIX)


def test_a_second_run_does_without_one() -> None:
    assert "LD_LIBRARY_PATH" not in probe_environ(USER, PREFIX, variant="no-ld-library-path")
    assert "CUDA_VISIBLE_DEVICES" not in probe_environ(USER, PREFIX, variant="no-cuda-visible-devices")
    assert "CUDA_VISIBLE_DEVICES" in probe_environ(USER, PREFIX, variant="no-ld-library-path")


def test_it_is_told_what_was_set_and_what_was_taken_away() -> None:
    told = reported_variables(USER, probe_environ(USER, PREFIX))
    assert dict(told) == {
        name: USER[name]
        for name in ("CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH", "LD_PRELOAD", "PYTORCH_NVML_BASED_CUDA_CHECK")
    }
    second = reported_variables(USER, probe_environ(USER, PREFIX, variant="no-ld-library-path"))
    assert "LD_LIBRARY_PATH" not in dict(second)
