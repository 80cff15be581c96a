"""The places of the workbench, each imported and made at the first visit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from condatui.screens.environments import EnvironmentsScreen
from condatui.screens.place import PlaceScreen
from condatui.session import Session


def _compare(session: Session) -> PlaceScreen:
    from condatui.screens.compare import CompareScreen  # noqa: PLC0415 - imported at the first visit

    return CompareScreen(session)


def _cleanup(session: Session) -> PlaceScreen:
    from condatui.screens.cleanup import CleanupScreen  # noqa: PLC0415 - imported at the first visit

    return CleanupScreen(session)


def _jobs(session: Session) -> PlaceScreen:
    from condatui.screens.jobs import JobsScreen  # noqa: PLC0415 - imported at the first visit

    return JobsScreen(session)


def _restore(session: Session) -> PlaceScreen:
    from condatui.screens.restore import RestoreScreen  # noqa: PLC0415 - imported at the first visit

    return RestoreScreen(session)


def _failure(session: Session) -> PlaceScreen:
    from condatui.screens.failure import FailureScreen  # noqa: PLC0415 - imported at the first failure

    return FailureScreen(session)


FAILURE = "failure"
"""The place that is shown instead of one that has failed; no key goes there."""

PLACES: Mapping[str, Callable[[Session], PlaceScreen]] = MappingProxyType(
    {
        "environments": EnvironmentsScreen,
        "compare": _compare,
        "cleanup": _cleanup,
        "jobs": _jobs,
        "restore": _restore,
        FAILURE: _failure,
    }
)
"""What makes the screen of each place, by the id of its action without `place.`."""
