"""Put together the snapshot of a machine, as docs/snapshots.md describes it."""

import os
import platform
import re
import socket
import sys
from datetime import datetime
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple
from urllib.parse import unquote

from condatui_core.collector.conda_records import CondaPackage, History, read_history, read_packages
from condatui_core.collector.credentials import masked
from condatui_core.collector.distributions import read_distributions
from condatui_core.collector.places import Machine, Place, find
from condatui_core.collector.reading import Deadline, OutOfTimeError, Unread, reason, total
from condatui_core.collector.sizes import measure

FORMAT = 1
_NO_TIME = "there was no time left to %s it"
_SERVERS = ("conda.anaconda.org/", "conda.binstar.org/", "repo.anaconda.cloud/repo/", "repo.anaconda.com/")
_COPIED = ("main", "free", "r", "pro", "msys2")
"""The members of `defaults` of which anaconda.org has copies: `main` is `pkgs/main`."""
_MIRRORED = re.compile(r"^[^/]+/(?:.+/)?((?:pkgs/(?:main|free|r|pro|msys2|mro|archive))|conda-forge|bioconda)$")
_LONGEST = 4096
"""Characters of a text in a snapshot."""
_HALF_MADE = ".condatui-clone"


class Wishes(NamedTuple):
    """What the snapshot shall hold."""

    version: str
    """Of the condatui that this script is from."""
    sizes: bool = True
    searched: Sequence[str] = ()
    """Directories to search for environments."""


class _Contents(NamedTuple):
    packages: List[CondaPackage]
    rows: List[Tuple[Any, ...]]
    history: History
    damaged: bool


def snapshot(wishes: Wishes, home: str, environ: Mapping[str, str], deadline: Deadline) -> Dict[str, Any]:
    """Read the machine. What there is no time for, or cannot be read, stands in `unread` with its reason."""
    unread: Unread = []
    try:
        machine = find(home, environ, wishes.searched, deadline)
    except OutOfTimeError:
        raise SystemExit("condatui: there was no time left to search the directories") from None
    table: Dict[Tuple[Any, ...], int] = {}
    packages: Dict[str, Any] = {}
    environments = []
    for place in machine.places:
        contents = _read(place.prefix, deadline, unread)
        environments.append(_described(place, contents))
        if contents is not None:
            packages[shown(place.prefix)] = _held(contents, table)
    found = {
        "format": FORMAT,
        "condatui": wishes.version,
        "host": re.sub("[^A-Za-z0-9._-]", "-", socket.gethostname()).lstrip("._-")[:253] or "unknown",
        "at": datetime.now().astimezone().isoformat(),
        "collector": "standalone",
        "platform": _platform(),
        "list": {"environments": environments, "installations": _installations(machine), "problems": []},
        "table": list(table),
        "packages": packages,
        "disk": _disk(machine, deadline, unread) if wishes.sizes else {},
        "gpu": {},
        "unread": [(shown(prefix), words) for prefix, words in unread],
    }
    tidied: Dict[str, Any] = _tidied(found)
    return tidied


def shown(path: str) -> str:
    """Make a text of a path; bytes that are no UTF-8 are told as `\\xe9`, for it is no path elsewhere."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _tidied(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Mask credentials, cut what is too long for a name or a path, and replace what is no text.

    Whatever records, histories, and metadata say goes through here: one bad text would spoil the whole document.
    """
    if isinstance(value, str):
        return masked(value)[:_LONGEST].encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, (list, tuple)):
        return [_tidied(each) for each in value]
    if isinstance(value, dict):
        return {_tidied(name): _tidied(each) for name, each in value.items()}
    return value


def _platform() -> str:
    system = {"linux": "linux", "darwin": "osx"}.get(sys.platform, sys.platform)
    machine = platform.machine()
    known = {"x86_64": "64", "amd64": "64", "arm64": "arm64", "aarch64": "aarch64" if system == "linux" else "arm64"}
    return "%s-%s" % (system, known.get(machine.lower(), machine))


def _installations(machine: Machine) -> List[Dict[str, str]]:
    return [
        {"executable": shown(each.executable), "root_prefix": shown(each.root), "kind": each.kind}
        for each in machine.installations
    ]


# One environment


def _read(prefix: str, deadline: Deadline, unread: Unread) -> Optional[_Contents]:
    """Read what an environment holds; None if it holds nothing that can be read."""
    if not os.path.isdir(os.path.join(prefix, "conda-meta")):
        return None
    problems: Unread = []
    try:
        deadline.check()
        packages = read_packages(prefix, deadline, problems)
        rows = [each.row for each in packages] + read_distributions(prefix, packages, deadline, problems)
    except OutOfTimeError:
        unread.append((prefix, _NO_TIME % "read"))
        return None
    except OSError as error:
        unread.append((prefix, reason(error)))
        return None
    unread += problems
    return _Contents(packages, rows, read_history(prefix), bool(problems))


