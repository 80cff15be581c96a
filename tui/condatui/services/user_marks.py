"""Changes what the user says: which environments stay, which one is the baseline, and which filters are remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from condatui.view_models.format import format_age
from condatui_core.errors import UsageError
from condatui_core.records.environment import Environment, KeepMark
from condatui_core.text import counted, sanitize

if TYPE_CHECKING:
    from condatui.session import Session
    from condatui_core.workbench import Workbench

MARKS_GROUP = "user marks"
"""The worker group of these changes."""


async def toggle_kept(session: Session, chosen: Sequence[Environment]) -> str:
    """Keep these environments; if all of them are kept by now, no more. Returns what was done, for the status line.

    What was taken away in this session comes back as it was. Raises CondatuiError if the marks cannot be read or
    written.
    """
    workbench, prefixes = session.workbench, [each.prefix for each in chosen]
    marks = await asyncio.to_thread(workbench.marks)
    former = {prefix: mark for prefix in prefixes if (mark := marks.mark_of(prefix))}
    if len(former) == len(prefixes):
        await workbench.unkeep(prefixes)
        session.unkept.update(former)
        said = f"{_subject(chosen)} {_verb(chosen, 'is', 'are')} not kept any more"
        return f"{said}{_was_kept(former, session)}."
    back = {each: session.unkept[each] for each in prefixes if each not in former and each in session.unkept}
    await workbench.keep(prefixes, marks=back)
    notes = [sanitize(mark.note) for mark in back.values() if mark.note]
    again = f" Its note is back: {notes[0]}" if len(notes) == 1 else f" {len(notes)} notes are back." if notes else ""
    return f"{_subject(chosen)} {_verb(chosen, 'stays', 'stay')}: nothing proposes a removal.{again}"


async def keep_with_note(workbench: Workbench, chosen: Sequence[Environment], note: str) -> str:
    """Keep these environments with a note. Returns what was done, for the status line.

    Raises CondatuiError if the note is too long, or the marks cannot be read or written.
    """
    await workbench.keep([each.prefix for each in chosen], note)
    said = f": {sanitize(note)}" if note.strip() else ": nothing proposes a removal."
    return f"{_subject(chosen)} {_verb(chosen, 'stays', 'stay')}{said}"


def _was_kept(former: Mapping[str, KeepMark], session: Session) -> str:
    """The notes that went with the marks, and the key that brings them back."""
    noted = [mark for mark in former.values() if mark.note]
    if not noted:
        return ""
    key = session.key("keep")
    if len(noted) > 1:
        return f"; {key} brings their {len(noted)} notes back"
    [mark] = noted
    age = format_age(mark.at, session.clock()) if mark.at else ""
    of = ", ".join(filter(None, (sanitize(mark.by), age)))
    return f"; {key} brings the note back: {sanitize(mark.note)}{f' ({of})' if of else ''}"


def _subject(chosen: Sequence[Environment]) -> str:
    return sanitize(chosen[0].name) if len(chosen) == 1 else counted(len(chosen), "environment")


async def toggle_baseline(workbench: Workbench, environment: Environment) -> str:
    """Make an environment the baseline; if it is that by now, no more. Returns what was done, for the status line.

    Raises RefusedError if the settings name a baseline, CondatuiError if the marks cannot be read or written.
    """
    marks = await asyncio.to_thread(workbench.marks)
    name = sanitize(environment.name)
    if marks.baseline == environment.prefix:
        await workbench.set_baseline("")
        return f"{name} is not the baseline any more."
    from condatui.view_models.baseline_proposal import flaw_words  # noqa: PLC0415 - the first picture does without
    from condatui_core.analyses.baseline import flaws_of  # noqa: PLC0415 - as above

    await workbench.set_baseline(environment.prefix)
    return f"{name} is the baseline: new environments are cloned from it.{flaw_words(flaws_of(environment))}"


def _verb(chosen: Sequence[Environment], one: str, several: str) -> str:
    return one if len(chosen) == 1 else several


async def remember_filter(workbench: Workbench, name: str, text: str) -> str:
    """Remember a filter under a name, with or without `@`. Returns what was done, for the status line.

    Raises CondatuiError if it cannot have the name, or if the file cannot be read or written.
    """
    from condatui.view_models.environments.filters import parse_to_remember  # noqa: PLC0415 - few remember one

    if error := parse_to_remember(text).error:
        raise UsageError(f"This filter cannot be remembered: {error}")
    plain = name.strip().removeprefix("@")
    former = dict((await asyncio.to_thread(workbench.marks)).filters).get(plain)
    await workbench.remember_filter(plain, text)
    instead = f", in place of `{sanitize(former)}`" if former not in (None, text) else ""
    return f"@{sanitize(plain)} is `{sanitize(text)}` from now on{instead}."


async def forget_filter(workbench: Workbench, name: str) -> str:
    """Forget a remembered filter. Returns what was done, for the status line. Raises CondatuiError if there is none."""
    plain = name.strip().removeprefix("@")
    former = dict((await asyncio.to_thread(workbench.marks)).filters).get(plain, "")
    await workbench.forget_filter(plain)
    return f"@{sanitize(plain)} is forgotten: it was `{sanitize(former)}`."
