"""Times as Payment Kit writes them: ``2023-03-28T17:50:12.000+0800``; in bills ``2023/03/28 17:50:12``, in Beijing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def time_text(ms: int) -> str:
    """Milliseconds since the epoch, as a request has them."""
    moment = (_EPOCH + ms * _MILLISECOND).astimezone(BEIJING)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}+0800"


def ms_from_text(text: str | None) -> int | None:
    """Milliseconds since the epoch; ``None`` for nothing, or for a text that is no time.

    A payment must not be lost over the spelling of its time, so a strange one is left to ``raw``.
    """
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return ms_of(moment if moment.tzinfo else moment.replace(tzinfo=BEIJING))


def ms_from_bill(text: str) -> int:
    """Milliseconds of a bill's time. Raises ``ValueError``."""
    return ms_of(datetime.strptime(text, "%Y/%m/%d %H:%M:%S").replace(tzinfo=BEIJING))


def ms_of(moment: datetime) -> int:
    """Milliseconds since the epoch of an aware time."""
    return (moment - _EPOCH) // _MILLISECOND
