"""Parse the answers of conda and mamba, in every shape that their versions use."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec
from msgspec import Struct

from condatui_core.conda.answer import CondaAnswer
from condatui_core.conda.errors import check_answer, not_understood
from condatui_core.records.installation import ChannelConfig, CondaFacts, Kind
from condatui_core.text import schema_fault, strip_credentials

_Shape = TypeVar("_Shape", bound=Struct)

_VERSION = re.compile(r"^(?:(conda|mamba) )?(\d+\.\d\S*)\s*$", re.MULTILINE)


class _EnvironmentListing(Struct):
    """`env list`: originally `envs` alone, since 24.7 all of `info`, since 25.11 with details; mamba has `envs`."""

    envs: tuple[str, ...]


class _AnsweredChannel(Struct):
    """A channel as `config --show` dumps it. Its token and user are deliberately not read."""

    scheme: str | None = None
    location: str | None = None
    name: str | None = None


class _Configuration(Struct):
    channel_alias: _AnsweredChannel | str
    custom_channels: dict[str, _AnsweredChannel | str]
    custom_multichannels: dict[str, tuple[_AnsweredChannel | str, ...]]
    default_channels: tuple[_AnsweredChannel | str, ...]
    envs_dirs: tuple[str, ...]
    pkgs_dirs: tuple[str, ...]
    channels: tuple[_AnsweredChannel | str, ...] = ()
    migrated_channel_aliases: tuple[_AnsweredChannel | str, ...] = ()


class _MambaInfo(Struct, rename={"envs_dirs": "envs directories", "pkgs_dirs": "package cache"}):
    envs_dirs: tuple[str, ...]
    pkgs_dirs: tuple[str, ...]


class _RootPrefix(Struct):
    root_prefix: str


def parse_environments(answer: CondaAnswer) -> tuple[str, ...]:
    """Parse the answer of `env list --json`; raises CondaError if conda failed or the answer is not understood."""
    return _read(answer, _EnvironmentListing, "list its environments").envs


def parse_configuration(answer: CondaAnswer) -> CondaFacts:
    """Parse the answer of `config --show … --json`; raises CondaError as `parse_environments` does."""
    shown = _read(answer, _Configuration, "show its configuration")
    multichannels = {
        name: tuple(_base_url(each) for each in members) for name, members in shown.custom_multichannels.items()
    }
    multichannels.setdefault("defaults", tuple(_base_url(each) for each in shown.default_channels))
    return CondaFacts(
        envs_dirs=shown.envs_dirs,
        pkgs_dirs=shown.pkgs_dirs,
        channels=ChannelConfig(
            channel_alias=_base_url(shown.channel_alias),
            custom_channels=tuple((name, _custom_url(name, each)) for name, each in shown.custom_channels.items()),
            custom_multichannels=tuple(multichannels.items()),
            migrated_channel_aliases=tuple(map(_base_url, shown.migrated_channel_aliases)),
            channels=tuple(map(_base_url, shown.channels)),
        ),
    )


def parse_root_prefix(answer: CondaAnswer) -> str:
    """Parse the answer of `config --show root_prefix --json`; raises CondaError as `parse_environments` does."""
    return _read(answer, _RootPrefix, "show its root prefix").root_prefix


def parse_version(answer: CondaAnswer, kind: Kind) -> tuple[Kind, str]:
    """Parse the answer of `--version` to the real kind and the version; `kind` is what the executable's name suggests.

    The answer is `conda 24.7.1`, `mamba 1.5.8` followed by its conda's version, or a number alone (mamba 2 and
    micromamba). Raises CondaError as `parse_environments` does.
    """
    check_answer(answer, "show its version")
    found = _VERSION.search(answer.stdout) or _VERSION.search(answer.stderr)
    if not found:
        raise not_understood(answer, "show its version", "There is no version in it.")
    name, version = found.groups()
    if name is None and kind == "conda":
        return "micromamba", version
    return ("conda" if name == "conda" else kind), version


def parse_mamba_info(answer: CondaAnswer) -> CondaFacts:
    """Parse the directories in mamba's answer of `info --json`; raises CondaError as `parse_environments` does.

    mamba does not report its channel aliases, so the channels are those of an unconfigured conda.
    """
    info = _read(answer, _MambaInfo, "show its directories")
    return CondaFacts(envs_dirs=info.envs_dirs, pkgs_dirs=info.pkgs_dirs)


class SolvedPackage(Struct, frozen=True, kw_only=True):
    """A package that conda would add or remove, as it prints it for a dry run."""

    name: str
    version: str
    build: str = msgspec.field(name="build_string")
    base_url: str | None = None

    @property
    def dist_name(self) -> str:
        """Its name in a package cache: `numpy-1.26.4-py311h64a7726_0`."""
        return f"{self.name}-{self.version}-{self.build}"


class _Fetched(Struct):
    name: str = ""
    dist_name: str = ""
    size: int | None = 0


class _Actions(Struct):
    link: tuple[SolvedPackage, ...] = msgspec.field(name="LINK", default=())
    unlink: tuple[SolvedPackage, ...] = msgspec.field(name="UNLINK", default=())
    fetch: tuple[_Fetched, ...] = msgspec.field(name="FETCH", default=())


class _DryRun(Struct):
    actions: _Actions = msgspec.field(default_factory=_Actions)


class KnownArchive(Struct, frozen=True, kw_only=True):
    """An archive that a channel has, as conda prints what the channel's index states of it."""

    name: str
    version: str
    build: str
    url: str
    subdir: str = ""
    md5: str | None = None
    sha256: str | None = None
    size: int | None = None


