"""Who is told what an action does: programs or people, until they stop listening."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from condatui.commands.acting_json import EventLine, PlanLine, result_line
from condatui.commands.invocation import Invocation
from condatui.commands.json_output import print_json
from condatui_core.records.job import Ended, Event, Job, Plan


class Teller(Protocol):
    """Is told of a plan and of its job."""

    def plan(self, plan: Plan) -> None:
        """Tell what will be done."""
        ...

    def event(self, event: Event) -> None:
        """Tell what happened."""
        ...

    def result(self, job: Job) -> None:
        """Tell what came of it."""
        ...


class JsonTeller:
    """Prints lines of JSON."""

    def plan(self, plan: Plan) -> None:
        """Print the plan."""
        print_json(PlanLine(plan))

    def event(self, event: Event) -> None:
        """Print what happened; the end is in the result."""
        if not isinstance(event, Ended):
            print_json(EventLine(event))

    def result(self, job: Job) -> None:
        """Print what came of it."""
        print_json(result_line(job))


class LastingTeller:
    """Tells on until nobody listens any more: a terminal or a reader that is gone does not end what is being done."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self._heard = True

    def plan(self, plan: Plan) -> None:
        """Tell what will be done; here a reader that is gone ends the command, since nothing has begun."""
        self._teller.plan(plan)

    def event(self, event: Event) -> None:
        """Tell what happened."""
        self._tell(partial(self._teller.event, event))

    def result(self, job: Job) -> None:
        """Tell what came of it."""
        self._tell(partial(self._teller.result, job))

    def _tell(self, telling: Callable[[], None]) -> None:
        try:
            if self._heard:
                telling()
        except OSError:
            self._heard = False


def make_teller(invocation: Invocation, *, as_json: bool) -> Teller:
    """Who is told: programs by lines of JSON, or people."""
    if as_json:
        return LastingTeller(JsonTeller())
    from condatui.commands.acting_pages import PageTeller  # noqa: PLC0415 - Rich is for people

    return LastingTeller(PageTeller(ascii_only=invocation.settings.ascii))
