"""Makes the panel that a key opens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from condatui.actions.context import ActionContext
from condatui.panels.action_panel import ActionPanel
from condatui.panels.clone_form import BaselineForm, CloneForm, file_form
from condatui.panels.forms import ActionForm, ExportAllForm, ExportForm, FormPaths, OneOfForm
from condatui.panels.pack_form import PackAllForm, PackForm
from condatui.panels.ship_form import ShipForm
from condatui.panels.slim_form import SlimForm
from condatui.session import Session
from condatui.view_models.plan import Facts
from condatui_core.records.environment import Environment
from condatui_core.records.request import (
    CheckpointRequest,
    RelinkRequest,
    RemoveRequest,
    Request,
    RollbackRequest,
    SeparateRequest,
    UpdateRequest,
)
from condatui_core.text import sanitize

if TYPE_CHECKING:
    from condatui_core.analyses.baseline_proposal import BaselineProposal


async def panel_for(action: str, session: Session, action_context: ActionContext) -> ActionPanel:
    """The panel of an action: its form, or its plan if it needs no answers."""
    paths = FormPaths(session.workbench.locations.home, session.directory)
    if action == "clone":
        return ActionPanel(
            session, form=CloneForm(session, action_context.candidates, paths), note=_hidden_marks(action_context)
        )
    if action == "create":
        return ActionPanel(session, form=await file_form(session, paths))
    if request := _request_for(action, action_context):
        return ActionPanel(session, request=request, note=_hidden_marks(action_context))
    if find := _request_to_find(action, session, action_context):
        return ActionPanel(session, find_request=find)
    if action in ("export", "pack"):
        panel_of = _export_panel if action == "export" else _pack_panel
        return panel_of(session, action_context, paths)
    return ActionPanel(
        session, form=_form_of_one(action, session, action_context, paths), note=_hidden_marks(action_context)
    )


def _form_of_one(action: str, session: Session, action_context: ActionContext, paths: FormPaths) -> ActionForm:
    """The form of an action that is done to one environment; where several are marked, it asks to which."""

    def form_of(environment: Environment) -> ActionForm:
        if action == "ship":
            return ShipForm(environment, paths)
        used = action_context.usage if environment is action_context.current else None
        return SlimForm(session, environment, paths, used)

    candidates = [each for each in action_context.candidates if each.readable]
    return form_of(candidates[0]) if len(candidates) == 1 else OneOfForm(candidates, form_of)


def _pack_panel(session: Session, action_context: ActionContext, paths: FormPaths) -> ActionPanel:
    """The form for the environment that is chosen, or for all that are."""
    if len(action_context.chosen) == 1:
        form = PackForm(action_context.chosen[0], paths)
        return ActionPanel(session, form=form, note=_hidden_marks(action_context))
    readable = [each for each in action_context.chosen if each.readable]
    lines = (_hidden_marks(action_context), _left_out(action_context, readable))
    return ActionPanel(session, form=PackAllForm(readable, paths), note="\n".join(filter(None, lines)))


def _request_for(action: str, action_context: ActionContext) -> Request | None:
    """The request of an action that needs no answers, for all that is chosen; None for any other."""
    if action == "follow":
        return _following(action_context)
    if action == "separate":
        assert action_context.current is not None  # otherwise the palette says so
        return SeparateRequest(prefix=action_context.current.prefix)
    if action == "relink":
        return RelinkRequest()
    prefixes = tuple(each.prefix for each in action_context.chosen)
    if action == "remove":
        return RemoveRequest(prefixes=prefixes)
    return CheckpointRequest(prefixes=prefixes) if action == "checkpoint" else None


def _export_panel(session: Session, action_context: ActionContext, paths: FormPaths) -> ActionPanel:
    """The form for the environment that is chosen, or for all that are."""
    if len(action_context.chosen) == 1:
        form = ExportForm(action_context.chosen[0], paths)
        return ActionPanel(session, form=form, note=_hidden_marks(action_context))
    whole = [each for each in action_context.chosen if each.state == "ok"]
    lines = (_hidden_marks(action_context), _left_out(action_context, whole))
    return ActionPanel(session, form=ExportAllForm(whole, paths), note="\n".join(filter(None, lines)))


def _left_out(action_context: ActionContext, taken: Sequence[Environment]) -> str:
    """Names the chosen environments to which it is not done; empty if it is done to all."""
    broken = [f"{sanitize(each.name)} ({each.state})" for each in action_context.chosen if each not in taken]
    return f"Marked, but left out: {', '.join(broken)}" if broken else ""


def _following(action_context: ActionContext) -> UpdateRequest:
    """The request that brings what is chosen to the baseline; the baseline itself may be among what is marked."""
    baseline = action_context.inventory.baseline
    assert baseline is not None  # otherwise the key says that there is none
    others = tuple(each.prefix for each in action_context.chosen if each.prefix != baseline.prefix)
    return UpdateRequest(prefixes=others, like=baseline.prefix)


def _hidden_marks(action_context: ActionContext) -> str:
    """Names the chosen environments that are not on the screen; empty if all are."""
    names = [sanitize(each.name) for each in action_context.chosen if each.prefix in action_context.hidden]
    return f"Marked, but not on the screen, as the filter hides it: {', '.join(names)}" if names else ""


def plan_panel(request: Request, session: Session, about: Facts = ()) -> ActionPanel:
    """The panel with the plan of a request; `about` says why each of what it is for was chosen."""
    return ActionPanel(session, request=request, about=about)


def baseline_panel(proposal: BaselineProposal, session: Session) -> ActionPanel:
    """The panel that asks under which name a proposed baseline is made, and then shows the plan."""
    paths = FormPaths(session.workbench.locations.home, session.directory)
    return ActionPanel(session, form=BaselineForm(session, paths, proposal))


def _request_to_find(
    action: str, session: Session, action_context: ActionContext
) -> Callable[[], Awaitable[Request]] | None:
    """What finds out the request of an action that goes back; None for any other."""

    async def undo() -> Request:
        current = action_context.current
        return await session.workbench.undo_of_last_change(None if current and current.host else current)

    async def roll_back() -> Request:
        current, number = action_context.current, action_context.revision
        assert current is not None  # otherwise the key says so
        if number is not None:
            return RollbackRequest(prefix=current.prefix, revision=number)
        return await session.workbench.before_last_change(current)

    return {"undo": undo, "rollback": roll_back}.get(action)
