"""The settings with their defaults and ranges, and every path that condatui uses."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from condatui_core.errors import UsageError
from condatui_core.remedy import Advice
from condatui_core.text import sanitize


def expand_home(path: str, home: Path) -> str:
    """Expand a leading `~` to `home` and `~user` to that user's home; other paths stay unchanged.

    For every path that a person types: a shell expands `~` only at the beginning of a word, not in `--root=~/x` and
    not in a settings file. The home is the given one, never that of the process.
    """
    if not path.startswith("~"):
        return path
    import pwd  # noqa: PLC0415 - not available on every platform

    user, slash, below = path[1:].partition("/")
    try:
        start = pwd.getpwnam(user).pw_dir if user else str(home)
    except (KeyError, ValueError):  # a file with such a name
        return path
    return f"{start.rstrip('/')}{slash}{below}" or "/"


def absolute_path(path: str, cwd: str) -> str:
    """The absolute path of one that a person typed, in a working directory that is empty if it does not exist any more.

    Raises UsageError for a relative path then: it would lead somewhere that nobody has chosen.
    """
    if not cwd and not path.startswith("/"):
        title = f"`{sanitize(path)}` is relative to a working directory that does not exist any more."
        raise UsageError(title, hint="Go to another directory, or give an absolute path.")
    return os.path.join(cwd, path)


SERVER_SETTINGS = "/etc/condatui/config.yaml"
"""Where the defaults of a machine are, unless the variable `CONDATUI_SERVER_SETTINGS` says it."""


class Locations(Struct, frozen=True, kw_only=True):
    """Where condatui keeps its own files; these properties create nothing."""

    home: Path
    config: Path
    cache: Path
    state: Path
    server_settings: Path | None = None
    """The file with which an administrator sets defaults for all users of the machine; None if there can be none."""

    @property
    def settings_file(self) -> Path:
        """The user's settings file, which need not exist."""
        return self.config / "settings.yaml"

    @property
    def keep_file(self) -> Path:
        """Which environments stay, and which one is the baseline; it need not exist."""
        return self.config / "keep.yaml"

    @property
    def keep_lock(self) -> Path:
        """Held while `keep_file` is changed."""
        return self.state / "keep.lock"

    @property
    def prefix_cache(self) -> Path:
        """One file per prefix: its parsed contents."""
        return self.cache / "prefixes"

    @property
    def conda_cache(self) -> Path:
        """One file per installation: the answers of its conda."""
        return self.cache / "installations"

    @property
    def disk_cache(self) -> Path:
        """The results of the last walk of the disk."""
        return self.cache / "disk"

    @property
    def gpu_cache(self) -> Path:
        """One file per environment: the result of its GPU check."""
        return self.cache / "gpu"

    @property
    def own_uses(self) -> Path:
        """One file per environment: when condatui itself ran something of it."""
        return self.state / "own-uses"

    @property
    def reserve(self) -> Path:
        """The file that makes room for a journal when the disk is full."""
        return self.state / "reserve"

    @property
    def jobs(self) -> Path:
        """One directory per job: its journal."""
        return self.state / "jobs"

    @property
    def private(self) -> Path:
        """What conda and pip are told in files, while they read them: it may hold passwords."""
        return self.state / "private"

    @property
    def kernels(self) -> Path:
        """Copies of deleted Jupyter kernels, in a directory for each job."""
        return self.state / "kernels"

    @property
    def relinked(self) -> Path:
        """One file per environment: which of its files a relink has joined; and the notes of relinks at work."""
        return self.state / "relinked"

    @property
    def restore_points(self) -> Path:
        """One directory per restore point, unless the settings name another place."""
        return self.state / "restore"

    @property
    def snapshots(self) -> Path:
        """Snapshots of other machines: one file per host, unless the command names another place."""
        return self.state / "snapshots"

    @property
    def log(self) -> Path:
        """The log file; rotated files are beside it."""
        return self.state / "condatui.log"

    @property
    def last_list(self) -> Path:
        """The prefixes of the last run, for the first screen."""
        return self.cache / "environments"

    @staticmethod
    def of_user(environ: Mapping[str, str], home: Path) -> Locations:
        """The directories of the platform (XDG on Linux), or below `$CONDATUI_HOME` if that is set."""
        server = home / expand_home(environ.get("CONDATUI_SERVER_SETTINGS") or SERVER_SETTINGS, home)
        if own := environ.get("CONDATUI_HOME"):
            root = Path(expand_home(own, home))
            config, cache, state = root / "config", root / "cache", root / "state"
            return Locations(home=home, config=config, cache=cache, state=state, server_settings=server)
        from platformdirs import PlatformDirs  # noqa: PLC0415 - slow, and not needed above

        dirs = PlatformDirs("condatui", appauthor=False)
        return Locations(
            home=home,
            config=dirs.user_config_path,
            cache=dirs.user_cache_path,
            state=dirs.user_state_path,
            server_settings=server,
        )


