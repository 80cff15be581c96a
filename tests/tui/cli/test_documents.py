"""`docs/json.md`: all that is printed stands in it, as it stands there."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

import json_reference
from condatui.cli.documents.gpu import describe_gpu
from condatui.cli.invocation import Invocation
from condatui.cli.main import condatui
from condatui.cli.reporters import EventLine, PlanLine
from condatui.json_documents import FORMAT, print_json
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.errors import CondatuiError
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.environment import Environment, Inventory, UserMarks
from condatui_core.records.gpu_probe import Stage
from condatui_core.records.installation import Installation
from condatui_core.records.job import Event, Outcome, Plan, Progressed
from condatui_core.records.request import (
    CheckpointRequest,
    CleanRequest,
    CleanupRequest,
    CloneRequest,
    CreateRequest,
    ExportAllRequest,
    ExportRequest,
    ForgetRequest,
    KernelsRequest,
    LeftoversRequest,
    MergeRequest,
    PackRequest,
    RelinkRequest,
    RemoveRequest,
    Request,
    RestoreRequest,
    RollbackRequest,
    SeparateRequest,
    SeveralRequest,
    ShipRequest,
    SlimRequest,
    UnpackRequest,
    UpdateRequest,
)
from support.acting import commands, invocation
from support.contexts import made_context
from support.disk_trees import link, write
from support.fake_actions import MakeDirectory
from support.fake_jobs import plan_like
from support.gpu_facts import GPU_MACHINE, computes, crashed, fails, result, sees_none, static
from support.inventories import NOW, LoadedWorkbench, finding, inventory, loaded, package, pip_package, research
from support.prefixes import make_prefix

DATA = Path(__file__).parents[2] / "data" / "0.1.0"
_ROW = re.compile(r"\| `(?P<name>\w+)` \| (?P<type>.+?) \| (?P<meaning>.+) \|")
_RECORD = re.compile(r"\[(\w+)\]\(#\w+\)")


def _tables() -> dict[str, dict[str, str]]:
    """The type of each field, by the heading of its table and its name, as the page has it."""
    found: dict[str, dict[str, str]] = {}
    fields: dict[str, str] = {}
    for line in json_reference.PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("### "):
            fields = found.setdefault(line[4:], {})
        elif row := _ROW.fullmatch(line):
            fields[row["name"]] = row["type"]
    return found


TABLES = _tables()


def _alternatives(kind: str) -> list[str]:
    depth, parts, begun = 0, [], 0
    for place, sign in enumerate(kind):
        depth += (sign == "(") - (sign == ")")
        if not depth and kind.startswith(" or ", place):
            parts.append(kind[begun:place])
            begun = place + 4
    return [*parts, kind[begun:]]


def _bare(kind: str) -> str:
    return kind[1:-1] if kind.startswith("(") else kind


_SIMPLE: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def _is(value: object, kind: str) -> bool:
    """Whether a value is of one of the types that are named."""
    return any(_is_one(value, each) for each in _alternatives(kind))


def _is_one(value: object, kind: str) -> bool:
    if kind in _SIMPLE:
        return isinstance(value, _SIMPLE[kind]) and (kind == "boolean" or not isinstance(value, bool))
    if record := _RECORD.fullmatch(kind):
        return isinstance(value, dict) and _has_fields(value, record[1])
    if of := re.fullmatch(r"array of (?:(\d) )?(.+)", kind):
        right = isinstance(value, list) and (not of[1] or len(value) == int(of[1]))
        return right and isinstance(value, list) and all(_is(each, _bare(of[2])) for each in value)
    if kind.startswith("object of "):
        return isinstance(value, dict) and all(_is(each, _bare(kind[10:])) for each in value.values())
    return _is_time(value) if kind == "time" else f'"{value}"' == kind


def _is_time(value: object) -> bool:
    return isinstance(value, str) and datetime.fromisoformat(value.replace("Z", "+00:00")).tzinfo is not None


def _has_fields(value: dict[str, object], table: str) -> bool:
    fields = TABLES[table]
    return all(name in fields and _is(each, fields[name]) for name, each in value.items())


def _wrong(value: object, table: str, path: str = "") -> Iterator[str]:
    """What of a document is not in the page as it is printed, by its place."""
    assert isinstance(value, dict)
    fields = TABLES[table]
    for name, each in value.items():
        if name not in fields:
            yield f"{path}.{name} is in no table"
        elif not _is(each, fields[name]):
            yield f"{path}.{name} is not {fields[name]}: {each!r:.300}"


_OF_SNAPSHOTS = ("host", "machines", "occupies", "gpu")
"""What documents have only with `--snapshots`."""


def described(printed: str, title: str) -> dict[str, Any]:
    """The document that was printed, after all of it was found in the page."""
    document = json.loads(printed)
    assert isinstance(document, dict)
    (table,) = (each for each in TABLES if each.startswith(title))
    assert not [*_wrong(document, table)]
    assert document["format"] == FORMAT
    missing = set(TABLES[table]) - set(document)
    assert missing <= {"packages", *_OF_SNAPSHOTS}
    return document


class Machine(LoadedWorkbench):
    """A machine made by hand on which actions can be planned too."""

    def __init__(self, home: Path, machine: Inventory) -> None:
        super().__init__(machine)
        self._context = made_context(machine, home)

    async def job_context(self) -> JobContext:
        return self._context


def run(home: Path, machine: Inventory, *arguments: str) -> Result:
    obj = Invocation(
        environ={"CONDATUI_HOME": str(home / ".condatui")},
        home=home,
        cwd=str(home),
        clock=lambda: NOW,
        terminal=False,
        make_workbench=lambda *_: Machine(home, machine),  # type: ignore[arg-type]
    )
    return CliRunner().invoke(condatui, [*arguments, "--json"], obj=obj)


def printed_by(capsys: pytest.CaptureFixture[str], document: msgspec.Struct) -> str:
    print_json(document)
    return capsys.readouterr().out


def on_disk(home: Path) -> Inventory:
    """A machine that can be measured: an environment that shares a file with the package cache."""
    shared = write(home / "conda/pkgs/numpy-1.0-0/lib/numpy.so", 60_000)
    write(home / "conda/pkgs/numpy-1.0-0/info/index.json")
    prefix = make_prefix(home / "conda/envs/one")
    link(shared, prefix.path / "lib/numpy.so")
    prefix.package("numpy", files={"lib/own.py": "x"})
    prefix.pip_install("httpx")
    prefix.write("checkpoints/model.pt", "x" * 9000)
    conda = Installation(executable=str(home / "conda/bin/conda"), root_prefix=str(home / "conda"))
    contents = read_prefix(str(prefix.path))
    one = Environment(name="one", prefix=str(prefix.path), contents=contents, installation=conda.root_prefix)
    return Inventory(environments=(one,), installations=(conda,))


def test_the_page_is_what_the_records_say() -> None:
    assert json_reference.PAGE.read_text(encoding="utf-8") == json_reference.reference(), "run `make docs`"


def test_every_field_of_the_page_says_what_it_means() -> None:
    assert len(TABLES) > 50
    assert all(TABLES.values())


def test_what_is_not_in_the_page_is_noticed() -> None:
    assert [*_wrong({"format": 1, "new": 1}, "`condatui restore --list --json`")] == [".new is in no table"]
    wrong = {"restore_points": [{"id": 7}]}
    assert len([*_wrong(wrong, "`condatui restore --list --json`")]) == 1


def test_list(tmp_path: Path) -> None:
    machine = inventory(research(), problems=(finding("conda-unusable"),))
    for more in ((), ("--packages",)):
        document = described(run(tmp_path, machine, "list", *more).stdout, "`condatui list")
        assert document["environments"]
    sizes = described(run(tmp_path, on_disk(tmp_path), "list", "--sizes").stdout, "`condatui list")
    assert sizes["environments"][0]["disk"]["total"] > 0


def test_show(tmp_path: Path) -> None:
    document = described(run(tmp_path, inventory(research()), "show", "research").stdout, "`condatui show")
    assert set(document["packages"][0]) == set(TABLES["PackageDetail"])


def test_compare(tmp_path: Path) -> None:
    (tmp_path / "wanted.yml").write_text("dependencies: [numpy >=1, ':::']\n")
    other = loaded("other", [package("numpy", "2.0", md5="0" * 32)], [pip_package("httpx")])
    done = run(tmp_path, inventory(research(), other), "compare", "research", "other", "wanted.yml")
    assert described(done.stdout, "`condatui compare")["summary"]["missing"] > 0


def test_disk(tmp_path: Path) -> None:
    document = described(run(tmp_path, on_disk(tmp_path), "disk").stdout, "`condatui disk")
    assert document["environments"][0]["packages"]
    assert document["caches"][0]["units"]


def test_gpu(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    described(run(tmp_path, on_disk(tmp_path), "gpu", "--static").stdout, "`condatui gpu")
    one = Environment(name="one", prefix="/one")
    runs = (computes(), sees_none("no driver"), fails("no module"), crashed(11))
    results = [(one, result("/one", static(), GPU_MACHINE, each)) for each in runs]
    document = described(printed_by(capsys, describe_gpu(GPU_MACHINE, results)), "`condatui gpu")
    stages = {stage["stage"] for each in document["environments"] for run in each["runs"] for stage in run["stages"]}
    known = {each.__struct_config__.tag for each in Stage.__args__}
    assert stages <= known
    assert {"start", "kernel", "import_fail"} <= stages


def test_filters(tmp_path: Path) -> None:
    marks = UserMarks(filters=(("old", "used:>90d"),))
    document = described(run(tmp_path, Inventory(marks=marks), "filters").stdout, "`condatui filters")
    assert document["filters"] == [{"name": "old", "filter": "used:>90d"}]


def test_restore(tmp_path: Path) -> None:
    shutil.copytree(DATA, tmp_path / ".condatui")
    document = described(run(tmp_path, Inventory(), "restore", "--list").stdout, "`condatui restore --list")
    assert [each["name"] for each in document["restore_points"]] == ["nlp-exp"]


def test_export(tmp_path: Path) -> None:
    document = described(run(tmp_path, on_disk(tmp_path), "export", "one").stdout, "`condatui export")
    assert "numpy" in document["text"]


REQUESTS = (
    CloneRequest(source="/a", target="/b"),
    CreateRequest(target="/b", specs=("python",), variables=(("A", "b"),)),
    ExportRequest(prefix="/a", file="/f"),
    ExportAllRequest(directory="/d", prefixes=("/a",)),
    PackRequest(prefix="/a", file="/f"),
    UnpackRequest(archive="/f", target="/a"),
    ShipRequest(prefix="/a", directory="/d", port=80),
    RemoveRequest(prefixes=("/a",)),
    RestoreRequest(id="1"),
    CleanRequest(pkgs_dirs=("/p",), what=("logs",)),
    ForgetRequest(ids=("1",)),
    KernelsRequest(paths=("/k",)),
    CheckpointRequest(prefixes=("/a",)),
    MergeRequest(keeper="/a", member="/b"),
    UpdateRequest(prefixes=("/b",), like="/a"),
    LeftoversRequest(prefixes=("/a",)),
    RollbackRequest(prefix="/a", revision=1),
    SlimRequest(source="/a", target="/b", classes=("tests",)),
    RelinkRequest(prefixes=("/a",), method="hardlink"),
    SeparateRequest(prefix="/a"),
    SeveralRequest(parts=(RestoreRequest(id="1"), RestoreRequest(id="2"))),
    CheckpointRequest(prefixes=("/a",), note="before the paper"),
    CleanupRequest(parts=(RemoveRequest(prefixes=("/a",)), CleanRequest(pkgs_dirs=("/p",), what=("logs",)))),
)


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda each: type(each).__name__)
def test_a_plan_of_each_request(request_: Request, capsys: pytest.CaptureFixture[str]) -> None:
    plan = plan_like(request_, warnings=(finding(),), facts=(("kept in", "/x"),))
    described(printed_by(capsys, PlanLine(plan)), "`condatui clone | update | export")


def test_all_requests_are_tried() -> None:
    assert {type(each) for each in REQUESTS} == set(Request.__args__)


def test_the_lines_of_an_action(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Failing(MakeDirectory):
        async def perform(self, plan: Plan, request: CloneRequest, context: JobContext, work: Work) -> Outcome:
            await super().perform(plan, request, context, work)
            (Path(request.target) / "whole").unlink()
            raise CondatuiError("It failed.", "No space left", "Make room.")

    kinds = set()
    for action in (MakeDirectory(script="echo filling"), Failing()):
        obj = invocation(tmp_path, action)
        name = type(action).__name__
        done = CliRunner().invoke(commands, ["make", name, "--yes", "--json"], obj=obj)
        plan, *events, last = done.stdout.splitlines()
        described(plan, "`condatui clone | update | export")
        kinds |= {described(each, "The same: a line for each event")["event"]["type"] for each in events}
        ended = described(last, "The same: the last line")["result"]
    assert ended["aftermath"]["way_out"]["type"] == "remove"
    progress = Progressed(at=NOW, done=1, total=None, unit="files")
    kinds.add(described(printed_by(capsys, EventLine(progress)), "The same: a line")["event"]["type"])
    assert kinds | {"ended"} == {each.__struct_config__.tag for each in Event.__args__}


def test_what_goes_wrong_is_a_document_too(tmp_path: Path) -> None:
    done = run(tmp_path, inventory(research()), "show", "nothing")
    document = described(done.stdout, "Any command")
    assert document["error"]["exit_code"] == done.exit_code == 2
    assert f"condatui: {document['error']['title']}" in done.stderr


def test_a_refused_plan_is_followed_by_why(tmp_path: Path) -> None:
    action = MakeDirectory(blockers=(finding("target-exists", "error", "new exists."),))
    obj = invocation(tmp_path, action)
    done = CliRunner().invoke(commands, ["make", "new", "--yes", "--json"], obj=obj)
    plan, error = done.stdout.splitlines()
    described(plan, "`condatui clone | update | export")
    assert described(error, "Any command")["error"]["exit_code"] == done.exit_code == 3


def test_without_json_nothing_but_words_is_printed(tmp_path: Path) -> None:
    done = CliRunner().invoke(commands, ["make", "new"], obj=invocation(tmp_path, MakeDirectory()))
    assert (done.exit_code, "{" in done.stdout) == (3, False)
