"""Times that others have stated: in files of any origin, on disks that keep any number as a time."""

from __future__ import annotations

from datetime import datetime, timezone

_FIRST = datetime(1970, 1, 1, tzinfo=timezone.utc)
_END = datetime(2200, 1, 1, tzinfo=timezone.utc)
"""At the ends of the calendar no time can be told in another zone, and no environment is of such a time."""


def credible(at: datetime | None) -> datetime | None:
    """A time with its zone, UTC if none is stated; None for one before 1970 or from 2200 on, which is a mistake."""
    if at is None:
        return None
    zoned = at if at.tzinfo else at.replace(tzinfo=timezone.utc)
    return zoned if _FIRST <= zoned < _END else None


def from_seconds(seconds: float) -> datetime | None:
    """A time in UTC by its seconds since 1970; None for what is not credible."""
    try:
        return credible(datetime.fromtimestamp(seconds, timezone.utc))
    except (ValueError, OverflowError, OSError):
        return None
