"""What is chosen in place 3: what it comes to, and the choice that reaches a goal; both are computed in threads."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from textual import on, work
from textual.events import ScreenSuspend

from condatui.screens.prompting_place import PromptingPlace
from condatui.services.cleanup_finder import sum_of, to_look_at
from condatui.session import Session
from condatui.view_models.cleanup.choice import ChoiceSum
from condatui.view_models.cleanup.rows import CleanupRow, choosable, choosable_together
from condatui.view_models.format import short_bytes
from condatui.widgets.input_bars import PromptBar
from condatui_core.analyses.cleanup.goal import in_spite_of_use
from condatui_core.errors import CondatuiError
from condatui_core.records.cleanup import CleanupCandidate
from condatui_core.text import parse_bytes, sanitize

if TYPE_CHECKING:
    from condatui_core.disk.cleanup import CleanupSurvey


_RESTED = 0.3
"""Seconds that a choice rests before what its restore points keep is looked at: a look cannot be cancelled."""


class CleanupChoiceScreen(PromptingPlace):
    """A place in which candidates are chosen, one by one or by a goal."""

    prompt_help = "enter choose  esc leave it  20G, 500 MB; without a size there is no goal"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.rows: tuple[CleanupRow, ...] = ()
        """The rows in their order."""
        self.chosen: frozenset[str] = frozenset()
        """The keys of the chosen candidates."""
        self.total: ChoiceSum | None = None
        """What the choice comes to; None while that is computed or not measured."""
        self.goal = 0
        """The bytes that the user wants to become free; 0 if they have not said."""
        self.why_short = ""
        """Why the goal is out of reach, printable: too long for the status line, so the details say it in full."""
        self._by_goal: frozenset[str] = frozenset()
        """The keys of what the goal has chosen, and not the user."""
        self._summed: tuple[frozenset[str], object] = (frozenset(), None)
        """The choice, and what was found when it was made, that `total` is of, or will be."""
        self._kept: tuple[object, dict[str, int]] = (None, {})
        """What was found, and of that by key what the restore points of those keep that were looked at closely."""
        self.touched = False
        """Whether the user has pressed a key here: until then, the cursor stays at the top while rows come."""
        self.lasting = ""
        """What has come of something that took a while: it stays in the status line until the next key."""

    def on_key(self) -> None:
        """Put away what has come of something."""
        self.touched = True
        self._forget()

    @on(ScreenSuspend)
    def _forget(self) -> None:
        if self.lasting:
            self.lasting = ""
            self.draw_bottom()

    def show_chosen(self) -> None:
        """Show in the rows what is chosen."""
        raise NotImplementedError

    @property
    def _survey(self) -> CleanupSurvey | None:
        """What was found last, if the disk is measured."""
        found = self.session.cleanup
        return found.measured if found else None

    @property
    def candidates(self) -> tuple[CleanupCandidate, ...]:
        """What could go, in the order of the rows."""
        return tuple(row.candidate for row in self.rows if row.candidate)

    @property
    def chosen_candidates(self) -> tuple[CleanupCandidate, ...]:
        """What is chosen, in the order of the rows."""
        return tuple(each for each in self.candidates if each.key in self.chosen)

    def choose(self, keys: frozenset[str]) -> None:
        """Choose these candidates and no others."""
        self.chosen = keys
        self.show_chosen()
        self.add_up()
        self.say("")

    def action_choose_all(self) -> None:
        """Choose all that can be chosen; if all are chosen, none."""
        every = choosable_together(self.rows)
        self.choose(frozenset() if every <= self.chosen else every)

    # What the choice comes to

    def add_up(self) -> None:
        """Add up what is chosen, if that or the measurement has changed."""
        wanted = (self.chosen, self._survey)
        if wanted[0] == self._summed[0] and wanted[1] is self._summed[1]:
            return
        self._summed, self.total = wanted, None
        if wanted[1] is not None and self.chosen:
            self._add_up(self.chosen_candidates, wanted[1])

    @work(group="sum", exclusive=True, exit_on_error=False, description="add up the choice")
    async def _add_up(self, chosen: Sequence[CleanupCandidate], survey: CleanupSurvey) -> None:
        """Say at once what the records tell of the restore points, and then what the plan will say of them."""
        summed = self._summed
        if self._kept[0] is not survey:
            self._kept = (survey, {})
        kept = self._kept[1]
        self._show_total(summed, await asyncio.to_thread(sum_of, chosen, survey, kept))
        if looking := to_look_at(chosen, survey, kept):
            await asyncio.sleep(_RESTED)
        for each in looking:
            with suppress(CondatuiError):  # then the plan cannot say it either
                kept[each.key] = await self.session.workbench.kept_bytes(each)
        self._show_total(summed, await asyncio.to_thread(sum_of, chosen, survey, kept))

    def _show_total(self, summed: tuple[frozenset[str], object], total: ChoiceSum) -> None:
        if summed is self._summed and total != self.total:
            self.total = total
            self.draw_bottom()

    # The goal

    def action_goal(self) -> None:
        """Ask how much must become free."""
        self.ask("free at least", short_bytes(self.goal).replace(" ", "") if self.goal else "")

    @on(PromptBar.PromptAnswered)
    def _take_goal(self, event: PromptBar.PromptAnswered) -> None:
        try:
            goal = parse_bytes(event.text) if event.text.strip() else 0
        except CondatuiError as error:
            self.refuse(error.title)
            return
        self.goal, self.why_short = goal, ""
        self.show_chosen()
        self.close_prompt()
        survey = self._survey
        if not goal:
            self.choose(self.chosen - self._by_goal)
            self._by_goal = frozenset()
        if goal and survey is None:
            self.say("The disk is not measured yet: what reaches the goal is known after that.")
        elif goal and survey is not None:
            self.say(f"Looking for what frees {short_bytes(goal)}.")
            self._reach(goal, survey)

    @work(group="goal", exclusive=True, exit_on_error=False, description="choose what reaches the goal")
    async def _reach(self, goal: int, survey: CleanupSurvey) -> None:
        """Choose the least regrettable candidates that reach a goal, or say how far they get."""
        shown = {each.key: each for each in self.candidates}  # what a job works on is blocked there
        could = [shown.get(each.key, each) for each in survey.candidates]
        reached = await asyncio.to_thread(survey.reach, could, goal)
        if goal != self.goal:
            return
        by_hand = self.chosen - self._by_goal
        self.choose(frozenset(reached.chosen) & choosable(self.rows))
        self._by_goal = self.chosen - by_hand
        if reached.in_the_way:
            first, *others = reached.in_the_way
            said = f"{first[:1].upper()}{first[1:]}"
            self.why_short = sanitize(f"{said}: {'; '.join(others)}" if others else f"{said}.")
            self.show_chosen()
            self.say(self.why_short)
        elif spite := in_spite_of_use(reached):
            self.say(sanitize(f"{spite[:1].upper()}{spite[1:]}."))
