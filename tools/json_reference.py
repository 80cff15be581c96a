"""The reference of all JSON documents, `docs/json.md`: written from the records that are printed, by `make docs`."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect as types

from condatui.cli.documents.baseline import BaselineDocument, ProposalDocument
from condatui.cli.documents.check import CheckDocument
from condatui.cli.documents.cleanup import CleanupDocument, GoalLine
from condatui.cli.documents.config import ConfigDocument
from condatui.cli.documents.disk import DiskDocument
from condatui.cli.documents.duplicates import DuplicatesDocument
from condatui.cli.documents.find import FindDocument
from condatui.cli.documents.fleet import FleetDocument
from condatui.cli.documents.gpu import GpuDocument
from condatui.cli.documents.history import HistoryDocument
from condatui.cli.documents.nodes import NodesDocument
from condatui.cli.documents.schema import EnvironmentDetailDocument, KeepDocument, ListDocument
from condatui.cli.documents.slim import SlimDocument
from condatui.cli.documents.verification import VerificationDocument
from condatui.cli.filters import FiltersDocument
from condatui.cli.reporters import EventLine, PlanLine, ResultLine
from condatui.cli.reporting import ErrorDocument
from condatui.cli.restore import RestorePointsDocument
from condatui.view_models.compare.document import ComparisonDocument
from condatui_core.environment_files.export import ExportText

PAGE = Path(__file__).parents[1] / "docs" / "json.md"
_SOURCE = Path(__file__).with_name("json_reference.md")
"""What the page says besides the tables."""
_TABLES = "<!-- tables -->\n"


class Printed(msgspec.Struct, frozen=True):
    """A document, and the commands that print it."""

    title: str
    record: type[msgspec.Struct]


DOCUMENTS: tuple[Printed, ...] = (
    Printed("`condatui list --json`, `condatui demo --json`", ListDocument),
    Printed("`condatui show ENV --json`", EnvironmentDetailDocument),
    Printed("`condatui history ENV --json`", HistoryDocument),
    Printed("`condatui compare ENV ENV… --json`", ComparisonDocument),
    Printed("`condatui nodes --snapshots DIR [NAME…] --json`", NodesDocument),
    Printed("`condatui disk [ENV…] --json`", DiskDocument),
    Printed("`condatui find SPEC… | -f FILE --json`", FindDocument),
    Printed("`condatui baseline --json`", BaselineDocument),
    Printed("`condatui baseline --propose --json`", ProposalDocument),
    Printed("`condatui verify ENV FILE --json`", VerificationDocument),
    Printed("`condatui check [ENV…] --json`", CheckDocument),
    Printed("`condatui slim ENV --json`, also with `--run` and `--trace`", SlimDocument),
    Printed("`condatui keep [ENV…] --json`", KeepDocument),
    Printed("`condatui filters [NAME FILTER] --json`", FiltersDocument),
    Printed("`condatui duplicates --json`", DuplicatesDocument),
    Printed("`condatui gpu [ENV…] --json`", GpuDocument),
    Printed("`condatui fleet HOSTS --json`", FleetDocument),
    Printed("`condatui restore --list --json`", RestorePointsDocument),
    Printed("`condatui cleanup --json`", CleanupDocument),
    Printed("`condatui cleanup --free SIZE --json`, also with `--policy`: the line before the plan", GoalLine),
    Printed("`condatui export ENV --json` to stdout", ExportText),
    Printed("`condatui config [SETTING…] --json`", ConfigDocument),
    Printed(
        "`condatui clone | update | export -o FILE | baseline --create | merge | pack | unpack | ship | remove"
        " | restore | slim --into | clean … --json`: the first line",
        PlanLine,
    ),
    Printed("The same: a line for each event", EventLine),
    Printed("The same: the last line", ResultLine),
    Printed("Any command with `--json` that comes to nothing", ErrorDocument),
)

Node = types.Type
_SIMPLE: Mapping[type[Node], str] = {
    types.StrType: "string",
    types.IntType: "integer",
    types.FloatType: "number",
    types.BoolType: "boolean",
    types.DateTimeType: "time",
    types.NoneType: "null",
}

_MEANINGS: Mapping[str, str] = {
    "LastUsed.at": "When.",
    "Finding.severity": "How grave it is.",
    "Installation.executable": "Its path.",
    "Installation.kind": "Which tool it is.",
    "ChannelTotal.base_url": "Its URL; null for `pypi` and for records that do not say.",
    "ChannelTotal.packages": "How many packages, each environment's counted.",
    "ChannelTotal.requested": "How many of them the user asked for.",
    "ChannelTotal.noarch": "How many of them are for any platform.",
    "ChannelTotal.bytes": "Installed bytes as the records state them.",
    "Replacement.conda_version": "What conda still states.",
    "Replacement.pip_version": "What Python imports.",
    "Summary.same": "How many packages are the same in all columns.",
    "Summary.version": "How many differ by version.",
    "Summary.build": "How many differ by build alone.",
    "Summary.channel": "How many differ by channel alone.",
    "Summary.missing": "How many are missing in one column at least.",
    "PackageUse.name": "conda's or pip's name.",
    "PackageUse.version": "Its version.",
    "PackageUse.source": "Who installed it.",
    "PackageUse.bytes": "Allocated bytes.",
    "PackageUse.files": "How many files it has.",
    "UntrackedDirectory.bytes": "Allocated bytes.",
    "UntrackedDirectory.exclusive": "Of inodes whose every link lies in the prefix.",
    "UntrackedDirectory.files": "How many such files lie there.",
    "PackageDifference.name": "conda's name, or pip's if only pip knows it.",
    "CacheUse.path": "Its real path.",
    "CacheUse.total": "What it occupies, in allocated bytes.",
    "CacheUse.archives": "Of archives that packages came in.",
    "CacheUse.writable": "Whether conda would clean it.",
    "CacheUse.findings": "What could not be measured.",
    "CachedUnit.kind": "What it is.",
    "CachedUnit.bytes": "Allocated bytes.",
    "Device.index": "As the driver counts.",
    "Device.name": "Such as `NVIDIA H200`.",
    "Device.uuid": "Empty if the driver does not say.",
    "Device.memory_bytes": "Null if the driver does not say.",
    "Device.free_bytes": "Null if the driver does not say.",
    "ProbeRun.framework": "What was imported.",
    "ProbeRun.variant": "Which variables it ran without.",
    "ProbeRun.stages": "What it said, in order; the last one tells how far it came.",
    "ProbeRun.ended": "How it ended.",
    "ProbeRun.pid": "Its process; null if it was not started.",
    "ProbeRun.stdout": "The last of what it printed besides.",
    "ProbeRun.seconds": "How long it ran.",
    "ProbeBegun.executable": "Its path.",
    "ImportFailed.message": "What the exception says.",
    "ImportFailed.traceback": "Its last lines.",
    "Built.cuda": "The CUDA version; null for a build without.",
    "Built.hip": "The ROCm version; null for a build without.",
    "Built.xpu": "The oneAPI version; null for a build without.",
    "Available.available": "Whether it sees one.",
    "Why.kind": "The exception's class.",
    "Why.message": "What it says.",
    "Counted.count": "How many.",
    "CudnnRead.kind": "The exception's class; empty if it raised nothing.",
    "DeviceSeen.index": "As the framework counts.",
    "DeviceSeen.name": "What the framework calls it.",
    "DeviceSeen.capability": "The compute capability; null if it could not be read.",
    "DeviceSeen.total_bytes": "Its memory; null if it could not be read.",
    "DeviceSeen.free_bytes": "What of it is free; null if it could not be read.",
    "DeviceSeen.kind": "The exception's class; empty if it raised nothing.",
    "KernelRun.index": "Of the GPU, as the framework counts.",
    "KernelRun.warnings": "What was warned of meanwhile.",
    "ConvolutionRun.index": "Of the GPU, as the framework counts.",
    "ConvolutionRun.right": "Whether it ran and its answer is the CPU's.",
    "ConvolutionRun.kind": "The exception's class; empty if it ran.",
    "ConvolutionRun.message": "What it raised.",
    "Loaded.paths": "Their files.",
    "RestorePointSummary.id": "What `condatui restore` takes; sorts by time.",
    "RestorePointSummary.name": "What the environment was called.",
    "RestorePointSummary.prefix": "Where it is or was; empty if the restore point cannot be read.",
    "RestorePointSummary.at": "When it was made.",
    "RestorePointSummary.packages": "How many packages of conda it had.",
    "RestorePointSummary.pip_packages": "How many of pip.",
    "RestorePointSummary.download_bytes": "Of the archives of these packages.",
    "Occasion.change": "The change.",
    "AlikeMember.prefix": "Of the member.",
    "AlikeMember.relation": "What it is to the keeper.",
    "AlikeMember.differs": "The packages that both have and that are not the same.",
    "AlikeGroup.members": "The others, the most similar first.",
    "Plan.request": "What was asked for, complete.",
    "Plan.steps": "What is done, in order.",
    "ExportRequest.prefix": "Of the environment.",
    "PackRequest.prefix": "Of the environment.",
    "PackRequest.replace": "Whether a file that is there may be replaced.",
    "PackRequest.ignore_editable": "Whether it is packed without what is installed in place.",
    "PackRequest.ignore_missing": "Whether it is packed without the files that are gone.",
    "ShipRequest.prefix": "Of the environment.",
    "ShipRequest.source": "What the image is built from: `lock` or `archive`.",
    "RemoveRequest.restore_point": "Whether one is made first.",
    "CleanRequest.pkgs_dirs": "The package caches.",
    "CleanRequest.what": "Which parts of them.",
    "CheckpointRequest.prefixes": "Of the environments.",
    "LeftoversRequest.prefixes": "Of the environments.",
    "UpdateRequest.prefixes": "Of the environments.",
    "ForgetRequest.ids": "Of the restore points.",
    "CommandEnded.exit_code": "Negative if a signal ended it.",
    "CommandEnded.milliseconds": "How long it ran.",
    "Said.line": "Without its line break.",
    "Progressed.done": "How much.",
    "Progressed.unit": "What is counted.",
    "Ended.state": "How it ended.",
    "Ended.hint": "What the user can do about it.",
    "Outcome.bytes_freed": "Null if it was not measured.",
    "Outcome.bytes_used": "Null if it was not measured.",
    "at": "When.",
}
"""What fields mean whose records leave that to their names, by record and field or by field alone."""


def reference() -> str:
    """The page as it should be."""
    head, _, tail = _SOURCE.read_text(encoding="utf-8").partition(_TABLES)
    return f"{head}{''.join(_sections())}{tail}"


def _sections() -> Iterator[str]:
    roots = [_info(each.record) for each in DOCUMENTS]
    for printed, root in zip(DOCUMENTS, roots, strict=True):
        yield f"### {printed.title}\n\n{_doc(root.cls)}\n\n"
        yield _table([("format", "integer", "The format of the document: 1."), *_rows(root)])
    yield "## Records\n\nWhat the documents above are made of, in the order in which they come up.\n\n"
    for record in _records(roots):
        yield f"### {name_of(record)}\n\n{_doc(record.cls)}\n\n{_table(_rows(record))}"


def _info(record: type[msgspec.Struct]) -> types.StructType:
    info = types.type_info(record)
    assert isinstance(info, types.StructType)
    return info


def _records(roots: Sequence[types.StructType]) -> list[types.StructType]:
    """All records inside the documents, each once, as they come up."""
    found: dict[str, types.StructType] = {}
    waiting: list[Node] = [field.type for root in roots for field in root.fields]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, types.StructType) and name_of(node) not in found:
            found[name_of(node)] = node
            waiting = [*(field.type for field in node.fields), *waiting]
        else:
            waiting = [*_inside(node), *waiting]
    return list(found.values())


def _inside(node: Node) -> Sequence[Node]:
    if isinstance(node, types.UnionType):
        return node.types
    if isinstance(node, types.VarTupleType):
        return (node.item_type,)
    if isinstance(node, types.TupleType):
        return node.item_types
    return (node.value_type,) if isinstance(node, types.DictType) else ()


def name_of(record: types.StructType) -> str:
    """What a record is called on the page."""
    return record.cls.__name__.removesuffix("Document")


def _rows(record: types.StructType) -> Iterator[tuple[str, str, str]]:
    if record.tag_field:
        yield record.tag_field, f'"{record.tag}"', "Tells it from the others that may stand in its place."
    said = _meanings(record.cls)
    for field in record.fields:
        meaning = said.get(field.name) or _MEANINGS.get(f"{name_of(record)}.{field.name}") or _MEANINGS.get(field.name)
        if not meaning:
            raise SystemExit(f"{record.cls.__name__}.{field.name} has no docstring: say what it means.")
        yield field.encode_name, _type(field.type), _plain(meaning)


def _type(node: Node) -> str:
    """A type in words; of several, null comes last."""
    match node:
        case types.LiteralType():
            return " or ".join(f'"{each}"' for each in node.values)
        case types.StructType():
            return f"[{name_of(node)}](#{name_of(node).lower()})"
        case types.UnionType():
            kinds = sorted(node.types, key=lambda kind: isinstance(kind, types.NoneType))
            text = " or ".join(map(_type, kinds))
        case types.VarTupleType():
            text = f"array of {_grouped(node.item_type)}"
        case types.TupleType():
            text = f"array of {len(node.item_types)} {_grouped(node.item_types[0])}"
        case types.DictType():
            text = f"object of {_grouped(node.value_type)}"
        case _:
            text = _SIMPLE[type(node)]
    return text


def _grouped(node: Node) -> str:
    text = _type(node)
    return f"({text})" if " or " in text else text


def _meanings(record: type[Any]) -> dict[str, str]:
    """The docstrings of its fields, inherited ones too."""
    found: dict[str, str] = {}
    for each in reversed(record.__mro__):
        if each is object or each.__module__.startswith("msgspec"):
            continue
        (body,) = ast.parse(textwrap.dedent(inspect.getsource(each))).body
        assert isinstance(body, ast.ClassDef)
        found |= {
            field.target.id: said.value.value
            for field, said in zip(body.body, body.body[1:], strict=False)
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
            if isinstance(said, ast.Expr) and isinstance(said.value, ast.Constant) and isinstance(said.value.value, str)
        }
    return found


def _doc(record: type[Any]) -> str:
    return _plain(inspect.getdoc(record) or "")


def _plain(text: str) -> str:
    """A docstring as JSON has it."""
    words: Mapping[str, str] = {"None": "null", "True": "true", "False": "false"}
    plain = re.sub(r"\b(None|True|False)\b", lambda found: words[found[0]], " ".join(text.split()))
    return f"N{plain[1:]}" if plain.startswith("null ") else plain


def _table(rows: Iterable[tuple[str, str, str]]) -> str:
    lines = [f"| `{name}` | {kind} | {_escaped(meaning)} |" for name, kind, meaning in rows]
    return "\n".join(("| field | type | meaning |", "| --- | --- | --- |", *lines)) + "\n\n"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    """Write the page; with `--check` only say whether it is as it should be."""
    text = reference()
    if "--check" in sys.argv[1:]:
        raise SystemExit(0 if PAGE.read_text(encoding="utf-8") == text else f"{PAGE} is out of date: run `make docs`.")
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
