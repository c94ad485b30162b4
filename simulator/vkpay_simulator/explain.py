"""Why something was rejected, in plain English, for the journal."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from vkpay_simulator.delivery import Attempt, Delivery
from vkpay_simulator.exchange import Answer

SHOWN_BYTES = 200
_BY_STATUS = {
    401: "The provider could not verify who sent this: check the signature, the key and the clock.",
    413: "The body is larger than the simulator takes (8 MiB).",
    429: "The provider asks to slow down.",
}


def of_answer(answer: Answer, faults: Sequence[str]) -> str:
    """The provider's explanation if it gives one, else the beginning of what it said."""
    if answer.explain:
        return answer.explain
    if faults:
        return f"Made by a fault that was asked for: {', '.join(faults)}."
    if answer.status in _BY_STATUS:
        return _BY_STATUS[answer.status]
    return answer.body[:SHOWN_BYTES].decode(errors="replace") if answer.status >= 400 else ""


def of_unknown(method: str, path: str, known: Sequence[tuple[str, str]]) -> str:
    """No route took the request. ``known`` holds (method, path) of every route."""
    methods = sorted({other for other, pattern in known if pattern == path})
    if methods:
        return f"{path} takes {' and '.join(methods)}, not {method}."
    near = get_close_matches(path, sorted({pattern for _, pattern in known}), n=1)
    return f"There is no {path} here." + (f" Did you mean {near[0]}?" if near else "")


def of_attempt(delivery: Delivery, attempt: Attempt) -> str:
    if attempt.accepted:
        return ""
    if attempt.status is None:
        return attempt.error
    if 300 <= attempt.status < 400:
        return f"The receiver redirects ({attempt.status}); a provider does not follow. Register the final address."
    said = f"{attempt.reply[:80]!r}" if attempt.reply else "an empty body"
    return (
        f"The receiver answered {attempt.status} with {said}, which {delivery.provider} takes for a refusal."
    )
