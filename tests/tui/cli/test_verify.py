"""`condatui verify`: what it finds, how it exits, and whether conda can still build the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import Result

from condatui_sandbox import Sandbox
from support.cli_runs import run_in
from support.sandboxes import manifest


def verified(sandbox: Sandbox, *arguments: str) -> tuple[int, dict[str, Any]]:
    result = run_in(sandbox, "verify", *arguments, "--json")
    return result.exit_code, json.loads(result.stdout)


def exported(sandbox: Sandbox, name: str, file: Path) -> str:
    result: Result = run_in(sandbox, "export", name, "-o", "-")  # no job, which would stay in the sandbox
    assert result.exit_code == 0, result.output
    file.write_text(result.stdout)
    return result.stdout


def test_an_environment_is_what_its_export_says_until_the_file_is_another(sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "environment.yml"
    text = exported(sandbox, "nlp-base", file)
    before = manifest(sandbox.prefixes["nlp-base"])
    result = run_in(sandbox, "verify", "nlp-base", str(file))
    assert (result.exit_code, result.stderr) == (0, "")
    assert "It is what environment.yml describes: 72 packages compared." in result.stdout

    lines = [line for line in text.splitlines() if "- numpy=" not in line]
    file.write_text("\n".join(lines).replace("python=3.11", "python=3.10").replace("- six=", "- seven="))
    result = run_in(sandbox, "verify", "nlp-base", "environment.yml", cwd=str(tmp_path))
    assert result.exit_code == 1
    assert "4 packages differ from environment.yml: 1 missing, 2 too many, 1 other version." in result.stdout
    code, document = verified(sandbox, "nlp-base", str(file))
    assert (code, document["matches"], document["solvable"], document["solve"]) == (1, False, None, None)
    assert [(each["name"], each["kind"]) for each in document["drift"]] == [
        ("numpy", "extra"), ("python", "version"), ("seven", "missing"), ("six", "extra"),
    ]  # fmt: skip
    assert manifest(sandbox.prefixes["nlp-base"]) == before


def test_what_is_no_file_of_an_environment_is_wrong_usage(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("FROM python\n")
    (tmp_path / "x.yml").write_text("dependencies: [python]\n")
    for arguments, words in {
        ("nlp-base", "not-there.yml"): "The file cannot be read.",
        ("nlp-base", "x.txt"): "This is a Dockerfile",
        ("not-there", "x.txt"): "There is no environment `not-there`.",
        ("half-cloned", "x.txt"): "has nothing to hold against a file.",
        ("nlp-base", "x.txt", "--offline"): "--offline needs --solve.",
        ("nlp-base", "x.yml", "--solve", "--platform", "osx-arm64"): "not for osx-arm64.",
    }.items():
        result = run_in(sandbox, "verify", *arguments, cwd=str(tmp_path))
        assert (result.exit_code, words in result.stderr) == (2, True), result.stderr


def test_conda_says_whether_it_can_still_build_the_file(sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "environment.yml"
    exported(sandbox, "vision-cpu", file)
    prefix = sandbox.prefixes["vision-cpu"]
    before = manifest(prefix), sorted(each.name for each in prefix.parent.iterdir())
    code, document = verified(sandbox, "vision-cpu", str(file), "--solve", "--offline")
    assert (code, document["matches"], document["solvable"]) == (0, True, True)
    assert document["solve"]["differs"] == []
    assert all(each["at"] for each in document["solve"]["indexes"])

    file.write_text("channels: [conda-forge]\ndependencies:\n- python=3.11\n- no-such-package>=2\n- pip: [rich]\n")
    result = run_in(sandbox, "verify", "vision-cpu", str(file), "--solve", "--offline")
    assert result.exit_code == 1
    assert "conda cannot build it, by what is on this machine:" in result.stdout
    assert "no-such-package" in result.stdout.partition("conda cannot build it")[2]
    assert "What pip is asked for is not part of this: 1 distribution." in result.stdout
    assert (manifest(prefix), sorted(each.name for each in prefix.parent.iterdir())) == before
