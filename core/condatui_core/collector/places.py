"""Find the environments of a machine by the files that name them and at the places where installers put them."""

import os
import re
import shutil
from typing import Dict, Iterator, List, Mapping, NamedTuple, Sequence, Tuple

from condatui_core.collector.reading import Deadline, as_path, text_of

_ROOTS = ("miniforge3", "mambaforge", "miniconda3", "miniconda", "anaconda3", "anaconda", "micromamba", "conda")
"""The directories that installers propose, in a home, /opt and /usr/local."""
_OWN_ROOTS = (".conda/express", ".local", ".local/share/mamba")
_TOOLS = (".pixi/envs", ".conda/global/envs", ".conda/exec/envs", ".cg/envs")
"""Where other tools put environments; to conda these have no name."""
_PROGRAMS = ("conda", "mamba", "micromamba")
_LARGEST_LIST = 16 << 20
_MOST_PREFIXES = 2000
_DEPTH = 6
"""Levels that a root directory is searched."""
_KEY = re.compile(r"(envs_dirs|envs_path|pkgs_dirs)\s*:\s*(.*)$")
_ENTRY = re.compile(r"\s*-\s+(.+)$")
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")


class Place(NamedTuple):
    """A directory that is, was, or was to be an environment."""

    prefix: str
    """The real path."""
    name: str
    root: bool
    """Whether it is the base of an installation."""
    aliases: Tuple[str, ...] = ()
    installation: str = ""
    """The root prefix in whose `envs` it lies."""
    managed: bool = False
    """Whether another tool than conda or mamba keeps it."""


class Installation(NamedTuple):
    """A root prefix with a conda, mamba, or micromamba."""

    root: str
    executable: str
    kind: str


class Machine(NamedTuple):
    """What there is to read."""

    places: List[Place]
    installations: List[Installation]
    caches: List[str]
    """Package caches, which no environment counts as its own."""


def find(home: str, environ: Mapping[str, str], searched: Sequence[str], deadline: Deadline) -> Machine:
    """Find all environments of this user and at the usual places, and those below the `searched` directories."""
    registered = [each for each in _lines(os.path.join(home, ".conda", "environments.txt")) if os.path.isabs(each)]
    below = [path for root in searched for path in _below(os.path.realpath(root), deadline)]
    installations = _installations(home, environ, registered + below)
    roots = [each.root for each in installations]
    settings = _settings(home, environ, roots)
    envs = _envs_directories(home, environ, roots, settings)
    tools = [os.path.realpath(os.path.join(home, each)) for each in _TOOLS]
    children = [path for directory in envs + tools for path in _children(directory)]
    places = _places(registered + roots + children + below, roots, envs, tools)
    caches = [os.path.join(root, "pkgs") for root in roots] + [os.path.join(home, ".conda", "pkgs")]
    caches += _expanded(settings.get("pkgs_dirs", []), home, environ)
    return Machine(places, installations, sorted(set(map(os.path.realpath, caches))))


def _lines(path: str) -> List[str]:
    lines = (line.strip() for line in text_of(path, _LARGEST_LIST).splitlines())
    return [path for path in map(as_path, lines) if path and not path.startswith("#")]


# Installations


def _installations(home: str, environ: Mapping[str, str], prefixes: Sequence[str]) -> List[Installation]:
    candidates = _usual_places(home) if usual_places(environ) else []
    candidates += [environ.get("MAMBA_ROOT_PREFIX", "")] + [_around(each) for each in _programs(environ)]
    for prefix in prefixes:
        parent = os.path.dirname(prefix)
        candidates += [os.path.dirname(parent)] if os.path.basename(parent) == "envs" else [prefix]
    found: Dict[str, Installation] = {}
    for each in filter(os.path.isabs, candidates):
        root = os.path.realpath(each)
        if root not in found and any(os.path.isdir(os.path.join(root, name)) for name in ("envs", "pkgs", "condabin")):
            program = next((path for path in _programs_in(root) if os.path.isfile(path)), "")
            if program or root == os.path.realpath(environ.get("MAMBA_ROOT_PREFIX") or "/dev/null"):
                found[root] = Installation(root, program, os.path.basename(program) or "micromamba")
            elif "mamba" in os.path.basename(root) and os.path.isdir(os.path.join(root, "envs")):
                found[root] = Installation(root, "", "micromamba")  # its program may lie anywhere
    return list(found.values())


def usual_places(environ: Mapping[str, str]) -> bool:
    """Tell whether to look at the usual places; condatui's own variable says no to that here as well."""
    return environ.get("CONDATUI_USUAL_PLACES", "").lower() not in ("0", "false", "no", "off")


def _usual_places(home: str) -> List[str]:
    parents = (home, "/opt", "/usr/local")
    found = [os.path.join(parent, name) for parent in parents for name in _ROOTS]
    return found + [os.path.join(home, each) for each in _OWN_ROOTS]


def _programs(environ: Mapping[str, str]) -> Iterator[str]:
    for variable in ("CONDA_EXE", "MAMBA_EXE"):
        if environ.get(variable):
            yield environ[variable]
    for name in _PROGRAMS:
        yield shutil.which(name, path=environ.get("PATH", "")) or ""


