"""Export an environment so that conda can recreate it, without running conda, whose export has side effects."""

from __future__ import annotations

import os
from collections.abc import Iterator

from msgspec import Struct

from condatui_core.environment_files.environment_yml import json_text, yaml_text
from condatui_core.environment_files.explicit_list import archive_url, explicit_text, requirements_text
from condatui_core.environment_files.export_model import conda_packages, export_model, pip_notes, wheels
from condatui_core.errors import UsageError
from condatui_core.records.environment import Environment
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.request import ExportFormat
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
}
"""What a format is, and a name that suits it."""
_FOREIGN_NAMES = {
    "pixi.lock": "a lock file of pixi",
    "pixi.toml": "a manifest of pixi",
    "conda-lock.yml": "a lock file of conda-lock",
    "conda-lock.yaml": "a lock file of conda-lock",
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
    ".conda-lock.yml": "a lock file of conda-lock",
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


def format_of_file(file: str) -> ExportFormat:
    """The format that suits a file's name: `requirements.txt`, `explicit.txt`, otherwise by its suffix.

    YAML, the most complete format, for `-` and any other name.
    """
    name = os.path.basename(file).lower()
    suffix = os.path.splitext(name)[1]
    if suffix == ".txt" and "requirements" in name and "explicit" not in name:
        return "requirements"
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
    other_list = named == "requirements" and form == "explicit"
    if other_list or form not in _SUITABLE.get(os.path.splitext(name)[1], (form,)):
        raise UsageError(
            f"`{sanitize(shown)}` stands for {_TITLES[named][0]}, not for {title}.",
            hint=f"Give it another name, such as `{suitable}`, or write {_TITLES[named][0]}.",
        )


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
) -> ExportText:
    """Export an environment: without `builds` only versions, with `from_history` only what the user requested.

    Raises UsageError if `from_history` meets a format that can only list exact packages.
    """
    if from_history and format not in ("yaml", "json"):
        raise UsageError(f"The requested specs cannot be written as {format}.", hint="Use yaml or json for it.")
    contents = environment.contents or PrefixContents()
    model = export_model(environment, config, builds=builds, from_history=from_history)
    notes = tuple(dict.fromkeys(_notes(contents, format, from_history=from_history)))
    packages = len(model.specs) + (len(model.pip) if format in ("yaml", "json") else 0)
    if format == "explicit":
        packages = sum(bool(archive_url(each)) for each in conda_packages(contents))
        return ExportText(text=explicit_text(contents, model), notes=notes, packages=packages)
    if format == "requirements":
        text = requirements_text(contents, config, model, builds=builds)
        return ExportText(text=text, notes=notes, packages=packages)
    text = json_text(model) if format == "json" else yaml_text(model)
    return ExportText(text=text, notes=notes, packages=packages)


def specs_text(
    name: str, packages: tuple[PackageRecord, ...], config: ChannelConfig
) -> tuple[ExportFormat, ExportText]:
    """Export packages that are no environment yet: as an explicit list if every archive is known, else as YAML."""
    platforms = {each.subdir for each in packages} - {"noarch", ""}
    known = len(platforms) <= 1 and all(archive_url(each) and each.md5 for each in packages)
    form: ExportFormat = "explicit" if known else "yaml"
    made_up = Environment(prefix="", name=name, contents=PrefixContents(packages=packages))
    return form, export_text(made_up, config, format=form)


def _notes(contents: PrefixContents, form: ExportFormat, *, from_history: bool) -> Iterator[str]:
    pip = [*(each.name for each in contents.pip_distributions), *(each.name for each in wheels(contents))]
    if form not in ("yaml", "json") and pip:
        yield f"what pip installed is only in comments, which conda ignores: {some_of(pip)}"
    yield from pip_notes(contents.pip_distributions)
    if form == "explicit":
        yield from _without_urls(contents)
    elif unknown := [each.name for each in contents.packages if not each.base_url]:
        yield f"the channel is unknown of {some_of(unknown)}"
    for path in contents.outside:
        yield f"{path.location} is on its path by {path.file}, which no export carries"
    yield from _settings_notes(contents, form)
    then = "then pip the second" if form in ("yaml", "json") else "and nothing the second"
    for each in contents.replaced:
        change = f"{each.package} {each.conda_version} by {each.pip_version}"
        yield f"pip has replaced {change}: conda installs the first, {then}"
    if from_history:
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


def _settings_notes(contents: PrefixContents, form: ExportFormat) -> Iterator[str]:
    if contents.variables:
        names = some_of([name for name, _ in contents.variables])
        several = len(contents.variables) > 1
        what = f"the environment {'variables' if several else 'variable'} {names} {'are' if several else 'is'}"
        values = "their values, which may be secrets" if several else "its value, which may be a secret"
        yield f"{what} written with {values}" if form in ("yaml", "json") else f"{what} not included"
    if contents.pinned:
        several = len(contents.pinned) > 1
        what = f"{'specs' if several else 'spec'} ({some_of(contents.pinned)}) {'are' if several else 'is'}"
        how = "not included" if form == "json" else "only in comments"
        yield f"the pinned {what} {how}: copy {'them' if several else 'it'} to conda-meta/pinned"


def _history_notes(contents: PrefixContents) -> Iterator[str]:
    if contents.history.cloned_specs:
        yield "the environment is a clone, and conda has recorded every package of it as requested"
    if not contents.history.requested and not any(each.requested_specs for each in contents.packages):
        yield "the requested specs are unknown: there is no history"
