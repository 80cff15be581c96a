"""`condatui snapshot`, and what commands tell of other machines: list, find, compare, duplicates and nodes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from condatui.cli.invocation import Invocation
from condatui.cli.main import condatui
from support.inventories import NOW, environment, finding, loaded, package
from support.prefixes import make_prefix
from support.snapshots import put_snapshot, read_all

USUAL = [package(f"p{number:02}", requested_specs=("x",)) for number in range(20)]


def run(home: Path, *arguments: str) -> Result:
    invocation = Invocation(
        environ={"CONDATUI_HOME": str(home / "own"), "CONDATUI_USUAL_PLACES": "0", "PATH": "/usr/bin:/bin"},
        home=home,
        cwd=str(home),
        clock=lambda: NOW,
        terminal=False,
    )
    return CliRunner().invoke(condatui, arguments, obj=invocation)


def document(home: Path, *arguments: str) -> Any:  # noqa: ANN401 - JSON
    result = run(home, *arguments, "--json")
    assert result.stderr == ""
    return json.loads(result.stdout)


# Writing one


def test_a_name_under_which_it_would_not_be_read_again_is_refused(home: Path) -> None:
    result = run(home, "snapshot", "-o", "snaps", "--no-sizes", "--host", "gpu07")
    assert result.exit_code == 2
    assert "ends with .json or .json.gz" in result.stderr
    assert "gpu07.json.gz" in result.stderr
    assert not (home / "snaps").exists()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    prefix = make_prefix(tmp_path / "envs/a")
    prefix.package("numpy", "1.26.4")
    prefix.pip_install("tool", "0.1", direct_url={"url": "https://ada:pass-word@git.example/tool", "vcs_info": {}})
    return tmp_path


def test_it_writes_one_file_that_tells_of_this_machine(home: Path) -> None:
    result = run(home, "snapshot", "--root", "envs", "--host", "gpu07")
    assert (result.exit_code, result.stdout) == (0, "")
    file = home / "gpu07.json.gz"
    assert result.stderr.startswith(f"{file}: 1 environment of gpu07, ")
    assert b"pass-word" not in gzip.decompress(file.read_bytes())
    told = read_all(home)
    (one,) = told.inventory.environments
    assert (one.host, one.path) == ("gpu07", str(home / "envs/a"))
    assert one.contents
    assert [each.name for each in one.contents.packages] == ["numpy", "python"]
    assert [(each.name, each.url) for each in one.contents.pip_distributions] == [
        ("tool", "https://***@git.example/tool")
    ]
    assert told.disk[one.prefix].bytes > 0
    assert not [each for each in (home / "envs/a").rglob("*") if each.stat().st_mtime > file.stat().st_mtime]


def test_without_sizes_and_without_compression(home: Path) -> None:
    assert run(home, "snapshot", "--root", "envs", "--no-sizes", "--host", "a", "-o", "x.json").exit_code == 0
    whole = json.loads((home / "x.json").read_bytes())
    assert (whole["format"], whole["host"], whole["disk"], whole["collector"]) == (1, "a", {}, "condatui")
    assert whole["list"] == document(home, "list", "--root", "envs")


def test_stdout_gets_the_file_itself(home: Path) -> None:
    result = run(home, "snapshot", "--root", "envs", "--no-sizes", "--host", "a", "-o", "-")
    assert json.loads(gzip.decompress(result.stdout_bytes))["host"] == "a"


def test_an_older_one_of_this_machine_is_replaced_and_nothing_else(home: Path) -> None:
    (home / "there").mkdir()
    file = put_snapshot(home / "there", "a")
    into = ("snapshot", "--root", "envs", "--no-sizes", "--host", "a", "-o", "there")
    assert run(home, *into).exit_code == 0
    assert read_all(home / "there").machines[0].environments == 1
    for other in (put_snapshot(home, "b").read_bytes(), b"mine"):
        file.write_bytes(other)
        refused = run(home, *into)
        assert (refused.exit_code, file.read_bytes()) == (3, other)
        assert "--force" in refused.stderr
    assert run(home, *into, "--force").exit_code == 0
    assert read_all(home / "there").machines[0].host == "a"


def test_an_older_one_of_this_machine_that_cannot_be_read_is_replaced(home: Path) -> None:
    """An earlier condatui wrote texts that none reads again."""
    file = put_snapshot(home, "a", loaded("x", [package("numpy")]))
    whole = json.loads(gzip.decompress(file.read_bytes()))
    whole["packages"]["/x"] = {"requested": {"numpy": "x" * 5000}}
    file.write_bytes(gzip.compress(json.dumps(whole).encode()))
    assert read_all(home).machines == ()
    into = ("snapshot", "--root", "envs", "--no-sizes", "--host", "a")
    assert run(home, *into).exit_code == 0
    assert [each.host for each in read_all(home).machines] == ["a"]
    for other in ({**whole, "format": 2}, {**whole, "host": "b"}, {"format": 1, "host": "a"}):
        file.write_text(json.dumps(other))
        assert run(home, *into).exit_code == 3


def test_a_name_that_could_lead_elsewhere_is_no_machine(home: Path) -> None:
    result = run(home, "snapshot", "--host", "../a")
    assert (result.exit_code, list(home.glob("*.gz"))) == (2, [])
    assert "no name of a machine" in result.stderr


# Looking at many


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("cluster")
    numpy, older = package("numpy", "1.26.4"), package("numpy", "1.26.3")
    odd = finding(message="[b]\x1b[2Jpip replaced numpy", label="[b]\x1b[2J")
    first = loaded("nlp", [*USUAL, numpy], findings=(odd,))
    put_snapshot(directory, "gpu01", first, loaded("own", [package("scipy", "1.14")]))
    put_snapshot(directory, "gpu02", loaded("nlp", [*USUAL, numpy]))
    put_snapshot(directory, "gpu03", loaded("nlp", [*USUAL, older]))
    put_snapshot(directory, "gpu04", environment("broken", state="broken"))
    return directory


def test_list_has_the_machine_of_each(cluster: Path, tmp_path: Path) -> None:
    lines = run(tmp_path, "list", "--snapshots", str(cluster)).stdout.splitlines()
    assert lines[0].split()[:2] == ["host", "name"]
    assert [line.split()[:2] for line in lines[1:]] == [
        ["gpu04", "broken"],
        ["gpu01", "nlp"],
        ["gpu02", "nlp"],
        ["gpu03", "nlp"],
        ["gpu01", "own"],
    ]
    assert lines[2].endswith("[b]\\x1b[2J")
    some = run(tmp_path, "list", "--snapshots", str(cluster), "--filter", "host:gpu01 package:numpy").stdout
    assert [line.split()[:2] for line in some.splitlines()[1:]] == [["gpu01", "nlp"]]


def test_list_in_json_tells_of_machines_and_their_paths(cluster: Path, tmp_path: Path) -> None:
    whole = document(tmp_path, "list", "--snapshots", str(cluster), "--packages")
    assert whole["conda"] is None
    assert [each["host"] for each in whole["machines"]] == ["gpu01", "gpu02", "gpu03", "gpu04"]
    first = next(each for each in whole["environments"] if each["host"] == "gpu01")
    assert (first["name"], first["prefix"], first["installation"]) == (
        "nlp",
        "/opt/miniforge3/envs/nlp",
        "/opt/miniforge3",
    )
    assert (first["occupies"], first["gpu"], len(first["packages"])) == (None, None, 21)
    assert "machines" not in document(tmp_path, "list")


def test_find_says_on_which_machine(cluster: Path, tmp_path: Path) -> None:
    found = document(tmp_path, "find", "numpy>=1.26.4", "--snapshots", str(cluster))["environments"]
    assert [(each["host"], each["name"], each["satisfies"]) for each in found] == [
        ("gpu01", "nlp", True),
        ("gpu02", "nlp", True),
        ("gpu01", "own", False),
        ("gpu03", "nlp", False),
    ]
    assert {each["prefix"] for each in found if each["name"] == "nlp"} == {"/opt/miniforge3/envs/nlp"}
    assert "gpu02:nlp" in run(tmp_path, "find", "numpy>=1.26.4", "--snapshots", str(cluster)).stdout


def test_compare_takes_environments_of_two_machines(cluster: Path, tmp_path: Path) -> None:
    call = ("compare", "gpu01:nlp", "gpu03:/opt/miniforge3/envs/nlp", "--snapshots", str(cluster))
    whole = document(tmp_path, *call)
    assert [(each["host"], each["name"], each["prefix"]) for each in whole["environments"]] == [
        ("gpu01", "gpu01:nlp", "/opt/miniforge3/envs/nlp"),
        ("gpu03", "gpu03:nlp", "/opt/miniforge3/envs/nlp"),
    ]
    assert whole["summary"] == {"same": 20, "version": 1, "build": 0, "channel": 0, "missing": 0}
    assert "gpu03:nlp" in run(tmp_path, *call).stdout
    ambiguous = run(tmp_path, "compare", "nlp", "own", "--snapshots", str(cluster))
    assert ambiguous.exit_code == 2
    assert "gpu02:/opt/miniforge3/envs/nlp" in ambiguous.stderr


def test_duplicates_groups_across_machines_and_frees_nothing(cluster: Path, tmp_path: Path) -> None:
    call = ("duplicates", "--snapshots", str(cluster), "--keeper", "gpu02:nlp")
    (group,) = document(tmp_path, *call)["clusters"]
    assert (group["host"], group["keep"], group["frees"]) == ("gpu02", "/opt/miniforge3/envs/nlp", 0)
    assert [(each["host"], each["relation"]) for each in group["members"]] == [
        ("gpu01", "identical"),
        ("gpu03", "differs"),
    ]
    shown = run(tmp_path, *call).stdout
    assert "gpu02:nlp" in shown
    assert "frees" not in shown


def test_nodes_says_who_differs_in_what(cluster: Path, tmp_path: Path) -> None:
    call = ("nodes", "--snapshots", str(cluster))
    header, row = run(tmp_path, *call).stdout.splitlines()
    assert header.split() == ["name", "hosts", "equal", "who", "differs"]
    assert row.split(maxsplit=3) == ["nlp", "4", "2", "gpu03 numpy ↓1.26.3 · gpu04 missing"]
    whole = document(tmp_path, *call)
    assert whole["hosts"] == ["gpu01", "gpu02", "gpu03", "gpu04"]
    (one,) = whole["environments"]
    assert (one["name"], one["path"], one["reference"], one["hosts"], one["equal"]) == (
        "nlp",
        "/opt/miniforge3/envs/nlp",
        "gpu01",
        4,
        2,
    )
    assert [(each["host"], each["state"], each["prefix"] is None) for each in one["nodes"]] == [
        ("gpu01", "equal", False),
        ("gpu02", "equal", False),
        ("gpu03", "differs", False),
        ("gpu04", "missing", True),
    ]
    assert [run(tmp_path, *call, *more).exit_code for more in (["--exit-code"], ["nlp"], ["own"])] == [1, 0, 2]
    assert document(tmp_path, *call, "--by", "path", "/opt/miniforge3/envs/nlp")["environments"] == [one]


def test_what_is_equal_everywhere_is_said(tmp_path: Path) -> None:
    for host in ("a", "b"):
        put_snapshot(tmp_path, host, loaded("nlp", USUAL))
    result = run(tmp_path, "nodes", "--snapshots", ".", "--differing", "--exit-code")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "All are the same everywhere.\n")


def test_a_bad_snapshot_is_told_and_the_others_are_shown(cluster: Path, tmp_path: Path) -> None:
    put_snapshot(tmp_path, "good", loaded("nlp", USUAL))
    (tmp_path / "bad.json").write_text("{")
    result = run(tmp_path, "list", "--snapshots", ".")
    assert result.exit_code == 0
    assert result.stderr.startswith("condatui: bad.json is left out. Not valid JSON")
    assert "good" in result.stdout


def test_old_snapshots_are_told(tmp_path: Path) -> None:
    put_snapshot(tmp_path, "gpu07", loaded("x", USUAL), at=NOW.replace(month=4))
    assert run(tmp_path, "list", "--snapshots", ".").stderr == (
        "condatui: More than a week old: the snapshots of gpu07.\n"
    )


@pytest.mark.parametrize("call", ["list", "nodes", "find x", "duplicates", "compare a b"])
def test_a_place_without_any_is_a_usage_error(call: str, tmp_path: Path) -> None:
    result = run(tmp_path, *call.split(), "--snapshots", "nope")
    assert (result.exit_code, "cannot be read" in result.stderr) == (2, True)
    assert run(tmp_path, "nodes").exit_code == 2
