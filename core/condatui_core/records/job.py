"""Records of plans, of running jobs, and of their outcomes."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct

from condatui_core.records.finding import Finding
from condatui_core.records.relinking import LinkMethod, SkippedFiles
from condatui_core.records.request import Request
from condatui_core.records.slimming import SlimClass
from condatui_core.remedy import Advice

JobState = Literal["queued", "running", "cancelling", "done", "failed", "cancelled", "interrupted"]


class Step(Struct, frozen=True, kw_only=True):
    """One step of a plan."""

    title: str
    """One line, in the imperative: `Delete what was set aside`."""
    argv: tuple[str, ...] = ()
    """The command that does it, as it can be run by hand; empty if condatui does it itself."""


class BlindKernel(Struct, frozen=True, kw_only=True):
    """A Jupyter kernel that will start nothing once an environment is removed."""

    path: str
    """The directory that holds its kernel.json."""
    name: str
    """The name that Jupyter shows."""
    prefix: str
    """The environment."""
    sha256: str = ""
    """The digest of its kernel.json: no other kernel goes along with the environment."""
    stays: str = ""
    """Why it cannot go along, a sentence; empty if it can."""


class PlannedRemoval(Struct, frozen=True, kw_only=True):
    """The facts that a removal was planned with, so that it deletes nothing that was not there then."""

    directories: tuple[str, ...] = ()
    """The paths that were directories, whose contents the plan describes."""
    identities: tuple[tuple[int, ...], ...] = ()
    """Which directory each of these was; empty if it was planned before that was noted."""
    used_since: tuple[str, ...] = ()
    """The paths of half-made environments into which something came after their job ended."""
    over_limit: tuple[str, ...] = ()
    """The paths whose restore point exceeds the limit of the settings; confirming the plan accepts this."""
    prunes: tuple[str, ...] = ()
    """Ids of the older restore points that it deletes afterwards, because the settings no longer allow them."""
    kernels: tuple[BlindKernel, ...] = ()
    """The Jupyter kernels that start what goes; those that can go along do so if the request says it."""


class PlannedCleaning(Struct, frozen=True, kw_only=True):
    """What a cleaning was planned to delete: it deletes that at most."""

    paths: tuple[str, ...] = ()
    """The paths in package caches that it deletes."""
    needed: tuple[str, ...] = ()
    """The packages, as `name-version-build`, that restore points need and would have to download afterwards."""


PackageChange = Literal["up", "down", "build", "gone", "new"]
"""What becomes of a package: a newer version, an older one, another build or channel of the same, none, or a first."""


class PackageMove(Struct, frozen=True, kw_only=True):
    """What becomes of a package for the user of an environment."""

    name: str
    """The package, or the distribution of pip."""
    change: PackageChange
    """What becomes of it."""
    before: str = ""
    """Its version now; empty if it is not there."""
    after: str = ""
    """Its version afterwards; empty if it will not be there."""
    requested: bool = False
    """Whether the user of the environment requested it or installed it by pip, or the file that it follows names it."""
    pip: bool = False
    """Whether pip does it, or has installed what is there now."""


class PlannedCreation(Struct, frozen=True, kw_only=True):
    """What conda was to make of the specs of a new environment, by its own dry run."""

    packages: tuple[str, ...]
    """The packages, as `name-version-build`."""
    offline: bool = True
    """Whether conda found all of them in its caches."""
    digest: str = ""
    """The sha256 of the file that it is made from: it is made from no other; empty without a file."""


class PlannedRestore(Struct, frozen=True, kw_only=True):
    """What a restore was planned to find at its prefix: it replaces nothing else."""

    replaces: tuple[int, int] | None = None
    """Device and inode of the environment that is there, and is brought back to how it was; None if nothing is."""
    put_back: str = ""
    """Where an interrupted restore has set the environment aside, if that is put back instead of making it again."""
    over_limit: bool = False
    """Whether the restore point of what is there exceeds the limit of the settings; confirming accepts this."""
    extracts: dict[str, int] = {}
    """By package, as `name-version-build`, the bytes that come into a package cache; part of `bytes_needed`."""


class PlannedUpdate(Struct, frozen=True, kw_only=True):
    """What an update was planned to do to one environment: it does exactly that."""

    prefix: str
    """The environment."""
    identity: tuple[int, int]
    """Device and inode of its directory."""
    specs: tuple[str, ...]
    """What conda is asked for."""
    removed: tuple[str, ...]
    """The packages that go, as `name-version-build`."""
    added: tuple[str, ...]
    """The packages that come, likewise."""
    moves: tuple[PackageMove, ...] = ()
    """The same as what becomes of each package."""
    offline: bool = True
    """Whether conda found all of that in its caches."""
    over_limit: bool = False
    """Whether its restore point exceeds the limit of the settings; confirming accepts this."""
    digest: str = ""
    """The sha256 of the file that it is updated from: from no other; empty for a baseline."""
    by_pip: tuple[str, ...] = ()
    """What pip is asked for and may not be there yet, a requirement each."""
    variables: tuple[str, ...] = ()
    """The names of the variables that its activation will set otherwise; their values are not written down."""
    pruned: tuple[str, ...] = ()
    """Those of `removed` that go in a second step, because nothing that the file asks for needs them."""
    pruned_by_pip: tuple[str, ...] = ()
    """The distributions that pip uninstalls for the same reason: their names."""
    from_another_channel: tuple[tuple[str, str], ...] = ()
    """Those of `added` that are in `removed` as well, since only the channel changes, each with its new base URL."""

    @property
    def changes(self) -> bool:
        """Whether anything is going to be done."""
        return any((self.added, self.removed, self.by_pip, self.variables, self.pruned_by_pip))


class PlannedRollback(Struct, frozen=True, kw_only=True):
    """What a rollback was planned to do to an environment: it does exactly that."""

    prefix: str
    """The environment."""
    identity: tuple[int, int]
    """Device and inode of its directory."""
    removed: tuple[str, ...]
    """The packages that are taken out, as `name-version-build`."""
    added: tuple[str, ...]
    """The packages that come, likewise; one that is in both is linked again for another python."""
    archives: tuple[str, ...]
    """Where those that come are: URLs, with checksums."""
    going: tuple[str, ...]
    """The names of the packages that have to be taken out before, since none of the same name takes their place."""
    requested: tuple[tuple[str, str], ...] = ()
    """The user's requests afterwards, as (package name, spec) pairs."""
    over_limit: bool = False
    """Whether its restore point exceeds the limit of the settings; confirming accepts this."""