def _programs_in(root: str) -> Iterator[str]:
    for name in _PROGRAMS:
        for directory in ("bin", "condabin"):
            yield os.path.join(root, directory, name)


def _around(program: str) -> str:
    return os.path.dirname(os.path.dirname(os.path.realpath(program))) if program else ""


# Directories of environments, as the settings of conda name them


def _settings(home: str, environ: Mapping[str, str], roots: Sequence[str]) -> Dict[str, List[str]]:
    files = ["/etc/conda/.condarc", "/var/lib/conda/.condarc"] if usual_places(environ) else []
    files += [os.path.join(root, ".condarc") for root in roots]
    files += [
        os.path.join(home, each) for each in (".condarc", ".conda/.condarc", ".config/conda/.condarc", ".mambarc")
    ]
    files += [environ[each] for each in ("CONDARC", "MAMBARC") if environ.get(each)]
    found: Dict[str, List[str]] = {}
    for file in files:
        for key, entries in plain_lists(text_of(file, 1 << 20)).items():
            found.setdefault(key, []).extend(filter(None, map(as_path, entries)))
    return found


def plain_lists(condarc: str) -> Dict[str, List[str]]:
    """Read the lists of directories from a .condarc, as far as they are plain: `- PATH` lines, or `[PATH, PATH]`."""
    found: Dict[str, List[str]] = {}
    key = ""
    for line in condarc.splitlines():
        bare = line.partition(" #")[0].rstrip()
        named, entry = _KEY.match(bare), _ENTRY.match(bare)
        if named:
            key = named.group(1)
            flow = named.group(2).strip()
            found.setdefault(key, []).extend(map(_unquoted, flow[1:-1].split(",")) if flow.startswith("[") else [])
        elif entry and key:
            found[key].append(_unquoted(entry.group(1)))
        elif bare and not bare.startswith((" ", "#")):
            key = ""
    return {name: [each for each in entries if each] for name, entries in found.items()}


def _unquoted(entry: str) -> str:
    return entry.strip().strip("'\"").strip()


def _expanded(paths: Sequence[str], home: str, environ: Mapping[str, str]) -> List[str]:
    known = (_VARIABLE.sub(lambda name: environ.get(name.group(1), ""), each) for each in paths)
    found = (home + each[1:] if each == "~" or each.startswith("~/") else each for each in known)
    return [each for each in found if os.path.isabs(each)]


def _envs_directories(
    home: str, environ: Mapping[str, str], roots: Sequence[str], settings: Mapping[str, List[str]]
) -> List[str]:
    named = [part for each in ("CONDA_ENVS_DIRS", "CONDA_ENVS_PATH") for part in environ.get(each, "").split(":")]
    named += [os.path.join(root, "envs") for root in roots] + settings.get("envs_dirs", [])
    named += [*settings.get("envs_path", []), os.path.join(home, ".conda", "envs")]
    return list(dict.fromkeys(map(os.path.realpath, _expanded(named, home, environ))))


def _children(directory: str) -> List[str]:
    try:
        with os.scandir(directory) as entries:
            return sorted(each.path for each in entries if not each.name.startswith(".") and each.is_dir())
    except OSError:
        return []


def _below(root: str, deadline: Deadline) -> Iterator[str]:
    """Search a directory for environments; links are not followed, and nothing inside an environment is read."""
    waiting = [(root, 0)]
    while waiting:
        deadline.check()
        directory, depth = waiting.pop(0)
        try:
            with os.scandir(directory) as entries:
                names = sorted(each.name for each in entries if each.is_dir(follow_symlinks=False))
        except OSError:
            continue
        if "conda-meta" in names:
            yield directory
            names = ["envs"] if "envs" in names else []
        if depth < _DEPTH:
            waiting += [(os.path.join(directory, name), depth + 1) for name in names]


# Places


def _places(paths: Sequence[str], roots: Sequence[str], envs: Sequence[str], tools: Sequence[str]) -> List[Place]:
    """Give each real directory its name, in the order base, named, known only by the prefix."""
    aliases: Dict[str, List[str]] = {}
    for path in map(os.path.normpath, paths):
        real = os.path.realpath(path)
        others = aliases.setdefault(real, [])
        if os.path.islink(path) and path not in others:
            others.append(path)
    places = [_place(real, tuple(others), roots, envs, tools) for real, others in aliases.items()]
    places = [each for each in places if not each.root or os.path.isdir(os.path.join(each.prefix, "conda-meta"))]
    places.sort(key=lambda each: (not each.root, each.name == each.prefix, each.name.lower(), each.prefix))
    return places[:_MOST_PREFIXES]


def _place(
    real: str, aliases: Tuple[str, ...], roots: Sequence[str], envs: Sequence[str], tools: Sequence[str]
) -> Place:
    root = real in roots
    named = [os.path.basename(path) for path in (real, *aliases) if os.path.dirname(path) in envs]
    name = "base" if root else named[0] if named else real
    owner = real if root else next((each for each in roots if os.path.dirname(real) == os.path.join(each, "envs")), "")
    return Place(real, name, root, aliases, owner, os.path.dirname(real) in tools)