LEAST_ALIKE = 0.5
"""The least threshold: below it, two environments have more that differs than not."""

MOST_WALKING = 64
"""The most processes that a user may let walk the disk."""

KeymapName: TypeAlias = Literal["condatui", "vi", "lazygit", "k9s"]
"""The sets of keys to start from."""

_Days: TypeAlias = Annotated[int, Meta(ge=0, le=36_500)]
_Seconds: TypeAlias = Annotated[float, Meta(gt=0, le=86_400)]
_Bytes: TypeAlias = Annotated[int, Meta(ge=0, le=1 << 60)]


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The user's settings. A settings file may contain any of these by name."""

    conda: tuple[str, ...] = ()
    """Conda executables to use in addition to those found; `~` is the home directory, as in every path here."""
    usual_places: bool = True
    """Whether to look for condas also in the usual places in the home directory, /opt and /usr/local."""
    roots: tuple[str, ...] = ()
    """Directories to search for environments in addition to those that conda knows."""
    baseline: str = ""
    """Name or prefix of the environment that new ones are cloned from; conda's base unless set."""
    policy: str = ""
    """A policy file whose rules `condatui check` and the workbench hold environments against; none unless set."""
    stale_days: _Days = 180
    """Number of days without use after which an environment is stale."""
    alike_threshold: Annotated[float, Meta(ge=LEAST_ALIKE, le=1)] = 0.9
    """The part of their packages that two environments must have in common to be alike."""
    watch_seconds: Annotated[float, Meta(ge=0, le=86_400)] = 3.0
    """Seconds between checks for changes from outside; 0 is never."""
    conda_seconds: _Seconds = 60.0
    """Seconds that conda may take to answer."""
    walk_processes: Annotated[int, Meta(ge=0, le=MOST_WALKING)] = 0
    """Most processes that walk the disk at once; 0 is one for each processor, up to 4, and 16 where the disk waits."""
    unmeasured: tuple[str, ...] = ()
    """Directories in which nothing is measured, as on a slow disk; only `clean` and `relink` look into them."""
    gpu_import_seconds: _Seconds = 120.0
    """Seconds that `import torch` may take in the GPU check."""
    gpu_stage_seconds: _Seconds = 60.0
    """Seconds that each later stage of the GPU check may take."""
    restore_directory: str = ""
    """The directory of restore points; in condatui's state directory unless set."""
    restore_point_bytes: _Bytes = 1_000_000_000
    """Most bytes of an environment's own files that a restore point keeps without asking."""
    restore_days: Annotated[int, Meta(ge=-1, le=36_500)] = 90
    """Age in days after which restore points are deleted when another one is created; 0 or -1 is no limit."""
    restore_bytes: Annotated[int, Meta(ge=-1, le=1 << 60)] = 20_000_000_000
    """Most bytes of all restore points; beyond this, a new one deletes the oldest ones; 0 or -1 is no limit."""
    read_only: bool = False
    """Whether nothing can be changed: plans can be made and read, and no job begins."""
    theme: str = ""
    """A Textual theme; `ansi-dark` sends the least data over a slow connection."""
    ascii: bool = False
    """Whether to use only ASCII glyphs, for fonts that lack others."""
    columns: tuple[str, ...] = ()
    """Columns of the list of environments, in their order; the usual ones, as far as they have room, unless set."""
    debug: bool = False
    """Whether to log everything that condatui does, not only what goes wrong."""
    keymap: KeymapName = "condatui"
    """The keys to start from: condatui's own, or with those that vi, lazygit or k9s have for the same."""
    keys: dict[str, str] = {}
    """Action id → keys, separated by commas, over those of `keymap`; see the key list."""


FROM_ENVIRONMENT = (
    "usual_places",
    "baseline",
    "policy",
    "stale_days",
    "alike_threshold",
    "watch_seconds",
    "conda_seconds",
    "walk_processes",
    "gpu_import_seconds",
    "gpu_stage_seconds",
    "restore_directory",
    "restore_point_bytes",
    "restore_days",
    "restore_bytes",
    "read_only",
    "theme",
    "ascii",
    "debug",
)
"""The settings that a variable `CONDATUI_<FIELD>` may set."""


class SettingSource(Struct, frozen=True, kw_only=True):
    """Where the value of a setting comes from."""

    name: str
    value: object
    source: Literal["default", "server", "file", "environment", "command line"]
    where: str = ""
    """The file and line, or the variable; empty for other sources."""


class SettingError(UsageError):
    """A setting has a value that cannot be used; only its reader knows the file or variable that it comes from."""

    def __init__(self, title: str, setting: str, hint: Advice = "") -> None:
        super().__init__(title, f"In the settings: {setting}", hint)
        self.setting = setting
