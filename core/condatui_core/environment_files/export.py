"""Export an environment so that conda can recreate it, without running conda, whose export has side effects."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from msgspec import Struct

from condatui_core.environment_files.environment_yml import json_text, yaml_text
from condatui_core.environment_files.explicit_list import archive_url, explicit_text, requirements_text
from condatui_core.environment_files.export_model import export_model, pip_notes
from condatui_core.errors import UsageError
from condatui_core.records.environment import Environment
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.request import ExportFormat
from condatui_core.text import counted

# The format of an export


_SUFFIXES: dict[str, ExportFormat] = {
    ".yml": "yaml",
    ".yaml": "yaml",
    ".json": "json",
    ".txt": "explicit",
    ".lock": "explicit",
}


def format_of_file(file: str) -> ExportFormat:
    """The format that suits a file's name: `requirements.txt`, `explicit.txt`, otherwise by its suffix.

    YAML, the most complete format, for `-` and any other name.
    """
    name = os.path.basename(file).lower()
    suffix = os.path.splitext(name)[1]
    if suffix == ".txt" and "requirements" in name:
        return "requirements"
    return _SUFFIXES.get(suffix, "yaml")


_NAMED = 5


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
    notes = tuple(_notes(contents, format, from_history=from_history))
    packages = len(model.specs) + (len(model.pip) if format in ("yaml", "json") else 0)
    if format == "explicit":
        packages = sum(bool(archive_url(each)) for each in contents.packages)
        return ExportText(text=explicit_text(contents, model), notes=notes, packages=packages)
    if format == "requirements":
        text = requirements_text(contents, config, model, builds=builds)
        return ExportText(text=text, notes=notes, packages=packages)
    text = json_text(model) if format == "json" else yaml_text(model)
    return ExportText(text=text, notes=notes, packages=packages)


def _notes(contents: PrefixContents, form: ExportFormat, *, from_history: bool) -> Iterator[str]:
    pip = contents.pip_distributions
    if form in ("yaml", "json"):
        yield from pip_notes(pip)
    elif pip:
        yield f"packages installed by pip are only in comments, which conda ignores: {_some(each.name for each in pip)}"
    if form == "explicit":
        yield from _without_urls(contents)
    elif unknown := [each.name for each in contents.packages if not each.base_url]:
        yield f"the channel is unknown of {_some(unknown)}"
    for path in contents.outside:
        yield f"{path.location} is on its path by {path.file}, which no export carries"
    yield from _settings_notes(contents, form)
    for each in contents.replaced:
        yield (
            f"pip has replaced {each.package} {each.conda_version} by {each.pip_version}: conda installs the first, "
            "then pip the second"
        )
    if from_history:
        yield from _history_notes(contents)
    if contents.unreadable:
        files = counted(len(contents.unreadable), "file")
        yield f"{files} of the environment could not be read; their contents are missing in the export"


def _without_urls(contents: PrefixContents) -> Iterator[str]:
    if lost := [each.name for each in contents.packages if not archive_url(each)]:
        yield f"left out, since the URL is unknown: {_some(lost)}"
    if unsure := [each.name for each in contents.packages if archive_url(each) and not each.md5]:
        yield f"there is no md5 for {_some(unsure)}"


def _settings_notes(contents: PrefixContents, form: ExportFormat) -> Iterator[str]:
    if contents.variables:
        names = _some(name for name, _ in contents.variables)
        if form in ("yaml", "json"):
            yield f"the environment variables {names} are written with their values, which may be secrets"
        else:
            yield f"the environment variables {names} are not included"
    if contents.pinned:
        how = "not included" if form == "json" else "only in comments"
        yield f"the pinned specs ({_some(contents.pinned)}) are {how}: copy them to conda-meta/pinned"


def _history_notes(contents: PrefixContents) -> Iterator[str]:
    if contents.history.cloned_specs:
        yield "the environment is a clone, and conda has recorded every package of it as requested"
    if not contents.history.requested and not any(each.requested_specs for each in contents.packages):
        yield "the requested specs are unknown: there is no history"


def _some(names: Iterable[str]) -> str:
    """The first few names, and how many more there are."""
    listed = list(names)
    shown = ", ".join(listed[:_NAMED])
    return f"{shown} and {len(listed) - _NAMED} more" if len(listed) > _NAMED else shown
