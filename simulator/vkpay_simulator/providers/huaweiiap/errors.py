"""The codes of IAP Kit's server API. Their texts are not published: these are the simulator's."""

from __future__ import annotations

import msgspec

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

NOT_ACTIVATED, FAILED, NOT_OWNED = "1001880005", "1001880006", "1001880008"
NOT_FOUND, SHIPPED_BEFORE = "1001880012", "1001880020"

MESSAGES = {
    NOT_ACTIVATED: "IAP is not activated.",
    FAILED: "System error.",
    NOT_OWNED: "The product is not owned by the user.",
    "1001880009": "The product has been consumed or acknowledged.",
    "1001880010": "The operation is of high risk.",
    "1001880011": "The user account is invalid.",
    NOT_FOUND: "The record does not exist.",
    SHIPPED_BEFORE: "The delivery was confirmed before.",
}
UNAUTHENTICATED = "401"
CODES = frozenset(MESSAGES) | {UNAUTHENTICATED}


class IapError(Exception):
    """A refusal. ``advice`` is for the journal."""

    def __init__(self, code: str, advice: str) -> None:
        super().__init__(advice)
        self.code = code
        self.advice = advice
