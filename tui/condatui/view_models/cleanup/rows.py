"""Groups of alike environments and what else could go, as rows in the order in which they are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from copy import copy

from msgspec import Struct
from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.alike import across_words, keeper_words, member_words
from condatui.view_models.format import about_minutes, below_home, short_bytes, shorten_middle
from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui.view_models.table import TableColumn
from condatui_core.records.alike import AlikeGroup, AlikeMember
from condatui_core.records.cleanup import CleanupCandidate, CleanupKind
from condatui_core.records.environment import host_of
from condatui_core.text import sanitize

# The rows: a keeper with its members below it, then the candidates that are in no group


class CleanupRow(Struct, frozen=True):
    """A row of the table: the heading of a group, one of its members, or a candidate that is in no group."""

    key: str
    """The prefix in a group, otherwise the key of the candidate."""
    group: AlikeGroup | None = None
    member: AlikeMember | None = None
    """None in the heading of a group, which stands for its keeper."""
    candidate: CleanupCandidate | None = None
    """None in the heading of a group, and for a member that nothing proposes."""
    merges: bool = False
    """Whether choosing all of a group merges some of it: of what that frees only a lower bound is known."""

    @property
    def is_heading(self) -> bool:
        """Whether it is the heading of a group."""
        return self.group is not None and self.member is None

    @property
    def prefix(self) -> str:
        """The prefix of the environment that it is about; empty for a cache, a kernel or files of several."""
        if self.group is not None:
            return self.key
        return self.candidate.path if self.candidate and self.candidate.kind in _OF_ONE_PREFIX else ""


def cleanup_rows(
    groups: Iterable[AlikeGroup], candidates: Sequence[CleanupCandidate], across: Iterable[AlikeGroup] = ()
) -> tuple[CleanupRow, ...]:
    """The groups with their members, then the candidates that are in none, each in the order given.

    Last the groups `across` other machines, a heading each: nothing of them could go.
    """
    of_environments = {each.path: each for each in candidates if each.kind in _OF_ENVIRONMENTS}
    grouped = tuple(_grouped(groups, of_environments))
    shown = {row.key for row in grouped}
    others = (each for each in candidates if each.kind not in _OF_ENVIRONMENTS or each.path not in shown)
    return (
        *grouped,
        *(CleanupRow(each.key, candidate=each) for each in others),
        *(CleanupRow(each.keeper, each) for each in across),
    )


_OF_ONE_PREFIX: frozenset[CleanupKind] = frozenset({"environment", "merge", "leftovers"})
_OF_ENVIRONMENTS: frozenset[CleanupKind] = frozenset({"environment", "merge"})
"""The kinds of candidates that stand below their keeper."""


def _grouped(groups: Iterable[AlikeGroup], candidates: Mapping[str, CleanupCandidate]) -> Iterator[CleanupRow]:
    for group in groups:
        rows = [CleanupRow(each.prefix, group, each, candidates.get(each.prefix)) for each in group.members]
        together = choosable_together(rows)
        merges = any(row.candidate and row.candidate.frees_at_least and row.key in together for row in rows)
        yield CleanupRow(group.keeper, group, merges=merges)
        yield from rows


def choosable(rows: Iterable[CleanupRow]) -> frozenset[str]:
    """The keys of the candidates in these rows that can be chosen."""
    return frozenset(row.candidate.key for row in rows if row.candidate and not row.candidate.blocked)


def choosable_together(rows: Iterable[CleanupRow]) -> frozenset[str]:
    """The same without those that are only chosen one by one, by hand."""
    return choosable(row for row in rows if row.candidate and not row.candidate.only_by_hand)


def rows_of_group(rows: Iterable[CleanupRow], keeper: str) -> tuple[CleanupRow, ...]:
    """The rows of the members of a keeper's group."""
    return tuple(row for row in rows if row.member and row.group and row.group.keeper == keeper)


# The rows as cells


COLUMNS = (
    TableColumn("mark", "", 1),
    TableColumn("name", "what could go", 44),
    TableColumn("disk", "disk", 6, align="right", priority=2),
    TableColumn("frees", "frees", 6, align="right"),
    TableColumn("back", "way back", 14, cut="end", priority=1),
    TableColumn("why", "why", 120, cut="end", flexible=True, comfort=34),
)
_PATH = 30
"""The largest width of a path beside a name, in cells."""
_KEEPER = 40
"""The largest width of a keeper's name in the heading of its group, in cells."""


