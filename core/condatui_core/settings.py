"""Settings from a YAML file and environment variables, and every path that condatui uses."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from condatui_core.errors import UsageError


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


class Locations(Struct, frozen=True, kw_only=True):
    """Where condatui keeps its own files; these properties create nothing."""

    home: Path
    config: Path
    cache: Path
    state: Path

    @property
    def settings_file(self) -> Path:
        """The user's settings file, which need not exist."""
        return self.config / "settings.yaml"

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
    def jobs(self) -> Path:
        """One directory per job: its journal."""
        return self.state / "jobs"

    @property
    def restore_points(self) -> Path:
        """One directory per restore point, unless the settings name another place."""
        return self.state / "restore"

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
        if own := environ.get("CONDATUI_HOME"):
            root = Path(expand_home(own, home))
            return Locations(home=home, config=root / "config", cache=root / "cache", state=root / "state")
        from platformdirs import PlatformDirs  # noqa: PLC0415 - slow, and not needed above

        dirs = PlatformDirs("condatui", appauthor=False)
        return Locations(
            home=home,
            config=dirs.user_config_path,
            cache=dirs.user_cache_path,
            state=dirs.user_state_path,
        )


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
    stale_days: int = 180
    """Number of days without use after which an environment is stale."""
    watch_seconds: float = 3.0
    """Seconds between checks for changes from outside; 0 is never."""
    conda_seconds: float = 60.0
    """Seconds that conda may take to answer."""
    gpu_import_seconds: float = 120.0
    """Seconds that `import torch` may take in the GPU check."""
    gpu_stage_seconds: float = 60.0
    """Seconds that each later stage of the GPU check may take."""
    restore_directory: str = ""
    """The directory of restore points; in condatui's state directory unless set."""
    restore_point_bytes: int = 1_000_000_000
    """Most bytes of an environment's own files that a restore point keeps without asking."""
    restore_days: int = 90
    """Age in days after which restore points are deleted when another one is created; 0 keeps them."""
    restore_bytes: int = 20_000_000_000
    """Most bytes of all restore points; beyond this, a new one deletes the oldest ones; 0 is no limit."""
    theme: str = ""
    """A Textual theme; `ansi-dark` sends the least data over a slow connection."""
    ascii: bool = False
    """Whether to use only ASCII glyphs, for fonts that lack others."""
    debug: bool = False
    """Whether to log everything that condatui does, not only what goes wrong."""
    keys: dict[str, str] = {}
    """Action id → keys, separated by commas; see the key list."""


FROM_ENVIRONMENT = (
    "usual_places",
    "baseline",
    "stale_days",
    "watch_seconds",
    "conda_seconds",
    "gpu_import_seconds",
    "gpu_stage_seconds",
    "restore_directory",
    "restore_point_bytes",
    "restore_days",
    "restore_bytes",
    "theme",
    "ascii",
    "debug",
)
"""The settings that a variable `CONDATUI_<FIELD>` may set."""


def read_settings(file: Path, environ: Mapping[str, str]) -> Settings:
    """Read the settings file, if it exists; environment variables `CONDATUI_<FIELD>` override its plain values.

    Raises UsageError if the file cannot be read or a field is unknown or of the wrong type.
    """
    values = _parse(_text(file), file)
    for field in FROM_ENVIRONMENT:
        if value := environ.get(f"CONDATUI_{field.upper()}"):
            values[field] = value
    try:
        return msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        hint = f"The settings are {', '.join(Settings.__struct_fields__)}."
        raise UsageError("A setting is not valid.", f"{file}: {error}", hint) from error


class SettingSource(Struct, frozen=True, kw_only=True):
    """Where the value of a setting comes from."""

    name: str
    value: object
    source: Literal["default", "file", "environment", "command line"]
    where: str = ""
    """The file and line, or the variable; empty for other sources."""


def setting_sources(
    settings: Settings, file: Path, environ: Mapping[str, str], given: Collection[str] = ()
) -> tuple[SettingSource, ...]:
    """The source of each effective setting; `given` are those that the command line changes.

    An unusable file is ignored.
    """
    text = ""
    with suppress(UsageError):
        text = _text(file)
    found = []
    for name, value in msgspec.structs.asdict(settings).items():
        variable = f"CONDATUI_{name.upper()}"
        line = re.search(rf"^[\"']?{name}[\"']?\s*:", text, re.MULTILINE)
        if name in given:
            found.append(SettingSource(name=name, value=value, source="command line"))
        elif name in FROM_ENVIRONMENT and environ.get(variable):
            found.append(SettingSource(name=name, value=value, source="environment", where=variable))
        elif line:
            where = f"{file}, line {text.count(chr(10), 0, line.start()) + 1}"
            found.append(SettingSource(name=name, value=value, source="file", where=where))
        else:
            found.append(SettingSource(name=name, value=value, source="default"))
    return tuple(found)


def _text(file: Path) -> str:
    """The text of the settings file; empty if there is none."""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("The settings file cannot be read.", f"{file}: {error}") from error


def _parse(text: str, file: Path) -> dict[str, object]:
    if not text:
        return {}
    import yaml  # noqa: PLC0415 - only a settings file needs it

    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError("The settings file is not valid YAML.", f"{file}: {error}") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise UsageError("The settings file must hold `name: value` lines.", str(file))
    return {str(key): value for key, value in values.items()}
