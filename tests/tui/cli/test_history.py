"""`condatui history`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent, indent

import pytest
from click.testing import CliRunner, Result

from condatui.cli.invocation import Invocation
from condatui.cli.main import condatui
from condatui_core.prefixes.history import parse_history
from condatui_core.records.prefix import History, PrefixContents
from condatui_sandbox import Sandbox
from support.cli_runs import run_in
from support.histories import CONDA_26
from support.inventories import CONDA_FORGE, NOW, LoadedWorkbench, environment, inventory, package


def run(home: Path, *arguments: str, text: str = CONDA_26) -> Result:
    """Show a history of an environment in which numpy is as the last revision left it."""
    url = f"{CONDA_FORGE}/linux-64/numpy-1.26.4-py311h64a7726_0.conda"
    numpy = package("numpy", "1.26.4", build="py311h64a7726_0", url=url, subdir="linux-64")
    contents = PrefixContents(packages=(numpy,), history=History(revisions=parse_history(text)))
    machine = inventory(environment("e", contents=contents), environment("broken", state="broken"))
    invocation = Invocation(
        environ={"CONDATUI_HOME": str(home)},
        home=home,
        cwd="/",
        clock=lambda: NOW,
        terminal=False,
        make_workbench=lambda *_: LoadedWorkbench(machine),  # type: ignore[arg-type]
    )
    return CliRunner().invoke(condatui, ["history", *arguments], obj=invocation)


@pytest.fixture
def local_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The zone of NOW is that of this machine."""
    monkeypatch.setenv("TZ", "XYZ-2")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_the_document_has_the_fields_that_it_promises(tmp_path: Path, local_time: None) -> None:
    document = json.loads(run(tmp_path, "e", "--json").stdout)
    assert (document["format"], document["name"]) == (1, "e")
    assert document["revisions"][1] == {
        "number": 1,
        "at": "2026-05-07T05:08:09Z",
        "command": "conda update --all",
        "by": "",
        "conda_version": "26.3.1",
        "added": [],
        "removed": [],
        "changed": [
            {
                "name": "libblas",
                "kind": "build",
                "from": "3.9.0=20_linux64_openblas",
                "to": "3.9.0=20_linux64_mkl",
                "from_channel": "conda-forge",
                "to_channel": "conda-forge",
            },
            {
                "name": "numpy",
                "kind": "up",
                "from": "1.26.4=py311h64a7726_0",
                "to": "2.0.0=py311h1234567_0",
                "from_channel": "conda-forge",
                "to_channel": "conda-forge",
            },
        ],
        "requested": {"numpy": "numpy", "tqdm": "tqdm"},
        "present": False,
        "restorable": True,
        "to_download": [
            "libblas-3.9.0-20_linux64_mkl",
            "numpy-2.0.0-py311h1234567_0",
            "tqdm-4.66.1-pyhd8ed1ab_0",
            "zlib-1.2.13-h5eee18b_0",
        ],
        "download_bytes": None,
        "unknown": [],
    }
    assert document["revisions"][2]["removed"] == ["tqdm-4.66.1-pyhd8ed1ab_0"]
    assert [len(each["added"]) for each in document["revisions"]] == [4, 0, 0, 0]


def test_the_page_has_a_block_for_each_revision_newest_first(tmp_path: Path, local_time: None) -> None:
    page = run(tmp_path, "e").stdout
    newest = """\
        3 2026-05-09 07:08 · conda 26.7.1
          $ conda install numpy=1.26
          ↓ numpy 2.0.0 → 1.26.4
          Going back downloads 2 packages: libblas-3.9.0-20_linux64_mkl, zlib-1.2.13-h5eee18b_0.

        2 2026-05-08 07:08 · conda 26.7.1
          $ conda remove tqdm
          − tqdm 4.66.1
        """
    assert page.startswith(indent(dedent(newest), " "))
    oldest = "libblas-3.9.0-20_linux64_openblas, tqdm-4.66.1-pyhd8ed1ab_0, zlib-1.2.13-h5eee18b_0"
    assert page.endswith(f"Going back downloads 3 packages: {oldest}.\n")


def test_what_has_no_history_says_so(tmp_path: Path) -> None:
    assert run(tmp_path, "broken").stdout == "broken has no history: conda-meta/history says nothing.\n"
    assert json.loads(run(tmp_path, "broken", "--json").stdout)["revisions"] == []


def test_a_history_that_cannot_be_read_is_not_taken_for_an_empty_one(sandbox_copy: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_copy("notebooks")
    history = sandbox.prefixes["notebooks"] / "conda-meta/history"
    history.unlink()
    history.mkdir()
    result = run_in(sandbox, "history", "notebooks", "--json")
    assert json.loads(result.stdout)["revisions"] == []
    assert "condatui: The history of notebooks cannot be read: " in result.stderr


def test_an_environment_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    assert run(tmp_path, "nothing").exit_code == 2


def test_a_real_environment_over_an_update(sandbox: Sandbox) -> None:
    result = run_in(sandbox, "history", "bert-finetune", "--json")
    assert result.exit_code == 0, result.output
    made, updated = json.loads(result.stdout)["revisions"]
    assert [(each["name"], each["from"].partition("=")[0], each["kind"]) for each in updated["changed"]] == [
        ("transformers", "4.47.1", "up")
    ]
    assert [each.rsplit("-", 2)[0] for each in updated["added"]] == ["evaluate"]
    assert (updated["present"], updated["restorable"], updated["to_download"]) == (True, True, [])
    assert (made["present"], made["restorable"], made["to_download"], made["unknown"]) == (False, True, [], [])
