"""Settings from a YAML file and the environment, and every path that condatui uses, in one place."""

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
    """Spell out a path that begins with `~`, this home, or with `~user`, that user's; any other stays as it is.

    For every path that a person types: a shell expands `~` only at the beginning of a word, so neither in `--root=~/x`
    nor in a settings file. The home is the given one, never that of the process.
    """
    if not path.startswith("~"):
        return path
    import pwd  # noqa: PLC0415 - not there on every platform

    user, slash, below = path[1:].partition("/")
    try:
        start = pwd.getpwnam(user).pw_dir if user else str(home)
    except (KeyError, ValueError):  # a file that is called so
        return path
    return f"{start.rstrip('/')}{slash}{below}" or "/"


class Locations(Struct, frozen=True, kw_only=True):
    """Where condatui keeps its own files; nothing is created by asking."""

    home: Path
    config: Path
    cache: Path
    state: Path

    @property
    def settings_file(self) -> Path:
        """The user's settings, which need not exist."""
        return self.config / "settings.yaml"

    @property
    def prefix_cache(self) -> Path:
        """One file a prefix: what was parsed."""
        return self.cache / "prefixes"

    @property
    def conda_cache(self) -> Path:
        """One file an installation: what its conda answered."""
        return self.cache / "installations"

    @property
    def disk_cache(self) -> Path:
        """What the last walk of the disk has seen."""
        return self.cache / "disk"

    @property
    def gpu_cache(self) -> Path:
        """One file an environment: what its GPU check came to."""
        return self.cache / "gpu"

    @property
    def own_uses(self) -> Path:
        """One file an environment: when condatui itself ran something of it."""
        return self.state / "own-uses"

    @property
    def jobs(self) -> Path:
        """One directory a job: its journal."""
        return self.state / "jobs"

    @property
    def restore_points(self) -> Path:
        """One directory a restore point, unless the settings say where else."""
        return self.state / "restore"

    @property
    def log(self) -> Path:
        """What went wrong, and with `debug` all that was done; full ones lie beside it."""
        return self.state / "condatui.log"

    @property
    def last_list(self) -> Path:
        """The names of last time, for the first picture."""
        return self.cache / "environments"

    @staticmethod
    def of_user(environ: Mapping[str, str], home: Path) -> Locations:
        """The directories of the platform (XDG on Linux), or below `$CONDATUI_HOME` if that is set."""
        if own := environ.get("CONDATUI_HOME"):
            root = Path(expand_home(own, home))
            return Locations(home=home, config=root / "config", cache=root / "cache", state=root / "state")
        from platformdirs import PlatformDirs  # noqa: PLC0415 - costs milliseconds that the override saves

        dirs = PlatformDirs("condatui", appauthor=False)
        return Locations(
            home=home,
            config=dirs.user_config_path,
            cache=dirs.user_cache_path,
            state=dirs.user_state_path,
        )


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the user can decide. A settings file may hold any of these by their names."""

    conda: tuple[str, ...] = ()
    """Conda executables to use besides those that are found; `~` is home, as in every path here."""
    usual_places: bool = True
    """Whether to look for condas in the usual places in home, /opt and /usr/local as well."""
    roots: tuple[str, ...] = ()
    """Directories to search for environments besides those that conda knows."""
    baseline: str = ""
    """Name or prefix of the environment that new ones are cloned from; conda's base unless set."""
    stale_days: int = 180
    """An environment not used for so many days is stale."""
    watch_seconds: float = 3.0
    """How often to look for changes made outside; 0 is never."""
    conda_seconds: float = 60.0
    """How long conda may take to answer a question."""
    gpu_import_seconds: float = 120.0
    """How long `import torch` may take in the GPU check."""
    gpu_stage_seconds: float = 60.0
    """How long each later stage of the GPU check may take."""
    restore_directory: str = ""
    """Where restore points are kept; in condatui's state directory unless set."""
    restore_point_bytes: int = 1_000_000_000
    """What an environment holds besides its packages is kept up to so many bytes without asking."""
    restore_days: int = 90
    """Restore points older than so many days are deleted when another is made; 0 keeps them."""
    restore_bytes: int = 20_000_000_000
    """All restore points together: beyond so many bytes the oldest are deleted when another is made; 0 is no limit."""
    theme: str = ""
    """A Textual theme; `ansi-dark` sends least over a slow line."""
    ascii: bool = False
    """Signs in ASCII, for poor fonts."""
    debug: bool = False
    """Whether the log holds all that is done, not only what goes wrong."""
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
"""The settings that a variable `CONDATUI_<FIELD>` may give."""


def read_settings(file: Path, environ: Mapping[str, str]) -> Settings:
    """Read the settings file, if there is one; `CONDATUI_<FIELD>` in the environment wins over it for plain values.

    Raises UsageError if the file cannot be read or a field is unknown or of the wrong type.
    """
    values = _parse(_text(file), file)
    for field in FROM_ENVIRONMENT:
        if value := environ.get(f"CONDATUI_{field.upper()}"):
            values[field] = value
    try:
        return msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        hint = f"There are {', '.join(Settings.__struct_fields__)}."
        raise UsageError("A setting is not valid.", f"{file}: {error}", hint) from error


class SettingSource(Struct, frozen=True, kw_only=True):
    """Where the value of a setting comes from."""

    name: str
    value: object
    source: Literal["default", "file", "environment", "command line"]
    where: str = ""
    """The file and the line, or the variable; empty for the others."""


def setting_sources(
    settings: Settings, file: Path, environ: Mapping[str, str], given: Collection[str] = ()
) -> tuple[SettingSource, ...]:
    """Say of each setting in force where it comes from; `given` are those that the command line changes.

    A file that cannot be used is passed over.
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
    """What the settings file says; nothing if there is none."""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("The settings file cannot be read.", f"{file}: {error}") from error


def _parse(text: str, file: Path) -> dict[str, object]:
    if not text:
        return {}
    import yaml  # noqa: PLC0415 - only who has a settings file pays for it

    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError("The settings file is not valid YAML.", f"{file}: {error}") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise UsageError("The settings file must hold `name: value` lines.", str(file))
    return {str(key): value for key, value in values.items()}