class CleanupModel:
    """The rows of the cleanup place as cells; the heading of a group takes the whole line."""

    def __init__(
        self,
        rows: Sequence[CleanupRow],
        *,
        frees: Mapping[str, int],
        together: Mapping[str, int],
        names: Mapping[str, str],
        chosen: frozenset[str] = frozenset(),
        glyphs: Glyphs = UNICODE,
        home: str = "",
        merge_key: str = "",
    ) -> None:
        """`frees`: by key, the bytes that `df` gains if only this candidate goes; `together`: by keeper, its group.

        `names`: of environments, by prefix. `chosen`: keys of candidates. `merge_key` shows the plan of a merge.
        """
        self._rows = rows
        self._frees = frees
        self._together = together
        self._names = names
        self._uses = Counter(row.candidate.shown for row in rows if row.candidate)
        self._chosen = chosen
        self._glyphs = glyphs
        self._home = home
        self._merge_key = merge_key
        self._made: dict[int, tuple[Text, ...]] = {}
        """The cells of the rows that were asked for, by index."""

    def with_chosen(self, chosen: frozenset[str]) -> CleanupModel:
        """The same rows with another choice; those whose mark stays keep their cells, and need not be drawn again."""
        other, changed = copy(self), self._chosen ^ chosen
        other._chosen = chosen
        other._made = {
            index: cells
            for index, cells in self._made.items()
            if (candidate := self._rows[index].candidate) is None or candidate.key not in changed
        }
        return other

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        """The columns, left to right."""
        return COLUMNS

    def __len__(self) -> int:
        return len(self._rows)

    def key(self, index: int) -> str:
        """The key of the row."""
        return self._rows[index].key

    def heading(self, index: int) -> tuple[Text, Text] | None:
        """The left and the right part of the heading of a group; None for a row with cells."""
        row = self._rows[index]
        return self._heading(row, row.group) if row.is_heading and row.group else None

    def cells(self, index: int) -> tuple[Text, ...]:
        """The cells of a row; a row that cannot be chosen is dim, a heading has none."""
        if index not in self._made:
            self._made[index] = self._make(self._rows[index])
        return self._made[index]

    def why_chosen(self, chosen: Collection[CleanupCandidate]) -> Iterator[tuple[str, str]]:
        """By name, what each of the chosen candidates frees alone, and why it could go."""
        keys = {each.key for each in chosen}
        for row in self._rows:
            if row.candidate and row.candidate.key in keys:
                words = (f"frees {self._freed(row.candidate)} alone", *self._reasons(row))
                yield self._name(row, "").plain.strip(), f" {self._glyphs.separator} ".join(words)

    def _make(self, row: CleanupRow) -> tuple[Text, ...]:
        if row.is_heading:
            return (Text(),) * len(COLUMNS)
        candidate = row.candidate
        style = styles.DIM if candidate is None or candidate.blocked else styles.PLAIN
        disk = short_bytes(candidate.bytes) if candidate and candidate.bytes else self._glyphs.nothing
        return (
            Text(self._glyphs.mark if candidate and candidate.key in self._chosen else ""),
            self._name(row, style),
            Text(disk, style),
            Text(self._freed(candidate), style),
            Text("" if candidate is None or candidate.blocked else way_back_words(candidate, self._glyphs), style),
            self._why(row),
        )

    def _heading(self, row: CleanupRow, group: AlikeGroup) -> tuple[Text, Text]:
        name = shorten_middle(sanitize(self._name_of(group.keeper)), _KEEPER, self._glyphs.ellipsis)
        if host_of(group.keeper):
            left = Text.assemble(
                f"{self._glyphs.alike} ", (name, styles.STRONG), (f"  ({across_words(group)})", styles.DIM)
            )
            return left, Text("on other machines", styles.DIM)
        left = Text.assemble(
            f"{self._glyphs.alike} ", (name, styles.STRONG), (f"  ({keeper_words(group)})", styles.DIM)
        )
        together = self._together.get(group.keeper)
        least = self._glyphs.at_least if row.merges else ""
        freed = self._glyphs.unread if together is None else f"{least}{short_bytes(together)}"
        return left, Text(f"choice frees {freed}")

    def _name_of(self, prefix: str) -> str:
        return self._names.get(prefix) or below_home(prefix, self._home)

    def _freed(self, candidate: CleanupCandidate | None) -> str:
        if candidate is None or (candidate.part and candidate.blocked):  # cleaning never removes it
            return self._glyphs.nothing
        frees = self._frees.get(candidate.key)
        if candidate.kind == "kernel" and not frees:  # nothing measures it: a few small files
            return self._glyphs.nothing
        if frees is None:
            return self._glyphs.unread
        if candidate.frees_at_least:
            return f"{self._glyphs.at_least}{short_bytes(frees)}" if frees > 0 else self._glyphs.nothing
        return short_bytes(frees)

    def _name(self, row: CleanupRow, style: str) -> Text:
        candidate, indent = row.candidate, "  " if row.member else ""
        if candidate is None:
            return Text(f"{indent}{sanitize(self._name_of(row.key))}", style)
        name = Text(indent + sanitize(below_home(candidate.shown, self._home)), style)
        if self._uses[candidate.shown] > 1:
            name.append(f" {self._path(candidate)}", styles.DIM)
        return name

    def _path(self, candidate: CleanupCandidate) -> str:
        return shorten_middle(sanitize(below_home(candidate.path, self._home)), _PATH, self._glyphs.ellipsis)

    def _why(self, row: CleanupRow) -> Text:
        candidate = row.candidate
        if candidate is not None and candidate.at_work:
            return Text(candidate.blocked, styles.DIM)
        style = styles.DIM if candidate is None or candidate.blocked else styles.PLAIN
        merge = [f"{self._merge_key} shows the merge"] if self._merge_key and can_be_merged(row) else []
        by_hand = [f"only by hand: {candidate.only_by_hand}"] if candidate and _is_by_hand(candidate) else []
        why = Text(f" {self._glyphs.separator} ".join((*self._reasons(row), *by_hand, *merge)), style)
        if candidate is None or not candidate.blocked or candidate.blocked in self._reasons(row):
            return why
        return Text.assemble((f"{self._glyphs.warning} {sanitize(candidate.blocked)}", styles.WARNING), "  ", why)

    def _reasons(self, row: CleanupRow) -> list[str]:
        """What a member is to its keeper, then the reasons; of those about the group, the first says more."""
        relation = [f"{_what_choosing_does(row)}{member_words(row.member, self._glyphs)}"] if row.member else []
        reasons = row.candidate.reasons if row.candidate else ()
        others = [sanitize(each.text) for each in reasons if not (row.member and each.id in OF_GROUPS)]
        if row.candidate and row.candidate.kind == "cache" and self._uses[row.candidate.shown] == 1:
            others.append(self._path(row.candidate))
        caution = [sanitize(row.candidate.caution)] if row.candidate and row.candidate.caution else []
        return [*relation, *others, *caution]


