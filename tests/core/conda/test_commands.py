from __future__ import annotations

from pathlib import Path

from condatui_core.conda.commands import Caller, conda_environ, reading_environ
from condatui_core.records.installation import Installation

CONDA = Installation(executable="/opt/conda/bin/conda", root_prefix="/opt/conda")
MAMBA = Installation(executable="/bin/micromamba", root_prefix="/data/mamba", kind="micromamba")


def caller(**environ: str) -> Caller:
    return Caller(environ, Path("/home/ada"), 1000)


def test_what_would_spoil_conda_is_taken_out_and_everything_else_is_kept() -> None:
    spoiling = {"PYTHONPATH": "/mine", "PYTHONHOME": "/mine", "PYTHONINSPECT": "1", "FORCE_COLOR": "1"}
    environ = conda_environ(caller(**spoiling, http_proxy="p", CONDA_ENVS_PATH="/envs", CONDA_JSON="0"), CONDA)
    assert not spoiling.keys() & environ.keys()
    assert (environ["http_proxy"], environ["CONDA_ENVS_PATH"], environ["CONDA_JSON"]) == ("p", "/envs", "0")


def test_conda_looks_into_the_home_that_we_look_into() -> None:
    assert conda_environ(caller(HOME="/elsewhere"), CONDA)["HOME"] == "/home/ada"


def test_reading_asks_no_gpu_driver_unless_the_user_has_decided() -> None:
    assert reading_environ(caller(), CONDA)["CONDA_OVERRIDE_CUDA"] == ""
    assert reading_environ(caller(CONDA_OVERRIDE_CUDA="12.1"), CONDA)["CONDA_OVERRIDE_CUDA"] == "12.1"


def test_what_solves_may_ask_the_driver() -> None:
    assert "CONDA_OVERRIDE_CUDA" not in conda_environ(caller(), CONDA)


def test_reading_does_not_depend_on_the_active_environment() -> None:
    active = {"CONDA_PREFIX": "/envs/x", "CONDA_PREFIX_1": "/opt/conda", "CONDA_SHLVL": "2", "CONDA_DEFAULT_ENV": "x"}
    assert not active.keys() & reading_environ(caller(**active), CONDA).keys()
    assert active.items() <= conda_environ(caller(**active), CONDA).items()


def test_mamba_works_on_the_root_that_was_found() -> None:
    assert conda_environ(caller(MAMBA_ROOT_PREFIX="/other"), MAMBA)["MAMBA_ROOT_PREFIX"] == "/data/mamba"
    assert "MAMBA_ROOT_PREFIX" not in conda_environ(caller(), CONDA)