class _Downloads(Struct):
    fetch: tuple[KnownArchive, ...] = msgspec.field(name="FETCH", default=())


class _Planned(Struct):
    actions: _Downloads = msgspec.field(default_factory=_Downloads)


class Transaction(Struct, frozen=True, kw_only=True):
    """What conda would do to an environment."""

    added: tuple[SolvedPackage, ...] = ()
    """Sorted by name."""
    removed: tuple[SolvedPackage, ...] = ()
    to_download: tuple[str, ...] = ()
    """The names of the packages that it would download."""
    download_bytes: int = 0
    """Bytes of their archives, as far as it states them."""
    download_sizes: tuple[int, ...] = ()
    """The same for each, in their order; 0 if it does not state it."""


def parse_transaction(answer: CondaAnswer, asked: str) -> Transaction:
    """Parse the answer of a dry run with `--json`, which has no actions if there is nothing to do.

    Raises CondaError as `parse_environments` does; `asked` says in words what conda was asked to do.
    """
    actions = _read(answer, _DryRun, asked).actions
    return Transaction(
        added=tuple(sorted(actions.link, key=lambda each: each.name)),
        removed=tuple(sorted(actions.unlink, key=lambda each: each.name)),
        to_download=tuple(each.dist_name or each.name for each in actions.fetch),
        download_bytes=sum(each.size or 0 for each in actions.fetch),
        download_sizes=tuple(each.size or 0 for each in actions.fetch),
    )


def parse_fetched(answer: CondaAnswer, asked: str) -> tuple[KnownArchive, ...]:
    """Parse the archives that conda would download from the answer of a dry run; raises CondaError as above."""
    return _read(answer, _Planned, asked).actions.fetch


def parse_found(answer: CondaAnswer, asked: str) -> tuple[KnownArchive, ...]:
    """Parse the answer of `search --json`, archives by package name; raises CondaError as above."""
    documents = check_answer(answer, asked).documents
    try:
        found = msgspec.convert(documents[-1], dict[str, tuple[KnownArchive, ...]])
    except (IndexError, msgspec.ValidationError) as error:
        raise not_understood(answer, asked, schema_fault(str(error))) from error
    return tuple(archive for archives in found.values() for archive in archives)


def _read(answer: CondaAnswer, shape: type[_Shape], asked: str) -> _Shape:
    objects = [document for document in check_answer(answer, asked).documents if isinstance(document, dict)]
    if not objects:
        raise not_understood(answer, asked, "There is no JSON object in it.")
    key = shape.__struct_encode_fields__[0]
    document = next((each for each in reversed(objects) if key in each), objects[-1])
    try:
        return msgspec.convert(document, shape)
    except msgspec.ValidationError as error:
        raise not_understood(answer, asked, schema_fault(str(error))) from error


def _base_url(channel: _AnsweredChannel | str) -> str:
    if isinstance(channel, str):
        return strip_credentials(channel).rstrip("/")
    host = f"{channel.scheme}://{channel.location or ''}" if channel.scheme else channel.location
    return strip_credentials("/".join(part.rstrip("/") for part in (host, channel.name) if part))


def _custom_url(name: str, channel: _AnsweredChannel | str) -> str:
    """The URL of a custom channel; given as a string, it is the URL to append its name to, as in a condarc."""
    url = _base_url(channel)
    return f"{url}/{name}" if isinstance(channel, str) else url
