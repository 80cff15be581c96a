"""Makes a slimmed copy: a clone, of which what a service does not need is deleted, and which is proven then."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection
from functools import partial

from msgspec.structs import replace

from condatui_core.actions.amended_records import amend_record_files, amend_records
from condatui_core.actions.clone.perform import make_clone
from condatui_core.actions.guards import refuse
from condatui_core.actions.incomplete_marker import mark_complete, sync_made
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.actions.slim.facts import SlimFacts, read_facts
from condatui_core.actions.slim.leave_out import leave_out
from condatui_core.actions.slim.plan import plan_of
from condatui_core.actions.slim.proof import prove
from condatui_core.analyses.slimming.classes import CLASSES
from condatui_core.analyses.slimming.going import came_with_the_copy, weights
from condatui_core.conda.registry import unregister
from condatui_core.disk.slimming import slim_files
from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.fs.held_tree import HeldTree, Identity
from condatui_core.fs.safe_read import reason
from condatui_core.fs.tree import read_tree
from condatui_core.prefixes.probe import HALF_MADE
from condatui_core.prefixes.slimmed import NOTE, SlimmedNote, encode_note, read_note
from condatui_core.records.finding import Finding, finding
from condatui_core.records.job import ClassSizes, Outcome, Plan, PlannedSlimming
from condatui_core.records.request import SlimRequest
from condatui_core.records.slimming import SlimClass
from condatui_core.text import format_apart, format_bytes, sanitize

_TOLERATED, _LEAST = 0.01, 1 << 20
"""The part of the predicted bytes, and the bytes, by which a copy may differ before that is told."""


async def perform(plan: Plan, request: SlimRequest, context: JobContext, work: Work) -> Outcome:
    """Make the copy, delete from it what was chosen, and prove that it works; its source stays as it is.

    Raises RefusedError if something has changed since this was planned, CondatuiError if the copy could not be made or
    does not work: then it is gone again, or still marked as half-made.
    """
    facts = await read_facts(request, context)
    refuse((await work.in_thread(partial(plan_of, facts, context))).blockers)
    planned = plan.slimming or PlannedSlimming()
    if (planned.packages, planned.distributions) != (facts.going.packages, facts.going.distributions):
        raise RefusedError("What could be left out has changed since this was planned.", facts.name, "Plan it again.")
    return await _Slimming(facts, planned, context, work).run()


class _Slimming:
    """The making of one slimmed copy."""

    def __init__(self, facts: SlimFacts, planned: PlannedSlimming, context: JobContext, work: Work) -> None:
        self._facts = facts
        self._planned = planned
        self._context = context
        self._work = work
        self._target = facts.clone.target.prefix
        self._name = sanitize(os.path.basename(self._target))
        self._stays_environment = "conda-meta" not in facts.request.classes

    async def run(self) -> Outcome:
        """Go through all stages; after each failure, the copy is gone or still marked as incomplete."""
        work = self._work
        made = await make_clone(self._facts.clone, self._context, work, complete=False)
        if wrong := [each for each in made.findings if each.severity == "error"]:
            raise CondatuiError(wrong[0].message, "\n".join(wrong[0].evidence), wrong[0].remedy)
        try:
            await work.stage("leave-out", f"Leaving out of {self._name} what was chosen")
            identity = await work.in_thread(self._leave_out)
            await work.stage("prove", f"Importing what was requested in {self._name}")
            findings = await prove(self._facts, self._context, work)
            sizes = await work.in_thread(self._sizes)
            used = await work.in_thread(lambda: read_tree(self._target).exclusive_bytes)
            await work.in_thread(partial(sync_made, self._target, self._context.caller.home))
            await work.stage("complete", f"Taking the mark of what is half-made from {self._name}")
            await work.in_thread(partial(mark_complete, self._target, identity))
        except OSError as error:
            where = f"{error.filename or self._target}: {reason(error)}"
            raise CondatuiError(f"{self._name} could not be made.", sanitize(where)) from error
        return self._outcome(made, sizes, findings, used)

    def _leave_out(self) -> Identity:
        """Delete from the copy what was chosen, and note in it what it lacks; blocks."""
        facts, work = self._facts, self._work
        copied = slim_files(self._target, keep=facts.request.keep)
        came = {*came_with_the_copy(copied, facts.request.classes)} - {".", HALF_MADE}
        going = (facts.going.paths | came) - {".", HALF_MADE}
        brought: frozenset[SlimClass] = frozenset(copied.class_of[each] for each in came)
        with HeldTree(self._target) as tree:
            leave_out(tree, going, lambda done: work.progress(done, len(going), "files"), lambda: work.cancelled)
            if self._stays_environment:
                amend_records(tree, going)
                tree.replace(NOTE, encode_note(self._note(facts.going.classes | brought)))
            amend_record_files(tree, facts.records.contents.pip_distributions, going)
            identity = tree.identity
        if not self._stays_environment:
            unregister(self._context.caller.home, (self._target,))
        return identity

    def _note(self, classes: Collection[SlimClass]) -> SlimmedNote:
        """What the copy lacks, with the classes of which something really went; of a slimmed source, its own too."""
        before = read_note(self._facts.records.prefix)
        earlier = frozenset(before.classes) if before else frozenset()
        labels = tuple(each.label for each in CLASSES if each.name in classes or each.label in earlier)
        packages = (*(before.packages if before else ()), *self._planned.packages, *self._planned.distributions)
        return SlimmedNote(
            source=self._facts.records.prefix,
            classes=labels,
            packages=tuple(dict.fromkeys(packages)),
            at=self._context.clock(),
        )

    def _sizes(self) -> tuple[ClassSizes, ...]:
        """What each class really weighs in the copy; blocks. A file is in the class that it has in the source."""
        copied = slim_files(self._target)
        before_it = self._facts.slimmed.class_of if self._facts.slimmed else {}
        there = defaultdict(int, weights(replace(copied, class_of={**copied.class_of, **before_it}), copied.files))
        there["kept"] -= sum(each.size for each in copied.files if each.path == HALF_MADE)  # which goes in the end
        before = {each.name: each.before for each in self._planned.sizes}
        return tuple(
            ClassSizes(name=each.name, label=each.label, before=before.get(each.name, 0), after=there.get(each.name, 0))
            for each in CLASSES
            if each.name in before or there.get(each.name)
        )

    def _outcome(
        self, made: Outcome, sizes: tuple[ClassSizes, ...], findings: tuple[Finding, ...], used: int
    ) -> Outcome:
        before, after = sum(each.before for each in sizes), sum(each.after for each in sizes)
        # No percentage: what the copy really has may round to another one than the plan has said of the same bytes.
        whole, rest = format_apart(before, after)
        share = f" of the {whole} that {sanitize(self._facts.name)} has" if before >= after > 0 else ""
        return replace(
            made,
            message=f"{self._name} was made: {rest if share else format_bytes(after)} of contents{share}.",
            findings=(*made.findings, *findings, *_surprise(self._planned.after, after)),
            bytes_used=used,
            says_bytes=False,
            slimmed=sizes,
        )


def _surprise(predicted: int, real: int) -> tuple[Finding, ...]:
    if abs(real - predicted) <= max(_TOLERATED * predicted, _LEAST):
        return ()
    message = f"It was to have {format_bytes(predicted)} of contents, and has {format_bytes(real)}."
    return (finding("other-size", "note", message),)
