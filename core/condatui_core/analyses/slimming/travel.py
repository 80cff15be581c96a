"""What of an environment no image can take along, and what could not be read of it."""

from __future__ import annotations

from collections.abc import Iterator

from condatui_core.records.prefix import PrefixContents
from condatui_core.records.slimming import SurveyedFiles


def cannot_travel(contents: PrefixContents) -> tuple[str, ...]:
    """What lies outside of the prefix, or what no record describes any more, a line each."""
    return tuple(_untravelled(contents))


def _untravelled(contents: PrefixContents) -> Iterator[str]:
    for each in contents.pip_distributions:
        if each.origin == "editable":
            yield f"{each.name} is installed in place: its code is in {each.location or 'a directory outside'}"
    for outside in contents.outside:
        yield f"{outside.file} lets python import from {outside.location}"
    for replaced in contents.replaced:
        yield (
            f"pip has replaced {replaced.package} {replaced.conda_version} of conda"
            f" by {replaced.distribution} {replaced.pip_version}: conda's records describe other files"
        )


def unread(contents: PrefixContents, surveyed: SurveyedFiles) -> tuple[str, ...]:
    """What could not be read, and what follows from it, a sentence each."""
    return tuple(_unread(contents, surveyed))


def _unread(contents: PrefixContents, surveyed: SurveyedFiles) -> Iterator[str]:
    for each in contents.unreadable:
        yield f"{each.path} cannot be read ({each.reason}): what it alone says is unknown, and its files stay."
    for line in surveyed.unreadable:
        yield f"{line}: what is in there is not counted."
