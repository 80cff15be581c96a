"""What can be done in place 3 with a group of alike environments: compare, merge, another keeper, another threshold."""

from __future__ import annotations

from condatui.messages import ComparisonProposed, RequestProposed
from condatui.screens.cleanup_choice import CleanupChoiceScreen
from condatui.session import Session
from condatui.view_models.cleanup.choice import threshold_words
from condatui.view_models.cleanup.rows import CleanupRow
from condatui_core.records.comparison import MOST_COLUMNS
from condatui_core.records.request import MergeRequest
from condatui_core.text import sanitize


class CleanupGroupsScreen(CleanupChoiceScreen):
    """A place whose rows are groups of alike environments, among others."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._new_keeper = ""
        """The prefix of the environment that the user has just made a keeper, until its group is known."""
        self._tells_threshold = False
        """Whether the threshold is what was said last."""

    @property
    def current(self) -> CleanupRow | None:
        """The row under the cursor."""
        raise NotImplementedError

    def tell_groups(self) -> None:
        """Say what has become of the last key that changed the groups."""
        self._see_new_keeper()
        if self._tells_threshold:
            self._tell_threshold()

    def say(self, notice: str) -> None:
        """Show in the status line what a key has done."""
        self._tells_threshold = False
        super().say(notice)

    def action_compare(self) -> None:
        """Put the keeper and the member under the cursor side by side; on the keeper, its whole group."""
        row = self.current
        if row and row.group:
            members = (row.member,) if row.member else row.group.members
            shown, left = members[: MOST_COLUMNS - 1], len(members[MOST_COLUMNS - 1 :])
            left_out = f"{left} more of the group are left out: {MOST_COLUMNS} are compared at most." if left else ""
            self.post_message(ComparisonProposed((row.group.keeper, *(each.prefix for each in shown)), left_out))

    def action_merge(self) -> None:
        """Propose to merge the member under the cursor into a clone of its keeper."""
        row = self.current
        if row and row.group and row.member:
            self.post_message(RequestProposed(MergeRequest(keeper=row.group.keeper, member=row.member.prefix)))

    def action_keeper(self) -> None:
        """Let the environment under the cursor be the keeper of its group, or undo that."""
        row = self.current
        if row and row.group:
            self._new_keeper = row.key
            options = self.session.cleanup_options
            self.session.choose_cleanup(options.with_keeper(row.key, row.group))

    def action_threshold(self, steps: int) -> None:
        """Count environments as alike from another similarity on, so many percent higher."""
        self.session.choose_cleanup(self.session.cleanup_options.with_threshold(steps))
        self._tell_threshold()

    def _tell_threshold(self) -> None:
        """Say from which similarity on environments count as alike, until something else is said."""
        session = self.session
        self.say(threshold_words(session.cleanup_options.threshold, session.cleanup, session.glyphs))
        self._tells_threshold = True

    def _see_new_keeper(self) -> None:
        """Undo the choice of a keeper to which no other environment would go: it would have no row to undo it in."""
        found, prefix, options = self.session.cleanup, self._new_keeper, self.session.cleanup_options
        if not prefix or found is None or found.options != options:
            return
        self._new_keeper = ""
        if prefix in options.keepers and not any(group.keeper == prefix for group in found.groups):
            self.session.choose_cleanup(options.without_keeper(prefix))
            name = self.session.names.get(prefix, prefix)
            self.lasting = f"{sanitize(name)} cannot be the keeper: nothing else could go to it."
            self.draw_bottom()
