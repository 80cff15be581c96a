"""The packages of an environment, those of conda and of pip in one list."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from msgspec import Struct
from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.channel_codes import NO_CODES, ChannelCodes
from condatui.view_models.format import short_bytes
from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui.view_models.table import TableColumn
from condatui_core.analyses.channels import PYPI, channel_label
from condatui_core.records.environment import Environment
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import PrefixContents
from condatui_core.text import sanitize

COLUMNS = (
    TableColumn("sign", "", 2),
    TableColumn("name", "name", 32, flexible=True, comfort=16),
    TableColumn("version", "version", 20, comfort=10),
    TableColumn("build", "build", 26, priority=3, comfort=12),
    TableColumn("channel", "channel", 20, priority=1),
    TableColumn("code", "channel", 5, priority=1, brief=True),
    TableColumn("size", "size", 5, align="right", priority=2),
)


class PackageRow(Struct, frozen=True, kw_only=True):
    """One package that conda or pip has installed."""

    key: str
    name: str
    version: str
    build: str = ""
    channel: str
    size: int
    """The installed bytes, as its records state them."""
    requested: bool = False
    pip: bool = False
    pip_version: str = ""
    """The version that pip has put in place of the conda package."""
    package: PackageRecord | Distribution
    """What the row shows."""


class PackagesModel:
    """Packages as rows; with a text, only those that have all of its words."""

    def __init__(
        self,
        environment: Environment,
        channels: ChannelConfig,
        *,
        glyphs: Glyphs = UNICODE,
        codes: ChannelCodes = NO_CODES,
        text: str = "",
        sort: str = "name",
        reverse: bool = False,
    ) -> None:
        rows = _rows(environment.contents, channels) if environment.contents else []
        self._rows = _sorted([row for row in rows if _has(row, text)], sort, reverse)
        self._glyphs = glyphs
        self._codes = codes

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        """The columns, left to right."""
        return COLUMNS

    def __len__(self) -> int:
        return len(self._rows)

    def key(self, index: int) -> str:
        """The source, name and version, as conda and pip may share a name."""
        return self._rows[index].key

    def row(self, index: int) -> PackageRow:
        """The package behind a row."""
        return self._rows[index]

    def copied(self, index: int) -> str:
        """What is copied of a row: a spec that conda, or else pip, takes."""
        row = self._rows[index]
        return f"{row.name}=={row.version}" if row.pip else "=".join(filter(None, (row.name, row.version, row.build)))

    def cells(self, index: int) -> tuple[Text, ...]:
        """The cells of a row."""
        row = self._rows[index]
        return (
            self._sign(row),
            Text(sanitize(row.name), styles.STRONG if row.requested else styles.PLAIN),
            self._version(row),
            Text(sanitize(row.build), styles.DIM),
            Text(sanitize(row.channel)),
            Text(sanitize(self._codes.get(PYPI if row.pip else row.channel, row.channel))),
            Text(short_bytes(row.size) if row.size else self._glyphs.nothing, styles.PLAIN if row.size else styles.DIM),
        )

    def _sign(self, row: PackageRow) -> Text:
        if row.pip_version:
            return Text(self._glyphs.replaced, styles.WARNING)
        return Text((self._glyphs.requested if row.requested else "") + (self._glyphs.pip if row.pip else ""))

    def _version(self, row: PackageRow) -> Text:
        version = Text(sanitize(row.version))
        if row.pip_version:
            version.append(f" {self._glyphs.replaced} pip {sanitize(row.pip_version)}", styles.WARNING)
        return version


def _rows(contents: PrefixContents, channels: ChannelConfig) -> list[PackageRow]:
    requested = contents.requested_names
    replaced = {each.package: each.pip_version for each in contents.replaced}
    return [
        *(_conda_row(record, channels, requested, replaced.get(record.name, "")) for record in contents.packages),
        *map(_pip_row, contents.pip_distributions),
    ]


def _conda_row(
    record: PackageRecord, channels: ChannelConfig, requested: frozenset[str], pip_version: str
) -> PackageRow:
    return PackageRow(
        key=f"conda:{record.name}={record.version}={record.build}",
        name=record.name,
        version=record.version,
        build=record.build,
        channel=channel_label(record.base_url, channels),
        size=record.installed_bytes,
        requested=record.name in requested,
        pip_version=pip_version,
        package=record,
    )


def _pip_row(distribution: Distribution) -> PackageRow:
    return PackageRow(
        key=f"pip:{distribution.path}",
        name=distribution.name,
        version=distribution.version,
        channel=PYPI if distribution.origin == "index" else f"{PYPI} {distribution.origin}",
        size=distribution.installed_bytes,
        pip=True,
        package=distribution,
    )


def _has(row: PackageRow, text: str) -> bool:
    """Whether each word is in the name, version, build or channel, or says how it came here; `!` in front: is not."""
    how = ("pip" if row.pip else "", "asked" if row.requested else "")
    parts = [part.casefold() for part in (row.name, row.version, row.build, row.channel, *how)]
    for word in text.casefold().split():
        wanted = word.removeprefix("!")
        if wanted and any(wanted in part for part in parts) == word.startswith("!"):
            return False
    return True


def _sorted(rows: Sequence[PackageRow], sort: str, reverse: bool) -> tuple[PackageRow, ...]:
    by_name = sorted(rows, key=lambda row: (row.name.casefold(), row.pip))
    if sort == "name":
        return tuple(reversed(by_name) if reverse else by_name)
    return tuple(sorted(by_name, key=attrgetter(sort), reverse=(sort == "size") != reverse))
