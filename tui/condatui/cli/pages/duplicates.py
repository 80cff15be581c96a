"""Print groups of alike environments for people: the one that stays with its reasons, then the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.text import Text

from condatui.cli.documents.duplicates import DuplicateGroupDocument, DuplicatesDocument
from condatui.cli.invocation import Invocation
from condatui.cli.pages.tables import Printer
from condatui.view_models import styles
from condatui.view_models.alike import keeper_words, member_words
from condatui.view_models.format import short_bytes
from condatui.view_models.glyphs import Glyphs
from condatui.view_models.table import TableColumn
from condatui_core.records.alike import AlikeGroup, AlikeMember
from condatui_core.text import format_bytes, percent, sanitize

_COLUMNS = (
    TableColumn("name", "could go", 36),
    TableColumn("alike", "alike", 5, align="right"),
    TableColumn("frees", "frees", 6, align="right"),
    TableColumn("what", "beside the one that stays", 200, cut="end", flexible=True),
)


_ELSEWHERE = (TableColumn("name", "alike to it", 36), _COLUMNS[1], _COLUMNS[3])
"""On other machines nothing goes, and nothing is freed."""


class _MembersModel:
    """The members of a group as rows."""

    def __init__(
        self, group: AlikeGroup, described: DuplicateGroupDocument, names: Mapping[str, str], glyphs: Glyphs
    ) -> None:
        self._members = tuple(zip(group.members, described.members, strict=True))
        self._elsewhere = any(each.host for each in described.members)
        self._names = names
        self._glyphs = glyphs

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        return _ELSEWHERE if self._elsewhere else _COLUMNS

    def __len__(self) -> int:
        return len(self._members)

    def key(self, index: int) -> str:
        return self._members[index][0].prefix

    def cells(self, index: int) -> tuple[Text, ...]:
        member, document = self._members[index]
        return (
            Text(sanitize(self._names[member.prefix])),
            Text(percent(member.similarity)),
            *([] if document.host else [Text(short_bytes(document.frees))]),
            Text(self._what(member)),
        )

    def _what(self, member: AlikeMember) -> str:
        stays = f"stays: {sanitize(member.stays)} {self._glyphs.separator} " if member.stays else ""
        return f"{stays}{member_words(member, self._glyphs)}"


def print_duplicates(
    invocation: Invocation, groups: Sequence[AlikeGroup], document: DuplicatesDocument, names: Mapping[str, str]
) -> None:
    """Print each group and what it frees together, then what all of them free; `names` are by prefix."""
    printer = Printer(ascii_only=invocation.settings.ascii)
    if not groups:
        printer.text(Text(f"No two environments have {percent(document.threshold)} of their packages in common."))
        return
    for index, (group, described) in enumerate(zip(groups, document.clusters, strict=True)):
        if index:
            printer.text(Text())
        _print_group(printer, group, described, names)
    if document.clusters[0].host:
        return
    if len(groups) > 1 and (going := sum(map(_going, groups))):
        printer.text(
            Text(
                f"\nGoing to these {len(groups)} and removing all {going} others frees {format_bytes(document.frees)}."
            )
        )


def _print_group(
    printer: Printer, group: AlikeGroup, described: DuplicateGroupDocument, names: Mapping[str, str]
) -> None:
    keeper = sanitize(names[group.keeper])
    name = Text(f"{printer.glyphs.alike} {keeper}", styles.STRONG)
    printer.text(name.append(f"  {keeper_words(group)}", styles.DIM))
    printer.table(_MembersModel(group, described, names, printer.glyphs))
    if not described.host and (going := _going(group)):
        printer.text(
            Text(f"Going to {keeper} and removing {_those(going, group)} frees {format_bytes(described.frees)}.")
        )


def _going(group: AlikeGroup) -> int:
    """How many of its members could go."""
    return sum(not each.stays for each in group.members)


def _those(going: int, group: AlikeGroup) -> str:
    if going < len(group.members):
        return f"the {going} that could go" if going > 1 else "the one that could go"
    return "it" if going == 1 else f"these {going}"
