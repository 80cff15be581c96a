"""Requests of the user: one record per action, with everything needed to plan, perform and record it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from condatui_core.records.relinking import SMALLEST, LinkMethod
from condatui_core.records.slimming import SlimClass

ExportFormat = Literal["yaml", "explicit", "requirements", "json", "conda-lock"]
Cleanable = Literal["tarballs", "packages", "index", "logs", "pip", "uv"]
"""The parts of package caches that can be cleaned; `pip` and `uv` are the whole caches of those tools."""
CLEANABLES: tuple[Cleanable, ...] = ("tarballs", "packages", "index", "logs", "pip", "uv")
"""All of them, in the order in which they are cleaned."""

ARCHIVES = (".conda", ".tar.bz2")
"""How the names of archives end; conda extracts one to the same name without it."""


class CloneRequest(Struct, frozen=True, kw_only=True, tag="clone"):
    """Create an environment like another one."""

    source: str
    """A prefix."""
    target: str
    """The prefix to create."""
    add: tuple[str, ...] = ()
    """Specs to install into it afterwards."""
    with_conda: bool = False
    """Whether a clone of base includes conda itself."""
    offline: bool = False
    """Whether nothing may be downloaded; otherwise condatui tries offline first."""


class CreateRequest(Struct, frozen=True, kw_only=True, tag="create"):
    """Create an environment from specs, or from a file that describes it."""

    target: str
    """The prefix to create."""
    file: str = ""
    """The absolute path of the file, `FILE#NAME` for a part of a lock file; then what it asks for counts, not the
    fields below. It is read when it is planned and again when it is made, so that no password in it is written down."""
    specs: tuple[str, ...] = ()
    """What it is to have, as conda is asked for it: `numpy=1.26`, `conda-forge::python>=3.10`."""
    requested: tuple[str, ...] = ()
    """What is noted as requested, if the specs name builds that only happen to be those of today: names of packages.
    Empty for the specs as they are."""
    channels: tuple[str, ...] = ()
    """The channels to search and no others, by descending priority; empty for those that conda is configured with."""
    pip: tuple[str, ...] = ()
    """Requirements for pip, a line each."""
    variables: tuple[tuple[str, str], ...] = ()
    """Environment variables that its activation sets, by name."""
    origin: str = ""
    """What the specs come from, in words: `the packages that most environments share`."""
    installation: str = ""
    """The root prefix of the conda that makes it; empty for the first that works."""
    offline: bool = False
    """Whether nothing may be downloaded."""


class ExportOptions(Struct, frozen=True, kw_only=True):
    """What an export says of an environment."""

    format: ExportFormat = "yaml"
    """The kind of file."""
    builds: bool = True
    """Whether each package is named with its build."""
    from_history: bool = False
    """Only what the user requested; YAML and JSON only."""
    leaves: bool = False
    """Only what nothing else needs, and what the user requested; not for lists of archives."""
    portable: bool = False
    """For other machines: no builds but those that mean something, and nothing that one platform alone has."""
    variables: bool = True
    """Whether environment variables are written with their values, which may be secrets; YAML and JSON only."""


class ExportRequest(ExportOptions, frozen=True, kw_only=True, tag="export"):
    """Write the contents of an environment to a file."""

    prefix: str
    file: str
    """Absolute."""
    replace: bool = False
    """Whether an existing file may be replaced."""


class ExportAllRequest(ExportOptions, frozen=True, kw_only=True, tag="export-all"):
    """Write several environments into a directory, each to a file that is written only if it changes."""

    directory: str
    """Absolute."""
    prefixes: tuple[str, ...] = ()
    """The environments; empty for all of this machine."""
    changed: bool = False
    """Whether environments that have not changed since their file was written are not even read."""
    replace: bool = False
    """Whether files in the directory that condatui did not write may be replaced."""


class PackRequest(Struct, frozen=True, kw_only=True, tag="pack"):
    """Pack an environment into an archive that works elsewhere."""

    prefix: str
    file: str
    """The absolute path; its suffix decides the format unless `format` does."""
    format: str = ""
    """conda-pack's name of the format: `tar.gz`, `zip`, `tar.zst`, `squashfs`, `no-archive` …"""
    level: int = 4
    """The level of compression, 0 to 9 (19 for zstd, 22 at most)."""
    threads: int = 1
    """0 or less means all cores."""
    dest_prefix: str = ""
    """The prefix at the destination, if known: then no `conda-unpack` is needed."""
    excludes: tuple[str, ...] = ()
    """Patterns of paths to leave out."""
    replace: bool = False
    ignore_editable: bool = False
    ignore_missing: bool = False


