"""`condatui remove` on a real sandbox."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import pytest

from condatui.cli.remove import paths_of
from condatui_core.errors import UsageError
from condatui_sandbox import Sandbox
from support.cli_runs import run_in
from support.inventories import environment
from support.kernels import make_kernel
from support.sandboxes import manifest


def test_removed_and_brought_back_with_lines_of_json(sandbox_copy: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_copy("notebooks", "half-cloned")
    prefix = sandbox.prefixes["notebooks"]
    kernel = make_kernel(sandbox.home / ".local/share/jupyter/kernels/nb", str(prefix / "bin/python"))
    files = {path.relative_to(prefix): path.lstat().st_size for path in prefix.rglob("*") if not path.is_dir()}
    result = run_in(sandbox, "remove", "notebooks", "half-cloned", "--with-kernels", "--yes", "--json")
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert lines[0]["plan"]["request"] == {
        "type": "remove",
        "prefixes": [str(prefix), str(sandbox.prefixes["half-cloned"])],
        "restore_point": True,
        "override_frozen": False,
        "override_kept": False,
        "with_kernels": True,
        "stops": False,
    }
    stages = [line["event"]["name"] for line in lines[1:-1] if line["event"]["type"] == "stage"]
    assert stages == ["look", "keep", "remove", "leftovers", "kernels", "look", "keep", "remove", "leftovers"]
    assert [each["path"] for each in lines[0]["plan"]["removal"]["kernels"]] == [str(kernel)]
    points = lines[-1]["result"]["outcome"]["restore_points"]
    assert not prefix.exists()
    assert not kernel.exists()
    listed = json.loads(run_in(sandbox, "restore", "--json").stdout)["restore_points"]
    assert [each["id"] for each in listed] == sorted(points, reverse=True)
    back = run_in(sandbox, "restore", "notebooks", "--yes")
    assert back.exit_code == 0, back.output
    assert "exactly as it was" in back.stdout
    assert (kernel / "kernel.json").is_file()
    assert {path.relative_to(prefix): path.lstat().st_size for path in prefix.rglob("*") if not path.is_dir()} == files


def test_a_dry_run_shows_the_command_and_changes_nothing(sandbox: Sandbox) -> None:
    before = manifest(sandbox.prefixes["notebooks"])
    result = run_in(sandbox, "remove", "notebooks", "--dry-run")
    assert result.exit_code == 0
    assert f"{sandbox.conda} remove --prefix {sandbox.prefixes['notebooks']} --all" in result.stdout
    assert manifest(sandbox.prefixes["notebooks"]) == before


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("base", "--yes"), 3, "base of a conda"),
        (("prod-frozen", "--yes"), 3, "is frozen: Serves the ranking model."),
        (("notebooks",), 3, "no terminal to ask"),
        (("nonesuch", "--yes"), 2, "There is no environment `nonesuch`."),
        (("./miniforge3/pkgs", "--yes"), 2, "There is no environment"),
        ((), 2, "Missing argument"),
    ],
)
def test_what_is_surely_a_mistake_is_refused(
    sandbox: Sandbox, arguments: tuple[str, ...], code: int, said: str
) -> None:
    result = run_in(sandbox, "remove", *arguments)
    assert (result.exit_code, said in result.stderr) == (code, True), result.output
    assert sandbox.prefixes["notebooks"].exists()


def test_without_a_restore_point_the_name_has_to_be_typed(sandbox_copy: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_copy("notebooks")
    arguments = ("remove", "notebooks", "--no-restore-point")
    assert run_in(sandbox, *arguments, terminal=True, answer="y\n").exit_code == 130
    assert sandbox.prefixes["notebooks"].exists()
    assert run_in(sandbox, *arguments, terminal=True, answer="notebooks\n").exit_code == 0
    assert not sandbox.prefixes["notebooks"].exists()
    assert "no restore points" in run_in(sandbox, "restore").stderr


def test_by_the_name_of_a_link_only_the_link_goes(sandbox_copy: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_copy("nlp-exp", "current")
    result = run_in(sandbox, "remove", "current", "--yes")
    assert result.exit_code == 0, result.output
    assert not os.path.lexists(sandbox.prefixes["current"])
    assert sandbox.prefixes["nlp-exp"].is_dir()


def test_names_and_paths_are_told_from_links() -> None:
    nlp = environment("nlp", aliases=("/data/current",))
    assert paths_of((nlp,), ("nlp", "current", nlp.prefix), "/") == (nlp.prefix, "/data/current")
    with pytest.raises(UsageError):
        paths_of((nlp,), ("/etc",), "/")
