"""What opens when a key asks for an action."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from condatui.screens.acting import ActingPanel
from condatui.screens.asking import Where
from condatui.screens.asking_clone import AskingClone
from condatui.screens.asking_export import AskingExport
from condatui.screens.asking_pack import AskingPack
from condatui.screens.session import Session
from condatui.standing import Standing
from condatui_core.errors import UsageError
from condatui_core.records.request import RemoveRequest, Request, RestoreRequest


def panel_for(what: str, session: Session, standing: Standing) -> ActingPanel:
    """The form of an action, or the plan where nothing has to be asked; `what` is the id of the action."""
    where = Where(session.workbench.locations.home, session.directory)
    if what == "clone":
        return ActingPanel(session, asking=AskingClone(session, standing.current, where))
    if what == "remove":
        return ActingPanel(session, request=RemoveRequest(prefixes=tuple(each.prefix for each in standing.chosen)))
    if what == "undo":
        return ActingPanel(session, finding=_last_removal(session))
    assert standing.current is not None
    asking = AskingExport(standing.current, where) if what == "export" else AskingPack(standing.current, where)
    return ActingPanel(session, asking=asking)


def panel_of(request: Request, session: Session, then: str = "") -> ActingPanel:
    """The plan of a request that needs no answers; `then` names what gets one of its own after it."""
    return ActingPanel(session, request=request, then=then)


def _last_removal(session: Session) -> Callable[[], Awaitable[Request]]:
    async def find() -> Request:
        points = await session.workbench.jobs.restore_points()
        gone = [point for point in points if not point.exists and not point.problem]
        if not gone:
            raise UsageError("There is no removal to undo: no restore point is left of anything that is not there.")
        return RestoreRequest(id=max(gone, key=lambda point: point.at).id)

    return find
