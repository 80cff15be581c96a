"""What is in a sandbox: asked of its own conda, and looked up on the disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from condatui_sandbox import Sandbox
from support.sandboxes import conda, manifest

SITE_PACKAGES = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"


def listed(sandbox: Sandbox, prefix: Path) -> dict[str, dict[str, str]]:
    rows: list[dict[str, str]] = json.loads(conda(sandbox, "list", "-p", str(prefix), "--json"))
    return {row["name"]: row for row in rows}


def python(prefix: Path, code: str, environ: dict[str, str] | None = None) -> str:
    command = [str(prefix / "bin" / "python"), "-B", "-c", code]
    return subprocess.run(command, env=environ or {}, capture_output=True, text=True, check=True).stdout.strip()


def test_conda_itself_lists_every_environment_that_it_made(sandbox: Sandbox) -> None:
    assert str(sandbox.prefixes["deleted-project"]) in (sandbox.home / ".conda" / "environments.txt").read_text()
    found = set(json.loads(conda(sandbox, "env", "list", "--json"))["envs"])
    no_environments = {sandbox.prefixes["half-cloned"], sandbox.prefixes["deleted-project"]}
    assert found == {str(prefix) for prefix in set(sandbox.prefixes.values()) - no_environments}


def test_records_agree_with_what_conda_lists(sandbox: Sandbox) -> None:
    prefix = sandbox.prefixes["vision-cuda"]
    rows = listed(sandbox, prefix)
    names = {json.loads(file.read_text())["name"] for file in (prefix / "conda-meta").glob("*.json")}
    assert set(rows) == names
    assert rows["pytorch"]["channel"] == "pytorch"
    assert rows["pytorch"]["build_string"].endswith("_cuda12.4_cudnn9.1.0_0")
    assert rows["libcublas"]["channel"] == "nvidia"
    assert rows["python"]["channel"] == "conda-forge"


def test_base_has_conda_and_python(sandbox: Sandbox) -> None:
    rows = listed(sandbox, sandbox.root_prefix)
    assert rows["conda"]["version"] == "24.7.1"
    assert rows["python"]["version"] == ".".join(str(part) for part in sys.version_info[:3])


def test_environments_are_hard_linked_from_the_package_cache(sandbox: Sandbox) -> None:
    prefix = sandbox.prefixes["nlp-base"]
    record = json.loads(next((prefix / "conda-meta").glob("libtorch-*.json")).read_text())
    for path in record["files"]:
        installed, cached = (prefix / path).stat(), Path(record["extracted_package_dir"], path).stat()
        assert (installed.st_dev, installed.st_ino) == (cached.st_dev, cached.st_ino)
        assert installed.st_nlink > 2  # the near-duplicates share it too


def test_near_duplicates_differ_in_what_was_added(sandbox: Sandbox) -> None:
    base = listed(sandbox, sandbox.prefixes["nlp-base"])
    tuned = listed(sandbox, sandbox.prefixes["bert-finetune"])
    assert (base["transformers"]["version"], tuned["transformers"]["version"]) == ("4.47.1", "4.48.3")
    assert set(tuned) - set(base) == {"evaluate"}


@pytest.mark.parametrize("name", ["base", "nlp-base", "pip-mix", "segmentation"])
def test_the_python_of_an_environment_is_at_home_in_it(sandbox: Sandbox, name: str) -> None:
    prefix = sandbox.prefixes[name]
    assert python(prefix, "import sys, json; print(sys.prefix)") == str(prefix)


@pytest.mark.parametrize(
    ("name", "expected"), [("vision-cpu", "2.5.1 None"), ("vision-cuda", "2.5.1 12.4"), ("nlp-base", "2.6.0 12.6")]
)
def test_torch_says_what_it_was_built_for(sandbox: Sandbox, name: str, expected: str) -> None:
    assert python(sandbox.prefixes[name], "import torch; print(torch.__version__, torch.version.cuda)") == expected


def test_pip_replaced_numpy_behind_conda(sandbox: Sandbox) -> None:
    prefix = sandbox.prefixes["try-again-final-v2"]
    record = json.loads(next((prefix / "conda-meta").glob("numpy-1.26.4-*.json")).read_text())
    gone = [path for path in record["files"] if not (prefix / path).exists()]
    assert any(path.endswith("numpy-1.26.4.dist-info/METADATA") for path in gone)
    assert (prefix / SITE_PACKAGES / "numpy-2.0.2.dist-info" / "INSTALLER").read_text() == "pip\n"
    assert python(prefix, "import numpy; print(numpy.__version__)") == "2.0.2"
    assert json.loads(next((prefix / "conda-meta").glob("pandas-*.json")).read_text())["url"].count("pkgs/main") == 1


def test_pip_packages_come_from_everywhere(sandbox: Sandbox) -> None:
    site_packages = sandbox.prefixes["pip-mix"] / SITE_PACKAGES
    origins = {
        file.parent.name.split("-")[0]: json.loads(file.read_text())
        for file in site_packages.glob("*.dist-info/direct_url.json")
    }
    assert origins["trl"]["vcs_info"]["vcs"] == "git"
    assert origins["segtools"]["dir_info"] == {"editable": True}
    assert origins["labtools"]["url"] == (sandbox.home / "src" / "labtools").as_uri()
    assert origins["lab_metrics"]["url"].endswith(".whl")
    assert "einops" not in origins
    assert python(sandbox.prefixes["pip-mix"], "import segtools; print(segtools.__file__)").startswith(
        str(sandbox.home)
    )


def test_what_is_wrong_with_some(sandbox: Sandbox) -> None:
    prefixes = sandbox.prefixes
    assert json.loads((prefixes["prod-frozen"] / "conda-meta" / "frozen").read_text())["message"]
    assert "numpy 1.26.*" in (prefixes["train-pinned"] / "conda-meta" / "pinned").read_text().splitlines()
    assert "WANDB_API_KEY" in conda(sandbox, "env", "config", "vars", "list", "-p", str(prefixes["train-pinned"]))
    assert not (prefixes["half-cloned"] / "conda-meta").exists()
    assert any(prefixes["half-cloned"].rglob("*.py"))
    assert prefixes["current"].resolve() == prefixes["nlp-exp"]
    assert not prefixes["deleted-project"].exists()


def test_what_is_stale_looks_stale(sandbox: Sandbox) -> None:
    prefix = sandbox.prefixes["try-again-final-v2"]
    made = (sandbox.directory / "condatui-sandbox.json").stat().st_mtime
    interpreter = next((prefix / "bin").glob("python3.*"))
    for path in (prefix / "conda-meta" / "history", interpreter, prefix):
        assert 399 < (made - path.lstat().st_mtime) / 86400 < 401


def test_conda_stays_inside_whoever_calls_it(sandbox: Sandbox, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".conda").mkdir(parents=True)
    (home / ".conda" / "environments.txt").write_text("/gone/env\n")
    (home / ".condarc").write_text("channels: [elsewhere]\n")
    before = manifest(home)
    hostile = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "CONDARC": str(home / ".condarc"),
        "CONDA_PKGS_DIRS": str(home / "pkgs"),
        "CONDA_ENVS_DIRS": str(home / "envs"),
        "PYTHONPATH": str(home),
        "XDG_CACHE_HOME": str(home),
    }
    command = [str(sandbox.conda), "info", "--envs", "--json"]
    done = subprocess.run(command, env=hostile, capture_output=True, text=True, check=True)
    info = json.loads(done.stdout)
    assert info["pkgs_dirs"] == [str(sandbox.root_prefix / "pkgs")]
    assert info["config_files"] == [str(sandbox.home / ".condarc")]
    assert info["root_prefix"] == str(sandbox.root_prefix)
    assert "/gone/env" not in info["envs"]
    assert manifest(home) == before
    assert done.stderr == ""


def test_a_copy_can_be_broken_without_harm(sandbox: Sandbox, sandbox_copy: Callable[..., Sandbox]) -> None:
    original = sandbox.prefixes["notebooks"]
    before = manifest(original)
    copy = sandbox_copy("notebooks")
    prefix = copy.prefixes["notebooks"]
    assert prefix.is_relative_to(copy.directory)
    conda(copy, "create", "-y", "-q", "-n", "second", "--clone", "notebooks")
    conda(copy, "remove", "-y", "-q", "-p", str(prefix), "--all")
    assert not prefix.exists()
    second = copy.root_prefix / "envs" / "second"
    record = json.loads(next((second / "conda-meta").glob("pandas-*.json")).read_text())
    installed = second / next(path for path in record["files"] if path.endswith(".so"))
    assert installed.stat().st_nlink == 2  # the copy's own cache and the clone, nothing of the original
    assert manifest(original) == before
