"""`condatui unpack` and `condatui ship` on a machine without any conda, with nobody at a terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from condatui.cli.invocation import Invocation
from condatui.cli.main import condatui
from condatui.cli.run_action import way_out_words
from condatui_core.analyses.slimming.classes import USUAL
from condatui_core.records.request import ShipRequest
from support.packed import pack_files, packed_files
from support.prefixes import make_prefix

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run condatui in an empty directory."""
    (tmp_path / "here").mkdir()

    def run(*arguments: str) -> Result:
        invocation = Invocation(
            environ={"CONDATUI_HOME": str(tmp_path / "own"), "CONDATUI_USUAL_PLACES": "0", "PATH": "/usr/bin:/bin"},
            home=tmp_path,
            cwd=str(tmp_path / "here"),
            clock=lambda: datetime.now().astimezone(),
            terminal=False,
        )
        return CliRunner().invoke(condatui, list(arguments), obj=invocation)

    return run


def test_an_archive_becomes_an_environment_and_never_over_something(run: Run, tmp_path: Path) -> None:
    pack_files(tmp_path / "here/env.tar.zst", packed_files())
    planned = run("unpack", "env.tar.zst", "new", "--dry-run")
    assert planned.exit_code == 0, planned.output
    assert "Unpack env.tar.zst to" in planned.stdout and not (tmp_path / "here/new").exists()
    assert run("unpack", "env.tar.zst", "new").exit_code == 3, "nobody can be asked"
    done = run("unpack", "env.tar.zst", "new", "--yes", "--register")
    assert done.exit_code == 0, done.output
    assert "python 3.11.9 starts" in done.stdout
    assert (tmp_path / ".conda/environments.txt").read_text() == f"{tmp_path}/here/new\n"
    again = run("unpack", "env.tar.zst", "new", "--yes")
    assert again.exit_code == 3 and "is an environment already" in again.stderr


@pytest.mark.parametrize("arguments", [("nothing.tar.gz", "new"), ("text", "new"), (".", "new"), ("", "new")])
def test_what_is_no_archive_is_bad_usage(arguments: tuple[str, ...], run: Run, tmp_path: Path) -> None:
    (tmp_path / "here/text").write_text("hello")
    done = run("unpack", *arguments, "--yes")
    assert done.exit_code == 2 and "Traceback" not in done.output
    assert [each.name for each in (tmp_path / "here").iterdir()] == ["text"]


def test_an_image_is_described_in_words_and_in_json(run: Run, tmp_path: Path) -> None:
    prefix = make_prefix(tmp_path / "service")
    prefix.write("bin/python", "#!ELF")
    done = run("ship", str(prefix), "-o", "image", "--port", "80", "--command", "python -m 'my app'", "--yes")
    assert done.exit_code == 0, done.output
    assert "layer environment" in done.stdout and f"docker build --tag NAME {tmp_path / 'here/image'}\n" in done.stdout
    text = (tmp_path / "here/image/Dockerfile").read_text()
    assert 'CMD ["python", "-m", "my app"]' in text and "EXPOSE 80" in text
    again = run("ship", str(prefix), "-o", "image", "--yes")
    assert again.exit_code == 3 and "--force" in again.stderr
    done = run("ship", str(prefix), "-o", "image", "--yes", "--force", "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[0]["plan"]["request"]["type"] == "ship"
    assert lines[-1]["result"]["outcome"]["files"][-1].endswith("image/Dockerfile")


def test_what_an_image_lacks_is_chosen_by_classes(run: Run, tmp_path: Path) -> None:
    prefix = make_prefix(tmp_path / "service")
    prefix.package("tool", files={"include/tool.h": "#", "bin/tool": "#"})

    def planned(*slim: str) -> tuple[str, ...]:
        done = run("ship", str(prefix), *slim, "-o", "image", "--dry-run", "--json")
        assert done.exit_code == 0, done.output
        return tuple(json.loads(done.stdout)["plan"]["request"]["slim"])

    assert planned() == ()
    assert planned("--slim") == planned("--slim", "default") == USUAL
    assert planned("--slim", "headers,conda-meta,headers") == ("headers", "conda-meta")
    done = run("ship", str(prefix), "-o", "image", "--slim", "test", "--dry-run")
    assert done.exit_code == 2 and "`test` is no class. Did you mean `tests`?" in done.stderr


@pytest.mark.parametrize(
    "more", [("--base", "debian"), ("--command", "it's"), ("--port", "http"), ("--from", "thin"), ("--slim", "kept")]
)
def test_what_makes_no_image_is_bad_usage(more: tuple[str, ...], run: Run, tmp_path: Path) -> None:
    prefix = make_prefix(tmp_path / "service")
    done = run("ship", str(prefix), "-o", "image", *more, "--yes")
    assert done.exit_code == 2 and "Traceback" not in done.output
    assert not (tmp_path / "here/image").exists()


def test_the_way_out_of_an_interrupted_ship_is_a_command_that_can_be_run() -> None:
    request = ShipRequest(prefix="/e", directory="/d", command=("a", "b c"), port=80, variables=False, replace=True)
    request = replace(request, slim=("tests", "headers"))
    assert way_out_words(request)[3:] == (
        *("--from", "lock", "--base", request.base, "--command", "a 'b c'", "--port", "80"),
        *("--no-variables", "--slim", "tests,headers", "--force", "--", "/e"),
    )
