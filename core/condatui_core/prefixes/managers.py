"""Recognise environments that another tool manages, by the files that it leaves and by where they lie.

Each tool has a recogniser, which also knows the tool's own command that removes the environment.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable

import msgspec
from msgspec import Struct

from condatui_core.fs.documents import decode
from condatui_core.fs.safe_read import read_bounded
from condatui_core.records.prefix import Manager, ManagingTool
from condatui_core.text import shell_words

_LARGEST = 1 << 20
"""Bytes of a file that says something about an environment."""
_LONGEST = 4096
"""Characters of a path: no system has longer ones."""


def managed_by(prefix: str) -> Manager | None:
    """The tool that made a prefix and keeps it as its own manifest says; None for an environment of conda or mamba."""
    return next(filter(None, (recognise(prefix) for recognise in _RECOGNISERS)), None)


def project_of(prefix: str, manager: Manager | None) -> str:
    """The directory of the project that an environment belongs to; empty if it belongs to none that is known.

    Editors make `PROJECT/.conda`, which no tool manages. The `.conda` of a home holds conda's own files.
    """
    if manager is not None:
        return manager.project
    directory, name = os.path.split(prefix)
    of_a_home = os.path.lexists(os.path.join(prefix, "environments.txt"))
    return directory if name == ".conda" and not of_a_home else ""


# pixi


class _PixiMark(Struct, frozen=True):
    """What pixi writes into an environment of a workspace."""

    manifest_path: str = ""
    environment_name: str = ""


_MARK = msgspec.json.Decoder(_PixiMark)
_PIXI_MARKS = ("conda-meta/pixi", "conda-meta/pixi_env_prefix")
_OF_PIXI = re.compile(r"(?P<project>.+)/\.pixi/envs/(?P<name>[^/]+)", re.DOTALL)
_OF_PIXI_EXEC = re.compile(r".+/cached-envs-v\d+/[^/]+", re.DOTALL)
_PIXI_MANIFESTS = ("pixi.toml", "pyproject.toml", "mojoproject.toml")
_PIXI_GLOBAL = "manifests/pixi-global.toml"


def _pixi(prefix: str) -> Manager | None:
    copied = _is_copied(prefix)
    mark = _PixiMark() if copied else _pixi_mark(prefix)
    place = _OF_PIXI.fullmatch(prefix)
    if mark.manifest_path:  # of a workspace, which may keep its environments elsewhere
        name = os.path.basename(prefix) if place else mark.environment_name or os.path.basename(prefix)
        return _of_pixi_workspace(place["project"] if place else os.path.dirname(mark.manifest_path), name)
    if (found := _with_file_of(prefix, _PIXI_GLOBAL)) or (place and _is_pixi_home(place["project"])):
        home = found or os.path.dirname(os.path.dirname(prefix))
        command = ("pixi", "global", "uninstall", os.path.basename(prefix))
        return _manager("pixi", command, home="PIXI_HOME", at=home, usual=".pixi", described=(_PIXI_GLOBAL,))
    if place:
        return _of_pixi_workspace(place["project"], place["name"])
    if _OF_PIXI_EXEC.fullmatch(prefix):
        command = ("pixi", "clean", "cache", "--exec")
        return Manager(tool="pixi", command=shell_words(command), removes="all that `pixi exec` keeps")
    if not copied and any(os.path.lexists(os.path.join(prefix, each)) for each in _PIXI_MARKS):
        return Manager(tool="pixi")
    return None


def _is_copied(prefix: str) -> bool:
    """Whether pixi's marks say that they are of another place, as in an unpacked archive: pixi itself refuses those."""
    try:
        said = os.fsdecode(read_bounded(os.path.join(prefix, _PIXI_MARKS[1]), _LONGEST)).strip()
    except OSError:
        return False
    usable = os.path.isabs(said) and "\0" not in said
    return usable and not os.path.join(prefix, "conda-meta", "").startswith(os.path.join(os.path.realpath(said), ""))


def _pixi_mark(prefix: str) -> _PixiMark:
    """What pixi has noted in an environment; nothing if it cannot be read, or does not name a manifest."""
    try:
        mark = decode(read_bounded(os.path.join(prefix, _PIXI_MARKS[0]), _LARGEST), _MARK)
    except (OSError, ValueError):
        return _PixiMark()
    said = f"{mark.manifest_path}{mark.environment_name}"
    usable = os.path.isabs(mark.manifest_path) and "\0" not in said and len(said) <= _LONGEST
    return mark if usable else _PixiMark()


def _is_pixi_home(home: str) -> bool:
    """Whether `.pixi` in a directory is that of pixi itself and not that of a workspace."""
    return os.path.isdir(os.path.join(home, ".pixi/bin")) and not _first_file(home, _PIXI_MANIFESTS)


def _of_pixi_workspace(project: str, name: str) -> Manager:
    manifest = _first_file(project, _PIXI_MANIFESTS)
    command = ("pixi", "clean", "--environment", name, "--manifest-path", manifest or project)
    return Manager(tool="pixi", project=project, environment=name, manifest=manifest, command=shell_words(command))


# Plugins of conda


_OF_WORKSPACES = re.compile(r"(?P<project>.+)/\.conda/envs/(?P<name>[^/]+)", re.DOTALL)
_TABLES = (b"[tool.conda", b"[tool.pixi")
"""What makes a pyproject.toml the manifest of a workspace."""
_OF_GLOBAL = re.compile(r"(?P<home>.+/\.conda/global|.+/\.cg)/(?:envs/)?[^/]+", re.DOTALL)
_OF_EXEC = re.compile(r".+/\.conda/exec/envs/[^/]+", re.DOTALL)
_EXEC_KEY = re.compile(r"(?P<of>[A-Za-z0-9_][A-Za-z0-9_.+-]*)--[0-9a-f]{16}")
_OF_EXPRESS = re.compile(r".+/\.conda/express(?:/envs/(?P<name>[^/]+))?", re.DOTALL)
_OF_CONDA_PROJECT = ("conda-project.yml", "conda-project.yaml")


