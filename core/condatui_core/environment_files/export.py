"""Export an environment so that conda can recreate it, without running conda, whose export has side effects."""

from __future__ import annotations

import os
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from condatui_core.analyses.platforms import is_bound_to_platform
from condatui_core.environment_files.conda_lock import LockText, lock_text
from condatui_core.environment_files.environment_yml import json_text, yaml_text
from condatui_core.environment_files.explicit_list import archive_url, explicit_text, requirements_text
from condatui_core.environment_files.export_model import ExportModel, conda_packages, export_model, wheels
from condatui_core.environment_files.pip_requirements import pip_notes
from condatui_core.errors import UsageError
from condatui_core.records.environment import Environment
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.request import ExportFormat, ExportOptions
from condatui_core.text import counted, sanitize, some_of

# The format of an export


_SUFFIXES: dict[str, ExportFormat] = {
    ".yml": "yaml",
    ".yaml": "yaml",
    ".json": "json",
    ".txt": "explicit",
    ".lock": "explicit",
}


_SUITABLE: dict[str, tuple[ExportFormat, ...]] = {
    ".yml": ("yaml", "json"),  # JSON is YAML
    ".yaml": ("yaml", "json"),
    ".json": ("json",),
    ".txt": ("explicit", "requirements"),
}
"""The formats that a suffix may stand for; any format suits another one."""
_TITLES: dict[ExportFormat, tuple[str, str]] = {
    "yaml": ("YAML", "environment.yml"),
    "json": ("JSON", "environment.json"),
    "explicit": ("an explicit list", "explicit.txt"),
    "requirements": ("a list of specs", "requirements.txt"),
    "conda-lock": ("a lock file of conda-lock", "conda-lock.yml"),
}
"""What a format is, and a name that suits it."""
_FOREIGN_NAMES = {
    "pixi.lock": "a lock file of pixi",
    "pixi.toml": "a manifest of pixi",
    "poetry.lock": "a lock file of Poetry",
    "uv.lock": "a lock file of uv",
    "pdm.lock": "a lock file of PDM",
    "pylock.toml": "a lock file for pip",
    "pipfile": "a file of Pipenv",
    "pipfile.lock": "a lock file of Pipenv",
    "anaconda-project.yml": "a file of anaconda-project",
    "environment.devenv.yml": "a file of conda-devenv",
    "meta.yaml": "a recipe of conda-build",
    "recipe.yaml": "a recipe of rattler-build",
    "package.json": "a file of npm",
    "bom.json": "an SBOM",
    "dockerfile": "a Dockerfile",
    ".condarc": "a configuration of conda",
}
_FOREIGN_ENDINGS = {
    ".cdx.json": "an SBOM",
    ".spdx.json": "an SBOM",
    ".toml": "TOML",
    ".xml": "XML",
    ".md": "Markdown",
    ".csv": "CSV",
    ".sh": "a script",
    ".py": "a script",
    ".zip": "an archive",
    ".gz": "an archive",
    ".bz2": "an archive",
    ".zst": "an archive",
    ".conda": "an archive",
}


_LOCKS = ("conda-lock.yml", "conda-lock.yaml")
"""The ends of the names by which conda-lock and micromamba know a lock file."""


def format_of_file(file: str) -> ExportFormat:
    """The format that suits a file's name: `requirements.txt`, `explicit.txt`, `conda-lock.yml`, or by its suffix.

    YAML, the most complete format, for `-` and any other name.
    """
    name = os.path.basename(file).lower()
    suffix = os.path.splitext(name)[1]
    if suffix == ".txt" and "requirements" in name and "explicit" not in name:
        return "requirements"
    if name.endswith(_LOCKS):
        return "conda-lock"
    return _SUFFIXES.get(suffix, "yaml")