class UnpackRequest(Struct, frozen=True, kw_only=True, tag="unpack"):
    """Make an environment of a packed one."""

    archive: str
    """The absolute path of the archive."""
    target: str
    """The prefix to create: nothing is there, or an empty directory."""
    register: bool = False
    """Whether the environment is registered, so that conda lists it."""


ShipSource = Literal["lock", "archive"]
"""What an image is built from: a list of archives to download, each with its checksum, or a packed environment."""
IMAGE_BASE = "docker.io/library/debian:12.11-slim"
"""What images are built on unless another base is named."""


class ShipRequest(Struct, frozen=True, kw_only=True, tag="ship"):
    """Write a directory that an image with an environment is built from."""

    prefix: str
    directory: str
    """The absolute path of the directory: new, empty, or written by an earlier ship."""
    source: ShipSource = "lock"
    base: str = IMAGE_BASE
    """The image that the environment is put into, with a tag or a digest."""
    command: tuple[str, ...] = ()
    """What a container runs; empty for python."""
    port: int | None = None
    """The port that the service listens to; None if it listens to none."""
    variables: bool = True
    """Whether the image gets the environment's variables with their values, which may be secrets."""
    slim: tuple[SlimClass, ...] = ()
    """The classes of files that the image lacks."""
    replace: bool = False
    """Whether files of an earlier ship are replaced."""


class RemoveRequest(Struct, frozen=True, kw_only=True, tag="remove"):
    """Remove environments, or their remains."""

    prefixes: tuple[str, ...]
    """The chosen paths, links not resolved, so that a symlink is recognized as one."""
    restore_point: bool = True
    """Whether what would be lost is kept; of a half-made environment that was not used since, that is nothing."""
    override_frozen: bool = False
    """Whether frozen environments are removed as well."""
    override_kept: bool = False
    """Whether environments that the user keeps are removed as well."""
    with_kernels: bool = False
    """Whether the user's Jupyter kernels go along that start them; a copy of each is kept."""
    stops: bool = False
    """Whether the first one that cannot be removed keeps those after it from going."""


class RestoreRequest(Struct, frozen=True, kw_only=True, tag="restore"):
    """Bring a removed environment back."""

    id: str
    """The id of the restore point."""


class CleanRequest(Struct, frozen=True, kw_only=True, tag="clean"):
    """Delete unneeded entries from package caches."""

    pkgs_dirs: tuple[str, ...]
    what: tuple[Cleanable, ...]
    removed_before: tuple[str, ...] = ()
    """Prefixes that the same job removes before: what only these use is unneeded then."""


class ForgetRequest(Struct, frozen=True, kw_only=True, tag="forget"):
    """Delete restore points."""

    ids: tuple[str, ...]


class MergeRequest(Struct, frozen=True, kw_only=True, tag="merge"):
    """Replace an environment by a clone of another one, its keeper, with what only it has added."""

    keeper: str
    """A prefix."""
    member: str
    """The prefix of the environment that goes, with a restore point."""
    target: str = ""
    """The prefix of the merged environment; empty for that of the member."""
    offline: bool = False
    """Whether nothing may be downloaded."""
    put_back: bool = False
    """Whether an interrupted merge is taken back instead: the member gets its path again, and what was made there goes.
    """


class UpdateRequest(Struct, frozen=True, kw_only=True, tag="update"):
    """Bring packages of environments to the versions that another one has, or to what a file asks for."""

    prefixes: tuple[str, ...]
    """The environments, one after the other."""
    like: str = ""
    """The prefix of the environment whose versions they get: the baseline; empty for a file."""
    file: str = ""
    """The absolute path of the file, as for new environments; empty for a baseline."""
    prune: bool = False
    """Whether what neither the file asks for, nor anything that it asks for needs, goes."""
    offline: bool = False
    """Whether nothing may be downloaded."""


class CheckpointRequest(Struct, frozen=True, kw_only=True, tag="checkpoint"):
    """Make restore points of environments that stay as they are."""

    prefixes: tuple[str, ...]
    """The environments, one after the other."""
    note: str = ""
    """Why, in the user's words."""