def _what_choosing_does(row: CleanupRow) -> str:
    """What becomes of a member that is chosen, before what it is to its keeper; empty if it cannot be chosen."""
    if row.candidate is None or row.candidate.blocked:
        return ""
    return "merge: " if row.candidate.kind == "merge" else "remove: "


def _is_by_hand(candidate: CleanupCandidate) -> bool:
    """Whether a candidate can be chosen, but is by no goal."""
    return bool(candidate.only_by_hand) and not candidate.blocked


OF_GROUPS = frozenset({"identical", "subset", "differs", "duplicate"})
"""The ids of the reasons that say what an environment is to its keeper."""


def can_be_merged(row: CleanupRow) -> bool:
    """Whether going to the keeper would lose something, so that a merge is what there is to plan."""
    return row.member is not None and row.member.relation == "differs"


def way_back_words(candidate: CleanupCandidate, glyphs: Glyphs = UNICODE) -> str:
    """What it costs to get something back, in a column: `2 min ↓40 M`, or what its restore point keeps: `12 M kept`,
    `12 M in 5 s` if it is known how long that takes. Empty if nothing is known.
    """
    way_back = candidate.way_back
    time = about_minutes(way_back.minutes) if way_back.minutes is not None else ""
    download = f"{glyphs.older}{short_bytes(way_back.download_bytes)}" if way_back.download_bytes else ""
    if way_back.kept_bytes and not download:
        return f"{short_bytes(way_back.kept_bytes)} {f'in {time}' if time else 'kept'}"
    return " ".join(filter(None, (time, download)))