def check_file_name(file: str, form: ExportFormat) -> None:
    """Raise UsageError if the name of a file stands for another format than the one to be written into it."""
    shown = os.path.basename(file)
    name = shown.lower()
    title, suitable = _TITLES[form]
    foreign = _FOREIGN_NAMES.get(name) or next(
        (what for ending, what in _FOREIGN_ENDINGS.items() if name.endswith(ending)), ""
    )
    if foreign:
        raise UsageError(
            f"`{sanitize(shown)}` stands for {foreign}, which an export is not.",
            hint=f"Give it another name, such as `{suitable}` for {title}.",
        )
    named = format_of_file(name)
    if form not in _suitable_formats(name, form):
        raise UsageError(
            f"`{sanitize(shown)}` stands for {_TITLES[named][0]}, not for {title}.",
            hint=f"Give it another name, such as `{suitable}`, or write {_TITLES[named][0]}.",
        )


def _suitable_formats(name: str, form: ExportFormat) -> tuple[ExportFormat, ...]:
    """The formats that a file's name may stand for; micromamba takes a file for a lock file by its name alone."""
    named = format_of_file(name)
    if named in ("conda-lock", "requirements"):
        return (named,)
    locked: tuple[ExportFormat, ...] = ("conda-lock",) if name.endswith(("-lock.yml", "-lock.yaml")) else ()
    return (*_SUITABLE.get(os.path.splitext(name)[1], (form,)), *locked)


class ExportText(Struct, frozen=True, kw_only=True):
    """The text of an export, ready to be written."""

    text: str
    """The file's content."""
    notes: tuple[str, ...] = ()
    """What the format cannot express and other warnings for its user, each a sentence without its full stop."""
    packages: int = 0
    """The number of packages in it, conda's and pip's."""


def export_text(
    environment: Environment,
    config: ChannelConfig,
    *,
    format: ExportFormat = "yaml",  # noqa: A002 - the usual term
    builds: bool = True,
    from_history: bool = False,
    leaves: bool = False,
    portable: bool = False,
    variables: bool = True,
) -> ExportText:
    """Export an environment; the options are those of `ExportOptions`.

    Raises UsageError if a format that can only list exact packages is to hold anything else, and for a lock file if
    no package tells the platform.
    """
    how = ExportOptions(
        format=format,
        builds=builds,
        from_history=from_history,
        leaves=leaves,
        portable=portable,
        variables=variables,
    )
    check_options(how)
    contents = environment.contents or PrefixContents()
    model = export_model(environment, config, how)
    export = _written(contents, config, model, how)
    notes = (*export.notes, *_notes(contents, how))
    return replace(export, notes=tuple(dict.fromkeys(notes)))


def check_options(how: ExportOptions) -> None:
    """Raise UsageError if the options contradict each other, or the format has no room for what they ask for."""
    title = _TITLES[how.format][0]
    if how.from_history and how.format not in ("yaml", "json"):
        raise UsageError(f"The requested specs cannot be written as {title}.", hint="Use yaml or json for it.")
    exact = how.format in ("explicit", "conda-lock")
    if exact and (how.leaves or how.portable):
        what = "only what nothing else needs" if how.leaves else "something for other platforms"
        raise UsageError(
            f"{title[0].upper()}{title[1:]} cannot say {what}: it names every archive.",
            hint="Use yaml, json or requirements for it.",
        )
    if how.from_history and how.leaves:
        raise UsageError(
            "What was requested and what nothing else needs are two choices.", hint="Leave one of the two out."
        )


def _written(contents: PrefixContents, config: ChannelConfig, model: ExportModel, how: ExportOptions) -> ExportText:
    """The text in the format, with what only the format could not take."""
    if how.format == "conda-lock":
        lock = lock_text(contents, model)
        return ExportText(text=lock.text, notes=tuple(_lock_notes(lock)), packages=lock.packages)
    if how.format == "explicit":
        packages = sum(bool(archive_url(each)) for each in conda_packages(contents))
        return ExportText(text=explicit_text(contents, model), packages=packages)
    if how.format == "requirements":
        return ExportText(text=requirements_text(contents, config, model, how), packages=len(model.specs))
    text = json_text(model) if how.format == "json" else yaml_text(model)
    return ExportText(text=text, packages=len(model.specs) + len(model.pip))


