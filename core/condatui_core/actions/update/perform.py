"""Updates environments one after the other, and stops at the first surprise."""

from __future__ import annotations

from collections.abc import Sequence

from condatui_core.actions.protocol import JobContext, Work
from condatui_core.actions.update.change import Changed, SpecsChange
from condatui_core.actions.update.plan import baseline_name
from condatui_core.errors import CondatuiError
from condatui_core.log import unexpected
from condatui_core.records.job import Outcome, Plan
from condatui_core.records.request import UpdateRequest
from condatui_core.text import counted, format_bytes, sanitize


async def perform(plan: Plan, request: UpdateRequest, context: JobContext, work: Work) -> Outcome:
    """Update each environment as planned; raises the error of the first one that fails, with what was done before.

    Those after it are not touched.
    """
    changed: list[Changed] = []
    for number, planned in enumerate(plan.updates):
        work.progress(number, len(plan.updates), "environments")
        if not planned.changes:
            continue
        try:
            changed.append(await SpecsChange(planned, request, context, work).carry_out())
        except Exception as error:
            if changed:
                raise _stopped(changed, planned.prefix, unexpected(error)) from error
            raise
    return _outcome(changed, baseline_name(request, context), request)


def _outcome(changed: Sequence[Changed], like: str, request: UpdateRequest) -> Outcome:
    how = "from" if request.file else "to be like"
    what = f"{sanitize(changed[0].name)} is" if len(changed) == 1 else f"{counted(len(changed), 'environment')} are"
    packages = counted(sum(each.packages for each in changed), "package")
    return Outcome(
        message=f"{what} updated {how} {like}: {packages}; {_way_back(changed)}.",
        bytes_used=sum(each.kept_bytes for each in changed),
        findings=tuple(found for each in changed for found in each.findings),
        restore_points=tuple(each.point for each in changed),
    )


def _way_back(changed: Sequence[Changed]) -> str:
    kept = format_bytes(sum(each.kept_bytes for each in changed))
    if len(changed) == 1:
        return f"restore point {changed[0].point} has it as it was, {kept}"
    return f"{counted(len(changed), 'restore point')} have them as they were, {kept}"


def _stopped(changed: Sequence[Changed], prefix: str, error: CondatuiError) -> CondatuiError:
    """The error with what was done before an environment could not be updated."""
    names = ", ".join(sanitize(each.name) for each in changed)
    done = f"{names} updated before; {_way_back(changed)}."
    return CondatuiError(f"{sanitize(prefix)}: {error.title}", f"{error.detail}\n{done}".strip(), error.advice)
