"""What could be stored once, as it is now."""

from __future__ import annotations

from condatui_core.actions.protocol import JobContext
from condatui_core.records.relinking import RelinkSurvey
from condatui_core.records.request import RelinkRequest


async def read_survey(request: RelinkRequest, context: JobContext) -> RelinkSurvey:  # noqa: ARG001 - until there is a finder
    """Find the files that the request would store once, without reading what their records tell."""
    return RelinkSurvey()
