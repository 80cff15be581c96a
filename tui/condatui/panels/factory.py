"""What opens when a key asks for an action."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from condatui.actions.context import ActionContext
from condatui.panels.action_panel import ActionPanel
from condatui.panels.clone_form import CloneForm
from condatui.panels.forms import ExportForm, FormPaths, PackForm
from condatui.session import Session
from condatui_core.errors import UsageError
from condatui_core.records.request import RemoveRequest, Request, RestoreRequest


def panel_for(what: str, session: Session, action_context: ActionContext) -> ActionPanel:
    """The form of an action, or the plan where nothing has to be asked; `what` is the id of the action."""
    where = FormPaths(session.workbench.locations.home, session.directory)
    if what == "clone":
        return ActionPanel(session, asking=CloneForm(session, action_context.current, where))
    if what == "remove":
        return ActionPanel(
            session, request=RemoveRequest(prefixes=tuple(each.prefix for each in action_context.chosen))
        )
    if what == "undo":
        return ActionPanel(session, finding=_last_removal(session))
    assert action_context.current is not None
    asking = ExportForm(action_context.current, where) if what == "export" else PackForm(action_context.current, where)
    return ActionPanel(session, asking=asking)


def panel_of(request: Request, session: Session, then: str = "") -> ActionPanel:
    """The plan of a request that needs no answers; `then` names what gets one of its own after it."""
    return ActionPanel(session, request=request, then=then)


def _last_removal(session: Session) -> Callable[[], Awaitable[Request]]:
    async def find() -> Request:
        points = await session.workbench.restore_points()
        gone = [point for point in points if not point.exists and not point.problem]
        if not gone:
            raise UsageError("There is no removal to undo: no restore point is left of anything that is not there.")
        return RestoreRequest(id=max(gone, key=lambda point: point.at).id)

    return find
