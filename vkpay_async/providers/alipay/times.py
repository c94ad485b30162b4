"""Alipay's clock is Beijing's, whatever the zone of the host."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

BEIJING = timezone(timedelta(hours=8))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LENGTH = len("yyyy-MM-dd HH:mm:ss")
_MILLISECOND = timedelta(milliseconds=1)


def moment(ms: int) -> datetime:
    """Milliseconds since the epoch as an aware time, without a float on the way."""
    return _EPOCH + ms * _MILLISECOND


def beijing_text(ms: int) -> str:
    """``yyyy-MM-dd HH:mm:ss`` in Beijing."""
    return moment(ms).astimezone(BEIJING).isoformat(" ", "seconds")[:_LENGTH]


@lru_cache(maxsize=256)  # what is paid within one second is told of with one text
def ms_from_beijing(text: str | None) -> int | None:
    """Milliseconds since the epoch; ``None`` for nothing, or for a text that is no time.

    A payment must not be lost over the spelling of its time, so a strange one is left to ``raw``.
    """
    try:
        time = datetime.fromisoformat(text or "").replace(tzinfo=BEIJING)
    except ValueError:
        return None
    return (time - _EPOCH) // _MILLISECOND
