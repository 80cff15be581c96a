"""`conda curate`, where the wheel is installed beside a conda."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from condatui_sandbox import Sandbox

CONDA = """
import os, sys
root, installed, *needed = sys.argv[1].split(os.pathsep)
del sys.argv[1]
sys.path[1:1] = [installed, *needed]
sys.prefix = root
import conda.common._os
conda.common._os.is_admin = lambda: False  # else it reads the list of environments of every user
from conda.plugins.manager import CondaPluginManager
before = CondaPluginManager.load_entrypoints
def load(self, group, name=None):
    return before(self, group, "condatui")  # and not those of what lies beside conda's own requirements
CondaPluginManager.load_entrypoints = load
from conda.cli.main import main
sys.argv[0] = root + "/bin/conda"
sys.exit(main())
"""
"""A conda that has its plugins, unlike the one of the sandbox."""


@pytest.fixture
def conda(sandbox: Sandbox, installed: Path) -> list[str]:
    """The command of a conda beside which condatui is installed."""
    (site_packages,) = installed.parent.glob("lib/python3.*/site-packages")
    (of_conda,) = sandbox.root_prefix.glob("lib/python3.*/site-packages")
    own = next(path for path in sys.path if path.endswith("site-packages"))
    places = (str(sandbox.root_prefix), str(site_packages), str(of_conda), own)
    return [str(installed / "python"), "-c", CONDA, os.pathsep.join(places)]


def run(conda: list[str], sandbox: Sandbox, own: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {**sandbox.environ, "CONDATUI_HOME": str(own), "CONDATUI_USUAL_PLACES": "0"}
    environ.pop("CONDA_EXE", None)
    return subprocess.run(
        [*conda, *arguments], env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def test_conda_has_the_command_which_knows_this_conda_and_keeps_the_exit_code(
    conda: list[str], sandbox: Sandbox, tmp_path: Path
) -> None:
    done = run(conda, sandbox, tmp_path, "curate", "list", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["conda"]["root_prefix"] == str(sandbox.root_prefix)
    assert "nlp-exp" in {each["name"] for each in document["environments"]}
    done = run(conda, sandbox, tmp_path, "curate", "show", "no-such")
    assert (done.returncode, "There is no environment `no-such`." in done.stderr) == (2, True)
    assert "condatui" in run(conda, sandbox, tmp_path, "--help").stdout
    helped = run(conda, sandbox, tmp_path, "curate", "--help")
    assert (helped.returncode, "Usage: condatui" in helped.stdout) == (0, True), helped.stdout + helped.stderr
    wrong = run(conda, sandbox, tmp_path, "curate", "list", "--jsn")
    assert (wrong.returncode, "No such option" in wrong.stderr) == (2, True), wrong.stderr


def test_conda_imports_nothing_of_condatui_before_the_command_is_run(
    conda: list[str], sandbox: Sandbox, tmp_path: Path
) -> None:
    script = conda[2].replace(
        "sys.exit(main())",
        "main()\nprint(sorted(each for each in sys.modules if each.startswith('condatui')))",
    )
    done = run([*conda[:2], script, conda[3]], sandbox, tmp_path, "config", "--show", "root_prefix")
    assert done.stdout.splitlines()[-1] == "['condatui_plugin']", done.stderr
