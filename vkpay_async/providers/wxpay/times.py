"""Times as API v3 writes them: RFC 3339 with Beijing's offset."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

BEIJING = timezone(timedelta(hours=8))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def rfc3339(ms: int) -> str:
    """``2018-06-08T10:34:56+08:00``: whole seconds, the rest is cut off."""
    return (_EPOCH + ms * _MILLISECOND).astimezone(BEIJING).isoformat(timespec="seconds")


@lru_cache(maxsize=256)  # what is paid within one second is told of with one text
def ms_from_rfc3339(text: str | None) -> int | None:
    """Milliseconds since the epoch; ``None`` for nothing, or for a text that is no time.

    A payment must not be lost over the spelling of its time, so a strange one is left to ``raw``.
    """
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return ms_of(time if time.tzinfo else time.replace(tzinfo=BEIJING))


def ms_from_seconds(text: str) -> int:
    """Milliseconds of a header's seconds. Raises ``ValueError`` for anything but up to twelve plain digits."""
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise ValueError(f"not seconds: {text[:20]!r}")
    return int(text) * 1000


def ms_of(time: datetime) -> int:
    """Milliseconds since the epoch of an aware time."""
    return (time - _EPOCH) // _MILLISECOND
