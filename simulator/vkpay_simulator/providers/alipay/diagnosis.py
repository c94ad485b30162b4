"""What was signed instead, told from what does verify: for the journal, in plain English."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from vkpay_simulator.providers.alipay.accounts import App
from vkpay_simulator.providers.alipay.parameters import Parameters
from vkpay_simulator.providers.alipay.signing import (
    HASHES,
    joined,
    notification_string,
    request_string,
    verified,
)
from vkpay_simulator.redact import redact

SHOWN_CHARACTERS = 2000
UNKNOWN_CAUSE = (
    "Compare that string with the one you signed, character by character, then check that the private key is "
    "this app's own."
)


def why_unverified(app: App, params: Parameters, apps: Iterable[App]) -> str:
    """The mistake behind a signature that does not verify, if it is a known one, and the string to compare."""
    cause = _spaces(params) or _other_text(app, params) or _other_hash(app, params)
    cause = cause or _other_key(app, params, apps) or UNKNOWN_CAUSE
    return (
        f"The signature does not verify with the public key of app {app.app_id}. {cause} "
        f"The gateway verified this: {redact(request_string(params.values))[:SHOWN_CHARACTERS]}"
    )


def _spaces(params: Parameters) -> str:
    if " " not in params.get("sign"):
        return ""
    return "sign came with spaces in it: percent-encode its + signs."


def _other_text(app: App, params: Parameters) -> str:
    signature = params.get("sign")
    texts = (
        told
        for data, told in _other_texts(params)
        if verified(app.public_key, data, signature, app.sign_type)
    )
    return next(texts, "")


def _other_texts(params: Parameters) -> Iterator[tuple[bytes, str]]:
    kept = {name: value for name, value in params.values.items() if name != "sign" and value}
    yield (
        params.encoded(notification_string(kept)),
        "sign_type was left out of the signed string: only notifications leave it out.",
    )
    yield (
        params.encoded("&".join(f"{name}={value}" for name, value in kept.items())),
        "The parameters were signed in the order they were sent in: sort them by name.",
    )
    for encode in (quote, quote_plus):
        yield (
            params.encoded(joined((name, encode(value, safe="")) for name, value in kept.items())),
            "The values were percent-encoded before they were signed: sign the raw ones.",
        )
    for codec in ("utf-8", "gbk"):
        yield (
            joined(kept.items()).encode(codec, "replace"),
            f"The bytes were signed in {codec}, and charset says {params.charset}: use one of them for both.",
        )


def _other_hash(app: App, params: Parameters) -> str:
    data, signature = params.encoded(request_string(params.values)), params.get("sign")
    for sign_type in HASHES:
        if verified(app.public_key, data, signature, sign_type):
            return f"It was made as {sign_type}, and sign_type says {app.sign_type}."
    return ""


def _other_key(app: App, params: Parameters, apps: Iterable[App]) -> str:
    data, signature = params.encoded(request_string(params.values)), params.get("sign")
    for other in apps:
        if verified(other.public_key, data, signature, app.sign_type):
            return f"It was made with the private key of app {other.app_id}: take the one of {app.app_id}."
    return ""