def _conda_workspaces(prefix: str) -> Manager | None:
    """Beside a manifest; without one, `.conda/envs` is conda's own directory in a home."""
    found = _OF_WORKSPACES.fullmatch(prefix)
    manifest = _manifest_of_workspace(found["project"]) if found else ""
    if not found or not manifest:
        return None
    command = ("conda", "workspace", "--file", manifest, "clean", "--environment", found["name"])
    return Manager(
        tool="conda-workspaces",
        project=found["project"],
        environment=found["name"],
        manifest=manifest,
        command=shell_words(command),
    )


def _manifest_of_workspace(project: str) -> str:
    if manifest := _first_file(project, ("conda.toml", "pixi.toml")):
        return manifest
    manifest = os.path.join(project, "pyproject.toml")
    try:
        text = read_bounded(manifest, _LARGEST)
    except OSError:
        return ""
    return manifest if any(table in text for table in _TABLES) else ""


def _conda_project(prefix: str) -> Manager | None:
    project = next(filter(None, (_with_file_of(prefix, each) for each in _OF_CONDA_PROJECT)), "")
    if not project or os.path.isdir(os.path.join(project, "conda-meta")):  # then `envs` is that of a conda
        return None
    name = os.path.basename(prefix)
    command = ("conda", "project", "clean", "--directory", project, name)
    return Manager(
        tool="conda-project",
        project=project,
        environment=name,
        manifest=_first_file(project, _OF_CONDA_PROJECT),
        command=shell_words(command),
    )


def _conda_global(prefix: str) -> Manager | None:
    found = _OF_GLOBAL.fullmatch(prefix)
    home = found["home"] if found else _with_file_of(prefix, "global.toml")
    if not home:
        return None
    command = ("conda", "global", "uninstall", "--environment", os.path.basename(prefix))
    usual = found and os.path.basename(home)
    manifest = ("global.toml",)
    return _manager("conda-global", command, home="CONDA_GLOBAL_HOME", at=home, usual=usual, described=manifest)


def _conda_exec(prefix: str) -> Manager | None:
    usual, key = _OF_EXEC.fullmatch(prefix), _EXEC_KEY.fullmatch(os.path.basename(prefix))
    if not usual and not (key and _with_file_of(prefix, "run-count")):
        return None
    command = ("conda", "exec", "--clean", "--all", *((key["of"],) if key else ()))
    removes = f"all that was made to run {key['of']}" if key else "all that `conda exec` keeps"
    at = os.path.dirname(os.path.dirname(prefix))
    return _manager("conda-exec", command, home="CONDA_EXEC_HOME", at=at, usual=usual and "exec", removes=removes)


def _conda_express(prefix: str) -> Manager | None:
    if not (found := _OF_EXPRESS.fullmatch(prefix)):
        return None
    command = ("cx", "remove", "--name", found["name"], "--all") if found["name"] else ()
    return Manager(tool="conda-express", command=shell_words(command))


# snakemake


_OF_SNAKEMAKE = re.compile(r"(?P<project>.+)/\.snakemake/conda/[^/]+", re.DOTALL)
_HASH = re.compile(r"[0-9a-f]{8}(?:[0-9a-f]{24}_?)?")
_DONE = "env_setup_done"
"""A file that snakemake makes, beside an environment or in it; which one depends on the release."""


def _snakemake(prefix: str) -> Manager | None:
    """By a mark where workflows share a directory (`--conda-prefix`): what a cleanup deletes there may be of others."""
    manifest = prefix + ".yaml" if os.path.isfile(prefix + ".yaml") else ""
    if found := _OF_SNAKEMAKE.fullmatch(prefix):
        command = f"cd {shell_words((found['project'],))} && snakemake --conda-cleanup-envs"
        removes = "those that its workflow does not use"
        return Manager(tool="snakemake", project=found["project"], manifest=manifest, command=command, removes=removes)
    marks = (f"{prefix}.{_DONE}", os.path.join(prefix, _DONE))
    if _HASH.fullmatch(os.path.basename(prefix)) and any(map(os.path.isfile, marks)):
        return Manager(tool="snakemake", manifest=manifest)
    return None


_RECOGNISERS: tuple[Callable[[str], Manager | None], ...] = (
    _pixi,
    _conda_workspaces,
    _conda_global,
    _conda_exec,
    _conda_express,
    _conda_project,
    _snakemake,
)
"""Those first whose marks say the most."""


# What several have in common


def _manager(
    tool: ManagingTool,
    command: Iterable[str],
    *,
    home: str,
    at: str,
    usual: str | None,
    described: Iterable[str] = (),
    removes: str = "it",
) -> Manager:
    """A tool with a home of its own for environments, which a variable names where it has not the `usual` name."""
    words = shell_words(command)
    if os.path.basename(at) != usual:
        words = f"{home}={shell_words((at,))} {words}"
    return Manager(tool=tool, manifest=_first_file(at, described), command=words, removes=removes)


def _with_file_of(prefix: str, file: str) -> str:
    """The directory above the `envs` that a prefix lies in, if a file is there; otherwise empty."""
    directory, name = os.path.split(os.path.dirname(prefix))
    return directory if name == "envs" and os.path.isfile(os.path.join(directory, file)) else ""


def _first_file(directory: str, names: Iterable[str]) -> str:
    """The path of the first of some files that is there; empty if none is."""
    paths = (os.path.join(directory, name) for name in names)
    return next(filter(os.path.isfile, paths), "")