class PlannedLeftovers(Struct, frozen=True, kw_only=True):
    """What was planned to be deleted from one environment: it deletes exactly that."""

    prefix: str
    """The environment."""
    identity: tuple[int, int]
    """Device and inode of its directory."""
    paths: tuple[str, ...]
    """The directories that go, relative to the prefix."""
    files: int
    """The number of things in them that are no directories."""
    over_limit: bool = False
    """Whether its restore point exceeds the limit of the settings; confirming accepts this."""


class PlannedMerge(Struct, frozen=True, kw_only=True):
    """What a merge was planned to make: it makes exactly that."""

    packages: tuple[str, ...] = ()
    """The conda packages of the merged environment, as `name-version-build`."""
    specs: tuple[str, ...] = ()
    """What conda adds to the clone of the keeper: specs, each with version and build."""
    distributions: tuple[str, ...] = ()
    """What is carried over of what pip has installed in the member: names of distributions."""
    offline: bool = True
    """Whether conda found all of that in its caches."""


class ClassSizes(Struct, frozen=True, kw_only=True):
    """What the files of one class weigh in an environment and in its slimmed copy: their contents, each inode once."""

    name: SlimClass
    """The class."""
    label: str
    """What it is, in a few words."""
    before: int
    """Bytes in the environment."""
    after: int
    """Bytes in the copy."""


class PlannedSlimming(Struct, frozen=True, kw_only=True):
    """What a slimmed copy, or an image, was planned to lack: a copy lacks exactly that."""

    packages: tuple[str, ...] = ()
    """The conda packages that are not linked into it: names."""
    distributions: tuple[str, ...] = ()
    """The distributions of pip that are left out as a whole: canonical names."""
    sizes: tuple[ClassSizes, ...] = ()
    """What each class was to weigh."""

    @property
    def before(self) -> int:
        """The bytes of contents of the environment."""
        return sum(each.before for each in self.sizes)

    @property
    def after(self) -> int:
        """The bytes of contents that the copy was to have."""
        return sum(each.after for each in self.sizes)


ExportChange = Literal["new", "changed", "same", "not-read"]
"""What becomes of a file: it comes, gets another content, stays as it is, or stays since its environment is as it was.
"""


class PlannedExport(Struct, frozen=True, kw_only=True):
    """One environment of several that are exported into a directory."""

    prefix: str
    """The environment."""
    file: str
    """Its absolute path."""
    change: ExportChange
    """What becomes of it."""


