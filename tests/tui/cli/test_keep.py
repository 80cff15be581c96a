"""`condatui keep` on the sandbox: what is marked, what is listed, and what it protects."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from condatui_sandbox import Sandbox
from support.cli_runs import run_in
from support.disk_trees import write
from support.sandboxes import manifest
from support.tiers import thorough


@pytest.fixture
def box(sandbox: Sandbox, tmp_path: Path) -> Sandbox:
    """The sandbox of somebody who keeps what condatui writes down elsewhere."""
    return replace(sandbox, environ={**sandbox.environ, "CONDATUI_HOME": str(tmp_path / "own")})


def kept(box: Sandbox) -> dict[str, dict[str, object]]:
    result = run_in(box, "keep", "--json")
    assert result.exit_code == 0, result.output
    return {each["prefix"]: each for each in json.loads(result.stdout)["kept"]}


def test_it_is_marked_listed_and_unmarked(box: Sandbox) -> None:
    prefix = str(box.prefixes["notebooks"])
    before = manifest(box.prefixes["notebooks"])
    assert "Nothing is kept." in run_in(box, "keep").stderr
    assert run_in(box, "keep", "notebooks", "--note", "for the course").exit_code == 0
    assert kept(box)[prefix]["name"] == "notebooks"
    assert "for the course" in run_in(box, "keep").stdout
    listed = json.loads(run_in(box, "list", "--filter", "is:kept", "--json").stdout)["environments"]
    assert [(each["name"], each["kept"]["note"]) for each in listed] == [("notebooks", "for the course")]
    assert "kept: for the course" in run_in(box, "show", "notebooks").stdout
    assert run_in(box, "keep", prefix, "--undo").exit_code == 0
    assert kept(box) == {}
    assert manifest(box.prefixes["notebooks"]) == before


def test_what_is_kept_is_not_removed_by_accident(sandbox_copy: Callable[..., Sandbox]) -> None:
    box = sandbox_copy("notebooks")
    assert run_in(box, "keep", "notebooks", "--note", "for the course").exit_code == 0
    refused = run_in(box, "remove", "notebooks", "--yes")
    assert refused.exit_code == 3
    assert "notebooks is kept (for the course)." in refused.stderr
    assert "--override-kept" in refused.stderr
    assert box.prefixes["notebooks"].exists()
    asked = ("remove", "notebooks", "--override-kept")
    assert run_in(box, *asked, terminal=True, answer="y\n").exit_code == 130
    assert run_in(box, *asked, terminal=True, answer="notebooks\n").exit_code == 0
    assert not box.prefixes["notebooks"].exists()
    gone = kept(box)[str(box.prefixes["notebooks"])]
    assert gone["name"] is None
    assert "not there any more" in run_in(box, "keep").stdout
    assert run_in(box, "keep", "notebooks", "--undo").exit_code == 0
    assert kept(box) == {}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("nonesuch",), 2, "There is no environment `nonesuch`."),
        (("notebooks", "--undo"), 2, "notebooks is not kept."),
        *thorough(
            [
                (("--note", "x"), 2, "Name the environments"),
                (("notebooks", "--note", "x", "--undo"), 2, "exclude each other"),
                (("notebooks", "--note", "x" * 1001), 2, "1,001 characters"),
            ]
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(box: Sandbox, arguments: tuple[str, ...], code: int, said: str) -> None:
    result = run_in(box, "keep", *arguments)
    assert (result.exit_code, said in result.stderr) == (code, True), result.output
    assert kept(box) == {}


def test_a_file_that_cannot_be_read_is_told_and_protects_everything(box: Sandbox) -> None:
    config = Path(box.environ["CONDATUI_HOME"]) / "config"
    config.mkdir(parents=True)
    (config / "keep.yaml").write_text("keep: [")
    for arguments in (("keep",), ("keep", "notebooks")):
        result = run_in(box, *arguments)
        assert (result.exit_code, "keep.yaml: not valid YAML" in result.stderr) == (2, True), result.output
    removal = run_in(box, "remove", "notebooks", "--yes")
    assert (removal.exit_code, "Repair that file" in removal.stderr) == (3, True), removal.output
    assert run_in(box, "list").exit_code == 0
    assert (config / "keep.yaml").read_text() == "keep: ["


def test_one_that_nothing_else_points_to_is_there(box: Sandbox, tmp_path: Path) -> None:
    hidden = tmp_path / "deep/hidden"
    write(hidden / "conda-meta/history")
    assert run_in(box, "keep", str(hidden)).exit_code == 0
    assert kept(box)[str(hidden)]["name"] == str(hidden)
    assert "not there any more" not in run_in(box, "keep").stdout
