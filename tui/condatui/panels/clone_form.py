"""The form of Clone: the source, the new name, and what else to install."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from condatui.panels.forms import FormPaths, file_name, split_words
from condatui.session import Session
from condatui.view_models.form import YES, Answers, ChoiceField, Form, TextField, yes_or_no
from condatui_core.errors import UsageError
from condatui_core.records.environment import Environment
from condatui_core.records.request import CloneRequest
from condatui_core.text import sanitize


class CloneForm:
    """Clones the environment under the cursor, the baseline or any other."""

    previews = False

    def __init__(self, session: Session, current: Environment | None, paths: FormPaths) -> None:
        self._session = session
        self._paths = paths
        self._sources = _sources(session, current)

    def form(self, answers: Answers) -> Form:
        """The fields; the name follows from the source, and only for base the form asks about conda itself."""
        source = self._source(answers)
        names = {each.name for each in self._session.inventory.environments}
        choices = tuple((each.prefix, _label(each, self._sources)) for each in self._sources)
        fields = (
            ChoiceField("source", "clone", choices, source.prefix),
            TextField("name", "as", _free_name(source, names), "a name, or a path"),
            TextField("add", "and install", example="nothing; or, say, numpy=2.0 pandas"),
            yes_or_no("with_conda", "with conda itself"),
            yes_or_no("offline", "without downloads"),
        )
        hidden = frozenset[str]() if source.base else frozenset({"with_conda"})
        return Form("Clone an environment", fields, hidden, first="name")

    async def request(self, answers: Answers) -> CloneRequest:
        """The request for the clone."""
        source = self._source(answers)
        name = answers["name"]
        if not name.strip():
            raise UsageError("The new environment needs a name, or a path.")
        add = split_words(answers["add"], "What to install")
        return CloneRequest(
            source=source.prefix,
            target=await self._target(name, source),
            add=add,
            with_conda=source.base and answers["with_conda"] == YES,
            offline=answers["offline"] == YES,
        )

    def _source(self, answers: Answers) -> Environment:
        wanted = answers.get("source")
        return next((each for each in self._sources if each.prefix == wanted), self._sources[0])

    async def _target(self, name: str, source: Environment) -> str:
        from condatui_core.actions.prefix_names import target_prefix  # noqa: PLC0415 - only Clone needs it

        context = await self._session.workbench.job_context()
        here = str(self._paths.directory)
        return await asyncio.to_thread(target_prefix, name.strip(), source, context, cwd=here)


def _sources(session: Session, current: Environment | None) -> tuple[Environment, ...]:
    """The environment under the cursor, the baseline, and all others, without those that cannot be cloned."""
    environments = [each for each in session.inventory.environments if each.state == "ok"]
    first = [each for each in (current, _baseline(session)) if each and each.state == "ok"]
    return tuple({each.prefix: each for each in (*first, *environments)}.values())


def _baseline(session: Session) -> Environment | None:
    """The baseline; if there is none, conda's base."""
    inventory = session.inventory
    return inventory.baseline or next((each for each in inventory.environments if each.base), None)


def _label(environment: Environment, others: Sequence[Environment]) -> str:
    alone = sum(1 for each in others if each.name == environment.name) == 1
    return sanitize(environment.name if alone else environment.prefix)


def _free_name(source: Environment, names: set[str]) -> str:
    """`nlp-2`, or the first higher number that is free."""
    stem = file_name(source)
    number = 2
    while f"{stem}-{number}" in names:
        number += 1
    return f"{stem}-{number}"