class PlannedUnpack(Struct, frozen=True, kw_only=True):
    """What an archive held when it was planned to be unpacked: no other one is."""

    sha256: str
    """Of the archive."""
    files: int
    """The number of its files, links and directories."""
    bytes: int
    """What its files hold together."""


class PlannedShip(Struct, frozen=True, kw_only=True):
    """What a directory for an image was planned to hold: nothing else is written."""

    digest: str
    """A sha256 of the files, of the packages that the image gets, and of what it lacks."""


class PlannedRelink(Struct, frozen=True, kw_only=True):
    """What was planned to be stored once, by this method: nothing that was to share blocks is joined by hard links."""

    groups: int
    """The number of sets of equal files."""
    files: int
    """The number of paths that lead to another file afterwards, or to one that shares its blocks."""
    bytes: int
    """What joining them frees."""
    method: LinkMethod
    """How they are joined; `hardlink` if that is so on any of several disks."""
    skipped: tuple[SkippedFiles, ...] = ()
    """What is left alone, by reason."""


class LeftOut(Struct, frozen=True, kw_only=True):
    """A part of a cleanup that something stands against: the others go without it."""

    title: str
    """What it would have done, in one line: `Clean /home/ada/.cache/pip`."""
    request: Request
    blockers: tuple[Finding, ...]
    """What stands against it."""


class Plan(Struct, frozen=True, kw_only=True):
    """What an action will do, determined without changing anything."""

    request: Request
    title: str
    """One line: `Clone nlp-base to nlp-2`."""
    steps: tuple[Step, ...] = ()
    prefixes: tuple[str, ...] = ()
    """The environments that it changes, creates or removes."""
    bytes_needed: int | None = None
    """Free bytes on the disk that it writes to; None if unknown."""
    needs_at_least: bool = False
    """Whether pip installs something besides, which `bytes_needed` leaves out: nothing tells its size beforehand."""
    kept_bytes: int = 0
    """What its restore points may take of `bytes_needed`, before compression; `bytes_freed` does not count it."""
    bytes_freed: int | None = None
    """The bytes that `df` gains; None if unknown."""
    frees_at_least: bool = False
    """Whether `bytes_freed` is the least that it can be, since what is written anew may turn out smaller."""
    packages: int = 0
    """The number of packages that it clones, exports, packs, removes or restores."""
    facts: tuple[tuple[str, str], ...] = ()
    """Further details for the user's decision: (label, text) pairs."""
    warnings: tuple[Finding, ...] = ()
    """What the user should know first; the plan can be carried out nevertheless."""
    blockers: tuple[Finding, ...] = ()
    """Why it cannot be carried out: a plan with a blocker never is."""
    restore_points: tuple[str, ...] = ()
    """Ids of the restore points that its prefixes had when it was planned."""
    confirm: str = ""
    """The text that the user must type to confirm a risky plan; empty if a key is enough."""
    creation: PlannedCreation | None = None
    """Only for new environments from specs."""
    removal: PlannedRemoval | None = None
    """Only for removals."""
    cleaning: PlannedCleaning | None = None
    """Only for the cleaning of package caches."""
    parts: tuple[Plan, ...] = ()
    """Only for cleanups of several kinds, and for several environments: the plans of the parts, in their order."""
    left_out: tuple[LeftOut, ...] = ()
    """Only for cleanups: the parts that stay, because something stands against them."""
    updates: tuple[PlannedUpdate, ...] = ()
    """Only for updates: the environments in their order."""
    leftovers: tuple[PlannedLeftovers, ...] = ()
    """Only for the deletion of leftovers: the environments in their order."""
    rollback: PlannedRollback | None = None
    """Only for rollbacks."""
    restoration: PlannedRestore | None = None
    """Only for restores."""
    moves: tuple[PackageMove, ...] = ()
    """What becomes of packages for the user of an environment that goes on as another one: the requested ones first."""
    merge: PlannedMerge | None = None
    """Only for merges."""
    exports: tuple[PlannedExport, ...] = ()
    """Only for exports of several environments: each with its file."""
    slimming: PlannedSlimming | None = None
    """Only for slimmed copies, and for images that lack classes of files."""
    unpacking: PlannedUnpack | None = None
    """Only for the unpacking of archives."""
    shipping: PlannedShip | None = None
    """Only for directories that images are built from."""
    relink: PlannedRelink | None = None
    """Only for relinking."""