def _lock_notes(lock: LockText) -> Iterator[str]:
    if lock.without_archive:
        yield f"left out, since the URL or the md5 is unknown: {some_of(lock.without_archive)}"
    if lock.without_origin:
        yield f"left out of pip's, since a lock file needs URL and sha256 of each: {some_of(lock.without_origin)}"


def specs_text(
    name: str, packages: tuple[PackageRecord, ...], config: ChannelConfig
) -> tuple[ExportFormat, ExportText]:
    """Export packages that are no environment yet: as an explicit list if every archive is known, else as YAML."""
    platforms = {each.subdir for each in packages} - {"noarch", ""}
    known = len(platforms) <= 1 and all(archive_url(each) and each.md5 for each in packages)
    form: ExportFormat = "explicit" if known else "yaml"
    made_up = Environment(prefix="", name=name, contents=PrefixContents(packages=packages))
    return form, export_text(made_up, config, format=form)


def _notes(contents: PrefixContents, how: ExportOptions) -> Iterator[str]:
    pip = [*(each.name for each in contents.pip_distributions), *(each.name for each in wheels(contents))]
    if how.format in ("explicit", "requirements") and pip:
        yield f"what pip installed is only in comments, which conda ignores: {some_of(pip)}"
    if how.format != "conda-lock":  # which leaves out what these are about, and says so
        yield from pip_notes(contents.pip_distributions)
    if how.format == "explicit":
        yield from _without_urls(contents)
    elif unknown := [each.name for each in contents.packages if not each.base_url and how.format != "conda-lock"]:
        yield f"the channel is unknown of {some_of(unknown)}"
    for path in contents.outside:
        yield f"{path.location} is on its path by {path.file}, which no export carries"
    yield from _settings_notes(contents, how)
    then = "then pip the second" if how.format in ("yaml", "json") else "and nothing the second"
    for each in contents.replaced:
        change = f"{each.package} {each.conda_version} by {each.pip_version}"
        yield f"pip has replaced {change}: conda installs the first, {then}"
    if how.portable and (bound := [each.name for each in contents.packages if is_bound_to_platform(each)]):
        yield f"left out, since other platforms have others: {some_of(bound)}"
    if how.from_history:
        yield from _history_notes(contents)
    if contents.unreadable:
        files = counted(len(contents.unreadable), "file")
        yield f"{files} of the environment could not be read; their contents are missing in the export"


def _without_urls(contents: PrefixContents) -> Iterator[str]:
    packages = conda_packages(contents)
    if lost := [each.name for each in packages if not archive_url(each)]:
        yield f"left out, since the URL is unknown: {some_of(lost)}"
    if unsure := [each.name for each in packages if archive_url(each) and not each.md5]:
        yield f"there is no md5 for {some_of(unsure)}"


def _settings_notes(contents: PrefixContents, how: ExportOptions) -> Iterator[str]:
    if contents.variables:
        names = some_of([name for name, _ in contents.variables])
        several = len(contents.variables) > 1
        what = f"the environment {'variables' if several else 'variable'} {names} {'are' if several else 'is'}"
        values = "their values, which may be secrets" if several else "its value, which may be a secret"
        written = how.variables and how.format in ("yaml", "json")
        yield f"{what} written with {values}" if written else f"{what} not included"
    if contents.pinned:
        several = len(contents.pinned) > 1
        what = f"{'specs' if several else 'spec'} ({some_of(contents.pinned)}) {'are' if several else 'is'}"
        where = "not included" if how.format == "json" else "only in comments"
        yield f"the pinned {what} {where}: copy {'them' if several else 'it'} to conda-meta/pinned"


def _history_notes(contents: PrefixContents) -> Iterator[str]:
    if contents.history.cloned_specs:
        yield "the environment is a clone, and conda has recorded every package of it as requested"
    if not contents.history.requested and not any(each.requested_specs for each in contents.packages):
        yield "the requested specs are unknown: there is no history"
