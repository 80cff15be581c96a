"""`condatui restore`: the list, and what cannot be brought back."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from condatui_core.actions.joined_files import JoinedFile, write_joined
from condatui_sandbox import Sandbox
from support.cli_runs import run_in
from support.sandboxes import manifest


@pytest.fixture
def removed(sandbox_copy: Callable[..., Sandbox]) -> Iterator[Sandbox]:
    """A sandbox whose notebooks were removed."""
    sandbox = sandbox_copy("notebooks")
    result = run_in(sandbox, "remove", "notebooks", "--yes")
    assert result.exit_code == 0, result.output
    yield sandbox


def test_the_list_says_what_it_takes_to_bring_each_one_back(removed: Sandbox) -> None:
    for arguments in (("restore",), ("restore", "--list")):
        printed = run_in(removed, *arguments)
        assert printed.exit_code == 0
        assert printed.stdout.splitlines()[0].split()[:2] == ["id", "made"]
        assert "-notebooks" in printed.stdout
        assert "everything is here" in printed.stdout
    assert "`condatui restore ID`" in run_in(removed, "restore").stderr


def test_the_list_tells_what_was_interrupted(removed: Sandbox) -> None:
    (journal,) = removed.directory.glob("**/state/jobs/*")
    (journal / "events.jsonl").write_text("")
    for arguments in (("restore", "--list"), ("list",)):
        printed = run_in(removed, *arguments)
        assert printed.exit_code == 0, printed.stderr
        assert "condatui: Remove notebooks was interrupted. What it has left is told" in printed.stderr


def test_a_target_that_is_there_again_is_refused(removed: Sandbox) -> None:
    mine: Path = removed.prefixes["notebooks"]
    mine.mkdir()
    result = run_in(removed, "restore", "notebooks", "--yes")
    assert result.exit_code == 3
    assert "nothing is ever replaced" in result.stderr
    assert list(mine.iterdir()) == []


def test_without_the_conda_that_had_it_the_exit_code_says_so(removed: Sandbox) -> None:
    removed.conda.unlink()
    result = run_in(removed, "restore", "notebooks", "--dry-run")
    assert result.exit_code == 4
    assert "cannot be used" in result.stderr


def test_a_dry_run_says_what_would_come_back_and_changes_nothing(removed: Sandbox) -> None:
    before = manifest(removed.home / "miniforge3/envs"), manifest(removed.home / ".conda")
    plan = json.loads(run_in(removed, "restore", "notebooks", "--dry-run", "--json").stdout)["plan"]
    assert (plan["request"]["type"], plan["blockers"], plan["packages"] > 40) == ("restore", [], True)
    assert (manifest(removed.home / "miniforge3/envs"), manifest(removed.home / ".conda")) == before


def test_after_a_relink_it_undoes_no_older_change_and_says_what_undoes_that(removed: Sandbox) -> None:
    prefix = removed.home / "shared"
    prefix.mkdir()
    (prefix / "joined").write_text("the same")
    os.link(prefix / "joined", prefix / "with")
    joined = JoinedFile("joined", (prefix / "joined").stat().st_ino, 0)
    relinked = removed.home / ".condatui/state/relinked"
    relinked.mkdir()
    write_joined(relinked, str(prefix), [joined])
    listed = run_in(removed, "restore", "--list").stderr
    assert f"files that a relink has joined; `condatui relink --undo ENV` undoes it in one: {prefix}" in listed
    result = run_in(removed, "restore", "--yes")
    assert (result.exit_code, removed.prefixes["notebooks"].exists()) == (2, False)
    undo = f"`condatui relink --undo {prefix}` does that"
    assert f"{undo}; `condatui restore ID` undoes an earlier change." in result.stderr


def test_yes_without_an_id_undoes_the_last_change(removed: Sandbox) -> None:
    plan = json.loads(run_in(removed, "restore", "--dry-run", "--json").stdout)["plan"]
    assert plan["title"] == "Bring back notebooks"
    result = run_in(removed, "restore", "--yes")
    assert (result.exit_code, removed.prefixes["notebooks"].is_dir()) == (0, True), result.output
    again = run_in(removed, "restore", "--yes")
    assert (again.exit_code, "no change to undo" in again.stderr) == (2, True)


@pytest.mark.parametrize("arguments", [("restore", "nope", "--json"), ("remove", "nope"), ("clone", "nope", "new")])
def test_a_wrong_name_is_told_before_the_missing_terminal(sandbox: Sandbox, arguments: tuple[str, ...]) -> None:
    result = run_in(sandbox, *arguments)
    assert (result.exit_code, "terminal" in result.stderr) == (2, False)


def test_a_damaged_restore_point_is_one_line_of_the_list(removed: Sandbox) -> None:
    (point,) = (removed.home / ".condatui/state/restore").iterdir()
    (point / "manifest.json").write_text("no manifest")
    _, line, *_ = run_in(removed, "restore", "--list").stdout.splitlines()
    assert "The restore point is damaged: " in line and "manifest.json" in line
    assert "\\n" not in line


def test_an_id_that_is_none_is_wrong_usage(sandbox: Sandbox) -> None:
    result = run_in(sandbox, "restore", "20260101-000000-none", "--yes")
    assert result.exit_code == 2
    assert "There is no restore point" in result.stderr


def test_several_come_back_by_one_plan(sandbox_copy: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_copy("notebooks", "prod-frozen")
    (sandbox.prefixes["prod-frozen"] / "conda-meta/frozen").unlink()
    both = [sandbox.prefixes[name] for name in ("notebooks", "prod-frozen")]
    before = [manifest(each) for each in both]
    assert run_in(sandbox, "remove", *map(str, both), "--yes").exit_code == 0
    done = run_in(sandbox, "restore", *map(str, both), "--yes")
    assert done.exit_code == 0, done.output
    assert "Restore 2 environments: 2 of 2 done. " in done.stdout
    assert [manifest(each) for each in both] == before
