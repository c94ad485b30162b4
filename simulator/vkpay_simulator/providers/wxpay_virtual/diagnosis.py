"""Why a signature does not hold: what merchants are known to sign instead."""

from __future__ import annotations

import json
from collections.abc import Iterator

from vkpay_simulator.exchange import Request
from vkpay_simulator.providers.wxpay_virtual import signing
from vkpay_simulator.providers.wxpay_virtual.accounts import App

_LAYOUTS = ((",", ":"), (", ", ": "))


def wrong_pay_sig(given: str, app: App, env: int, request: Request) -> str:
    """One sentence for the journal."""
    right = signing.pay_sig(app.app_keys[env], request.path, request.body)
    key, uri, body = app.app_keys[env], request.path, request.body
    if given.lower() == right:
        return "pay_sig is right but for its case: send lower-case hex."
    known = [
        (
            f"it was made with the AppKey of env {1 - env}, and the request says env {env}",
            (app.app_keys[1 - env], uri, body),
        ),
        ("the query was signed too: sign the path alone", (key, request.target, body)),
        ("the path was signed without its slash", (key, uri.lstrip("/"), body)),
        ("scheme and host were signed too: sign the path alone", (key, request.origin + uri, body)),
        ("the uri of the client's call was signed: sign the path", (key, signing.CLIENT_URI, body)),
        *(
            ("the JSON was written again: sign the bytes that are sent", (key, uri, other))
            for other in _rewritten(body)
        ),
    ]
    for advice, signed in known:
        if given == signing.pay_sig(*signed):
            return f"pay_sig does not hold: {advice}."
    return f"pay_sig does not hold: it is HMAC-SHA256 of {uri}&body under the AppKey of env {env}, in lower-case hex."


def wrong_signature(given: str, session_key: str, app: App, request: Request) -> str:
    """One sentence for the journal."""
    if given.lower() == signing.user_signature(session_key, request.body):
        return "signature is right but for its case: send lower-case hex."
    if given == signing.pay_sig(session_key, request.path, request.body):
        return "signature does not hold: the path was signed too: sign the body alone."
    if any(given == signing.user_signature(session_key, other) for other in _rewritten(request.body)):
        return "signature does not hold: the JSON was written again: sign the bytes that are sent."
    return (
        "signature does not hold: it is HMAC-SHA256 of the body under the session_key as text, not decoded; "
        f"each login to {app.appid} makes another."
    )


def _rewritten(body: bytes) -> Iterator[bytes]:
    """The same JSON in the layouts of common encoders."""
    value = json.loads(body)
    for separators in _LAYOUTS:
        for ascii_only in (True, False):
            text = json.dumps(value, separators=separators, ensure_ascii=ascii_only)
            if (other := text.encode(errors="replace")) != body:
                yield other