class StageBegun(Struct, frozen=True, kw_only=True, tag="stage"):
    """A job begins its next stage; the journal records this before the stage changes anything."""

    at: datetime
    name: str
    """A stable id: `unlink`, `archive`."""
    title: str
    """One line: `Removing nlp-exp`."""


class CommandBegun(Struct, frozen=True, kw_only=True, tag="command"):
    """A job starts a command."""

    at: datetime
    argv: tuple[str, ...]
    """Credentials masked."""


class CommandEnded(Struct, frozen=True, kw_only=True, tag="command-ended"):
    """The command of a job has ended."""

    at: datetime
    exit_code: int
    milliseconds: int


class Said(Struct, frozen=True, kw_only=True, tag="output"):
    """A line of a command's output, or a message of the job itself; printable, credentials masked."""

    at: datetime
    line: str


class Progressed(Struct, frozen=True, kw_only=True, tag="progress"):
    """The progress of a stage, or of the command that it runs; not kept in the journal."""

    at: datetime
    done: int
    total: int | None
    """None if unknown."""
    unit: Literal["bytes", "files", "packages", "environments", "percent"]
    doing: str = ""
    """What the running command does, in words: `downloading numpy-1.26.4`; empty if it does not tell."""


class Outcome(Struct, frozen=True, kw_only=True):
    """The outcome of a job, judged by the disk."""

    message: str
    """One line about the result: `nlp-2 was made: 212 packages, 14 MB`."""
    findings: tuple[Finding, ...] = ()
    """Problems with the result, and what to do about them."""
    stopped: bool = False
    """Whether it ended before all was done: the job has failed, and this is what it did until then."""
    bytes_freed: int | None = None
    bytes_used: int | None = None
    kept_bytes: int = 0
    """What its restore points occupy, which `bytes_freed` leaves out."""
    predicted_bytes: int | None = None
    """What the plan said would be freed, restore points not counted: `bytes_freed` and `kept_bytes` together are what
    really was; None if nothing was predicted."""
    predicted_at_least: bool = False
    """Whether that was the least that it could be."""
    says_bytes: bool = False
    """Whether the message states the bytes freed or used, so that they need not be repeated."""
    files: tuple[str, ...] = ()
    """Files and directories created for the user: archives, exports, prefixes."""
    restore_points: tuple[str, ...] = ()
    """Ids of the restore points that were created."""
    slimmed: tuple[ClassSizes, ...] = ()
    """Only for slimmed copies: what each class really weighs now."""
    receiver: tuple[str, ...] = ()
    """Commands that the recipient of the result must run."""


class Ended(Struct, frozen=True, kw_only=True, tag="ended"):
    """The end of a job."""

    at: datetime
    state: JobState
    message: str
    """One line."""
    detail: str = ""
    """Where it failed, and the error message of the program or system; may have several lines."""
    hint: Advice = ""
    """What the user can do about it."""
    outcome: Outcome | None = None
    """None if it failed or was cancelled before it had a result."""
    exit_code: int = 0
    """The exit code of a command that waited for it."""


Event: TypeAlias = StageBegun | CommandBegun | CommandEnded | Said | Progressed | Ended


class Recovery(Struct, frozen=True, kw_only=True):
    """The state of the disk after a job was interrupted, cancelled or failed, and the way out."""

    state: Literal["untouched", "done", "half"]
    """The disk is as before the job, as intended, or neither."""
    message: str
    """One line about the state of the disk."""
    way_out: Request | None = None
    """The request that repairs it; None if nothing has to be done."""
    way_out_title: str = ""
    """One line about the way out: `Remove the half-made prefix`."""


class Job(Struct, frozen=True, kw_only=True):
    """A plan that is being carried out, at one moment; a later record replaces it completely."""

    id: str
    """An id that sorts by time: `20261120-233853-4f2a`."""
    plan: Plan
    state: JobState
    submitted: datetime
    started: datetime | None = None
    ended: datetime | None = None
    stage: StageBegun | None = None
    progress: Progressed | None = None
    """The progress of the stage."""
    commands: tuple[tuple[str, ...], ...] = ()
    """The commands that were run, the oldest first; credentials masked."""
    output: tuple[str, ...] = ()
    """The last lines of output."""
    end: Ended | None = None
    recovery: Recovery | None = None
    waiting: str = ""
    """What a queued job waits for, unless it is a job of this process: `pid 4711 on gpu07 is at work`."""
    elsewhere: str = ""
    """The other process that carries it out: `pid 4711 on gpu07`; empty if it is, or was, this one."""

    @property
    def over(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self.state in ("done", "failed", "cancelled", "interrupted")
