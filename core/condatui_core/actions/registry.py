"""The table of actions: an explicit row for each request; an action is imported when it is first needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from condatui_core.actions.protocol import Action
from condatui_core.records.request import (
    CheckpointRequest,
    CleanRequest,
    CleanupRequest,
    CloneRequest,
    CreateRequest,
    ExportAllRequest,
    ExportRequest,
    ForgetRequest,
    KernelsRequest,
    LeftoversRequest,
    MergeRequest,
    PackRequest,
    RelinkRequest,
    RemoveRequest,
    Request,
    RestoreRequest,
    RollbackRequest,
    SeparateRequest,
    SeveralRequest,
    ShipRequest,
    SlimRequest,
    UnpackRequest,
    UpdateRequest,
)


def find_action(request: Request) -> Action[Any]:
    """Import the action for a request; call it in a thread, since the import may take a while."""
    return ACTIONS[type(request)]()


def _checkpoint() -> Action[CheckpointRequest]:
    from condatui_core.actions import keep_point  # noqa: PLC0415 - a row imports only its action

    return Action(keep_point.plan, keep_point.perform, keep_point.recover)


def _clean() -> Action[CleanRequest]:
    from condatui_core.actions.clean import perform, plan, recover  # noqa: PLC0415 - as above

    return Action(plan.plan, perform.perform, recover.recover)


def _cleanup() -> Action[CleanupRequest]:
    from condatui_core.actions.cleanup import perform, plan, recover  # noqa: PLC0415 - as above

    return Action(
        partial(plan.plan, find_action=find_action),
        partial(perform.perform, find_action=find_action),
        partial(recover.recover, find_action=find_action),
    )


def _clone() -> Action[CloneRequest]:
    from condatui_core.actions.clone import perform, plan, recover  # noqa: PLC0415 - as above

    return Action(plan.plan, perform.perform, recover.recover)


def _create() -> Action[CreateRequest]:
    from condatui_core.actions.create import perform, plan, recover  # noqa: PLC0415 - as above

    return Action(plan.plan, perform.perform, recover.recover)


def _export() -> Action[ExportRequest]:
    from condatui_core.actions.export import one_file  # noqa: PLC0415 - as above

    return Action(one_file.plan, one_file.perform, one_file.recover)


def _export_all() -> Action[ExportAllRequest]:
    from condatui_core.actions.export import directory  # noqa: PLC0415 - as above

    return Action(directory.plan, directory.perform, directory.recover)


def _forget() -> Action[ForgetRequest]:
    from condatui_core.actions import forget  # noqa: PLC0415 - as above

    return Action(forget.plan, forget.perform, forget.recover)


def _leftovers() -> Action[LeftoversRequest]:
    from condatui_core.actions.leftovers import perform, plan, recover  # noqa: PLC0415 - as above

    return Action(plan.plan, perform.perform, recover.recover)


def _merge() -> Action[MergeRequest]:
    from condatui_core.actions.merge import perform, plan, recover  # noqa: PLC0415 - as above

    return Action(plan.plan, perform.perform, recover.recover)


def _kernels() -> Action[KernelsRequest]:
    from condatui_core.actions import kernels  # noqa: PLC0415 - as above

    return Action(kernels.plan, kernels.perform, kernels.recover)


def _pack() -> Action[PackRequest]:
    from condatui_core.actions.pack import perform, plan, recover  # noqa: PLC0415 - as above

    return Action(plan.plan, perform.perform, recover.recover)


def _relink() -> Action[RelinkRequest]:
    from condatui_core.actions.relink import perform, plan, recover  # noqa: PLC0415 - as above

    return Action(plan.plan, perform.perform, recover.recover)


def _remove() -> Action[RemoveRequest]:
    from condatui_core.actions.remove import perform, plan, recover  # noqa: PLC0415 - as above

    return Action(plan.plan, perform.perform, recover.recover)


def _restore() -> Action[RestoreRequest]:
    from condatui_core.actions.restore import perform, plan, recover  # noqa: PLC0415 - as above

    return Action(plan.plan, perform.perform, recover.recover)


def _rollback() -> Action[RollbackRequest]:
    from condatui_core.actions.rollback import perform, plan, recover  # noqa: PLC0415 - as above

    return Action(plan.plan, perform.perform, recover.recover)


def _separate() -> Action[SeparateRequest]:
    from condatui_core.actions.separate import perform, plan, recover  # noqa: PLC0415 - as above

    return Action(plan.plan, perform.perform, recover.recover)


def _several() -> Action[SeveralRequest]:
    from condatui_core.actions import several  # noqa: PLC0415 - as above

    return Action(
        partial(several.plan, find_action=find_action),
        partial(several.perform, find_action=find_action),
        partial(several.recover, find_action=find_action),
    )


def _slim() -> Action[SlimRequest]:
    from condatui_core.actions.slim import perform, plan, recover  # noqa: PLC0415 - as above

    return Action(plan.plan, perform.perform, recover.recover)


def _ship() -> Action[ShipRequest]:
    from condatui_core.actions.ship import perform, plan, recover  # noqa: PLC0415 - as above

    return Action(plan.plan, perform.perform, recover.recover)


def _unpack() -> Action[UnpackRequest]:
    from condatui_core.actions.unpack import perform, plan, recover  # noqa: PLC0415 - as above

    return Action(plan.plan, perform.perform, recover.recover)


def _update() -> Action[UpdateRequest]:
    from condatui_core.actions.update import perform, plan, recover  # noqa: PLC0415 - as above

    return Action(plan.plan, perform.perform, recover.recover)


ACTIONS: Mapping[type[Request], Callable[[], Action[Any]]] = {
    CheckpointRequest: _checkpoint,
    CleanRequest: _clean,
    CleanupRequest: _cleanup,
    CloneRequest: _clone,
    CreateRequest: _create,
    ExportAllRequest: _export_all,
    ExportRequest: _export,
    ForgetRequest: _forget,
    LeftoversRequest: _leftovers,
    MergeRequest: _merge,
    KernelsRequest: _kernels,
    PackRequest: _pack,
    RelinkRequest: _relink,
    RemoveRequest: _remove,
    RestoreRequest: _restore,
    RollbackRequest: _rollback,
    SeparateRequest: _separate,
    SeveralRequest: _several,
    ShipRequest: _ship,
    SlimRequest: _slim,
    UnpackRequest: _unpack,
    UpdateRequest: _update,
}
"""Every action by the type of its request; a test checks that no request is missing."""
