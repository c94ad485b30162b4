"""Douyin's times: Beijing's clock in texts, seconds in guaranteed payment, milliseconds in the trade system."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LATEST_MS = 4_102_444_800_000  # the year 2100: what is later is no time of ours


def ms_from_beijing(text: str | None) -> int | None:
    """Milliseconds of ``yyyy-MM-dd HH:mm:ss``; ``None`` for nothing, or for a text that is no time.

    A payment must not be lost over the spelling of its time, so a strange one is left to ``raw``.
    """
    try:
        time = datetime.fromisoformat(text or "").replace(tzinfo=BEIJING)
    except ValueError:
        return None
    return (time - _EPOCH) // _MILLISECOND


def ms_from_seconds(seconds: int | None) -> int | None:
    """Milliseconds of a count of seconds; 0 stands for "not yet"."""
    return ms_or_none(seconds * 1000) if seconds else None


def ms_or_none(ms: int | None) -> int | None:
    """A count of milliseconds, unless it is 0 or no time at all."""
    return ms if ms and 0 < ms < _LATEST_MS else None
