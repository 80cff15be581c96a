"""The forms of new environments: the source of a clone, the file that describes one, and the name of a baseline."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from condatui.panels.forms import FormPaths, environment_choices, split_words
from condatui.session import Session
from condatui.view_models.archives import file_name
from condatui.view_models.form import YES, Answers, ChoiceField, Form, TextField, yes_or_no
from condatui_core.errors import UsageError
from condatui_core.records.environment import Environment
from condatui_core.records.request import CloneRequest, CreateRequest

if TYPE_CHECKING:
    from condatui_core.analyses.baseline_proposal import BaselineProposal


class CloneForm:
    """Clones the marked environment or the one under the cursor, the baseline or any other."""

    previews = False

    def __init__(self, session: Session, chosen: Sequence[Environment], paths: FormPaths) -> None:
        """It makes one clone: of several that are `chosen` it offers the first, and the others next."""
        self._session = session
        self._paths = paths
        self._sources = _sources(session, chosen)
        whole = [each for each in chosen if each.state == "ok"]
        several = f": one of the {len(whole)} that are marked" if len(whole) > 1 else ""
        self._title = f"Clone an environment{several}"
        self._first = next((each for each in chosen if each in self._sources), self._sources[0])

    def form(self, answers: Answers) -> Form:
        """The fields; the name follows from the source, and only for base the form asks about conda itself."""
        source = self._source(answers)
        names = {each.name for each in self._session.inventory.environments}
        choices = environment_choices(self._sources)
        fields = (
            ChoiceField("source", "clone", choices, source.prefix, find=True),
            TextField("name", "as", free_name(source, names), "a name, or a path"),
            TextField("add", "and install", example="nothing; or, say, numpy=2.0 pandas"),
            yes_or_no("with_conda", "with conda itself"),
            yes_or_no("offline", "without downloads"),
        )
        hidden = frozenset[str]() if source.base else frozenset({"with_conda"})
        return Form(self._title, fields, hidden, first="name")

    async def request(self, answers: Answers) -> CloneRequest:
        """The request for the clone."""
        source = self._source(answers)
        target = await target_of(answers["name"], source, self._session, self._paths)
        add = split_words(answers["add"], "What to install")
        return CloneRequest(
            source=source.prefix,
            target=target,
            add=add,
            with_conda=source.base and answers["with_conda"] == YES,
            offline=answers["offline"] == YES,
        )

    def _source(self, answers: Answers) -> Environment:
        wanted = answers.get("source")
        return next((each for each in self._sources if each.prefix == wanted), self._first)


class FileForm:
    """Makes an environment from a file that describes it."""

    previews = False

    def __init__(self, session: Session, paths: FormPaths, usual: str = "") -> None:
        """`usual` is the name of a file in the directory that is suggested; empty for none."""
        self._session = session
        self._paths = paths
        self._suggested = paths.suggested(usual) if usual else ""

    def form(self, answers: Answers) -> Form:  # noqa: ARG002 - as all forms
        """The file and the name."""
        fields = (
            TextField("file", "from", self._suggested, "a path: environment.yml, a list, a lock file"),
            TextField("name", "as", example="the name in the file; or a name, or a path"),
            yes_or_no("offline", "without downloads"),
        )
        return Form("Make an environment from a file", fields, first="file")

    async def request(self, answers: Answers) -> CreateRequest:
        """The request that makes it; the name is the file's own if none is given."""
        file = self._paths.path(answers["file"])
        name = answers["name"].strip() or await self._stated(file)
        target = await target_of(name, None, self._session, self._paths)
        return CreateRequest(target=target, file=file, offline=answers["offline"] == YES)

    async def _stated(self, file: str) -> str:
        from condatui_core.actions.from_file import asked_of  # noqa: PLC0415 - few make one

        config = self._session.inventory.first_channel_config
        if name := (await asyncio.to_thread(asked_of, file, config)).name:
            return name
        raise UsageError("The file does not name the environment: it needs a name.")


_USUAL = ("environment.yml", "environment.yaml")
"""What projects call the file that describes their environment."""
_LOOKING = 0.2
"""Seconds that a directory may take to say what is in it: a key does not wait for a disk that hangs."""


async def file_form(session: Session, paths: FormPaths) -> FileForm:
    """The form that makes an environment from a file; it suggests the usual one where that is there."""
    looking = asyncio.to_thread(lambda: next((each for each in _USUAL if (paths.directory / each).is_file()), ""))
    with suppress(asyncio.TimeoutError, OSError):
        return FileForm(session, paths, await asyncio.wait_for(looking, _LOOKING))
    return FileForm(session, paths)


class BaselineForm:
    """Makes a proposed baseline under a name."""

    previews = False

    def __init__(self, session: Session, paths: FormPaths, proposal: BaselineProposal) -> None:
        self._session = session
        self._paths = paths
        self._proposal = proposal

    def form(self, answers: Answers) -> Form:  # noqa: ARG002 - as all forms
        """The name."""
        names = {each.name for each in self._session.inventory.environments}
        suggested = "baseline" if "baseline" not in names else _next_free("baseline", names)
        return Form(
            "Make the proposed baseline", (TextField("name", "as", suggested, "a name, or a path"),), first="name"
        )

    async def request(self, answers: Answers) -> CreateRequest:
        """The request that makes it, build for build."""
        from condatui_core.analyses.baseline_proposal import request_of  # noqa: PLC0415 - few make one

        target = await target_of(answers["name"], None, self._session, self._paths)
        return request_of(self._proposal, target, self._session.inventory.first_channel_config)


async def target_of(name: str, source: Environment | None, session: Session, paths: FormPaths) -> str:
    """The prefix of a new environment. Raises UsageError if it cannot have the name."""
    from condatui_core.actions.prefix_names import target_prefix  # noqa: PLC0415 - only a new environment needs it

    if not name.strip():
        raise UsageError("The new environment needs a name, or a path.")
    context = await session.workbench.job_context()
    return await asyncio.to_thread(target_prefix, name.strip(), source, context, cwd=str(paths.directory))


def _sources(session: Session, chosen: Sequence[Environment]) -> tuple[Environment, ...]:
    """The baseline, what is chosen, and all others, without those that cannot be cloned."""
    environments = [each for each in session.inventory.environments if each.state == "ok"]
    first = [each for each in (_baseline(session), *chosen) if each and each.state == "ok"]
    return tuple({each.prefix: each for each in (*first, *environments)}.values())


def _baseline(session: Session) -> Environment | None:
    """The baseline; if there is none, conda's base."""
    inventory = session.inventory
    return inventory.baseline or next((each for each in inventory.environments if each.base), None)


def free_name(source: Environment, names: set[str], suffix: str = "") -> str:
    """`nlp-2`, or the first higher number that is free; with a suffix `nlp-slim` if that is free."""
    stem = f"{file_name(source)}-{suffix}" if suffix else file_name(source)
    return stem if suffix and stem not in names else _next_free(stem, names)


def _next_free(stem: str, names: set[str]) -> str:
    number = 2
    while f"{stem}-{number}" in names:
        number += 1
    return f"{stem}-{number}"