class RollbackRequest(Struct, frozen=True, kw_only=True, tag="rollback"):
    """Bring the conda packages of an environment back to those that it had after a revision."""

    prefix: str
    """The environment."""
    revision: int
    """The number of the revision in its history."""
    offline: bool = False
    """Whether nothing may be downloaded."""


class SlimRequest(Struct, frozen=True, kw_only=True, tag="slim"):
    """Make a copy of an environment that lacks what a service does not need; the environment stays as it is."""

    source: str
    """A prefix."""
    target: str
    """The prefix of the copy."""
    classes: tuple[SlimClass, ...]
    """The classes of files that are left out of it."""
    leave_out: tuple[str, ...] = ()
    """Further packages that are left out as a whole: names of conda's, or of pip's."""
    keep: tuple[str, ...] = ()
    """Packages that stay, with all that they need, whatever class they are of: names of conda's, or of pip's."""
    offline: bool = False
    """Whether nothing may be downloaded; otherwise condatui tries offline first."""


class KernelsRequest(Struct, frozen=True, kw_only=True, tag="kernels"):
    """Delete Jupyter kernels whose environment is gone."""

    paths: tuple[str, ...]
    """The directories that hold a kernel.json, absolute."""


class LeftoversRequest(Struct, frozen=True, kw_only=True, tag="leftovers"):
    """Delete from living environments the site-packages that their python no longer reads."""

    prefixes: tuple[str, ...]
    """The environments, one after the other."""


class RelinkRequest(Struct, frozen=True, kw_only=True, tag="relink"):
    """Store files of equal content once, in environments and package caches; nothing is removed."""

    prefixes: tuple[str, ...] = ()
    """The environments whose files are joined; empty for all of this machine."""
    leaving_out: tuple[str, ...] = ()
    """Environments of which no file is joined, and to which none is, since they go afterwards."""
    method: LinkMethod | None = None
    """How files are joined; None for shared blocks where the file system can, otherwise hard links."""
    smallest: int = SMALLEST
    """The bytes of contents below which files are left alone."""


class SeparateRequest(Struct, frozen=True, kw_only=True, tag="separate"):
    """Make the files of one environment its own again that relinking has joined: copies of them."""

    prefix: str
    """The environment."""


CleanupPart: TypeAlias = RelinkRequest | MergeRequest | RemoveRequest | LeftoversRequest | KernelsRequest | CleanRequest


class CleanupRequest(Struct, frozen=True, kw_only=True, tag="cleanup"):
    """Several requests as one plan and one job, in their order; it stops at the first surprise."""

    parts: tuple[CleanupPart, ...]
    """Those that need no restore point come first if the disk is too full for one."""


SeveralPart: TypeAlias = PackRequest | RestoreRequest | SeparateRequest


class SeveralRequest(Struct, frozen=True, kw_only=True, tag="several"):
    """The same for several environments, one after the other, as one plan and one job; it stops where one fails."""

    parts: tuple[SeveralPart, ...]
    """What is done to each."""
    undoes: str = ""
    """The title of the job that they undo together; empty if they were asked for one by one."""
    stays: tuple[str, ...] = ()
    """What does not come back by undoing it, and why, a line each."""


Request: TypeAlias = (
    CloneRequest
    | CreateRequest
    | ExportRequest
    | ExportAllRequest
    | PackRequest
    | UnpackRequest
    | ShipRequest
    | RemoveRequest
    | RestoreRequest
    | CleanRequest
    | ForgetRequest
    | CleanupRequest
    | MergeRequest
    | UpdateRequest
    | LeftoversRequest
    | KernelsRequest
    | CheckpointRequest
    | RollbackRequest
    | SlimRequest
    | RelinkRequest
    | SeparateRequest
    | SeveralRequest
)


def prefixes_in(request: Request) -> tuple[str, ...]:
    """The prefixes of the environments that a request names; what it is to make is not among them."""
    if isinstance(request, CleanupRequest | SeveralRequest):
        return tuple(prefix for part in request.parts for prefix in prefixes_in(part))
    several = getattr(request, "prefixes", ())
    single = (getattr(request, name, "") for name in ("prefix", "source", "keeper", "member", "like"))
    return (*several, *filter(None, single))