def _held(contents: _Contents, table: Dict[Tuple[Any, ...], int]) -> Dict[str, Any]:
    """Describe what an environment holds by places in the table, which this fills."""
    names = {each.name for each in contents.packages}
    requested = {name: spec for name, spec in contents.history.requested.items() if name in names}
    if not contents.history.requested:
        requested = {each.name: "" for each in contents.packages if each.requested}
    return {"rows": [table.setdefault(row, len(table)) for row in contents.rows], "requested": requested}


def _described(place: Place, contents: Optional[_Contents]) -> Dict[str, Any]:
    rows = contents.rows if contents else []
    python = next((row[1] for row in rows if row[0] == "python" and row[5] == "conda"), None)
    meta = os.path.join(place.prefix, "conda-meta")
    history = os.path.join(meta, "history")
    return {
        "name": shown(place.name),
        "prefix": shown(place.prefix),
        "aliases": [shown(each) for each in place.aliases],
        "installation": shown(place.installation) or None,
        "base": place.root,
        "frozen": os.path.isfile(os.path.join(meta, "frozen")),
        "writable": os.access(history, os.W_OK) and os.access(meta, os.W_OK) if os.path.isfile(history) else None,
        "owner": _owner(place.prefix),
        "state": _state(place, contents),
        "python": python,
        "conda_packages": sum(row[5] == "conda" for row in rows) if contents else None,
        "pip_packages": sum(row[5] == "pypi" for row in rows) if contents else None,
        "channels": _channels(rows),
        "created": contents.history.created if contents else None,
        "modified": contents.history.modified if contents else None,
        "managed_bytes": total(row[6] for row in rows) if contents else None,
        "findings": [],
    }


def _state(place: Place, contents: Optional[_Contents]) -> str:
    """Name the state of a directory, as `condatui list` does."""
    prefix = place.prefix
    meta = os.path.join(prefix, "conda-meta")
    if not os.path.lexists(prefix):
        return "missing"
    if not os.access(meta if os.path.isdir(meta) else prefix, os.R_OK | os.X_OK):
        return "unreadable"
    if not place.root and (not os.path.isdir(meta) or os.path.lexists(os.path.join(prefix, _HALF_MADE))):
        return "orphan"
    if not os.path.isfile(os.path.join(meta, "history")) and not place.root and not place.managed:
        return "broken" if contents and contents.packages else "orphan"
    return "broken" if contents and contents.damaged else "ok"


def _owner(prefix: str) -> str:
    import pwd

    try:
        uid = os.stat(prefix).st_uid
    except OSError:
        return ""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


# Channels


def _channels(rows: Iterable[Tuple[Any, ...]]) -> Dict[str, int]:
    counts: Dict[str, int] = {}
    for row in rows:
        name = channel_label(row[3]) if row[5] == "conda" else "pypi"
        counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def channel_label(base_url: object) -> str:
    """Shorten a channel's base URL to the name that it has without settings of its own."""
    if not isinstance(base_url, str) or not base_url:
        return "<unknown>"
    location = base_url.partition("://")[2] if "://" in base_url else base_url
    if "://" not in base_url:
        return unquote(location)
    if base_url.startswith("file:"):
        return unquote(location.rpartition("/")[2])
    location = location[: -len("/label/main")] if location.endswith("/label/main") else location
    for server in _SERVERS:
        if location.startswith(server):
            name = unquote(location[len(server) :])
            return "pkgs/" + name if name in _COPIED else name
    mirrored = _MIRRORED.match(location)
    if mirrored:
        return mirrored.group(1)
    host, _, path = location.partition("/")
    return unquote(path[len("conda/") :] if path.startswith("conda/") else path) or host


# The disk


def _disk(machine: Machine, deadline: Deadline, unread: Unread) -> Dict[str, Any]:
    """Measure each environment; where that fails, its bytes are unknown rather than wrong."""
    others = [each.prefix for each in machine.places] + machine.caches
    found = {}
    for place in machine.places:
        if not os.path.isdir(place.prefix):
            continue
        try:
            deadline.check()
            found[shown(place.prefix)] = dict(measure(place.prefix, others, deadline)._asdict())
        except OutOfTimeError:
            unread.append((place.prefix, _NO_TIME % "measure"))
        except OSError as error:
            unread.append((place.prefix, "its size: %s" % reason(error)))
    return found
