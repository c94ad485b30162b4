"""``byteAuthorization``: who signed the data of a ``tt.requestOrder``."""

from __future__ import annotations

import re
from typing import NamedTuple

from vkpay_simulator.providers.douyin.accounts import Accounts, App
from vkpay_simulator.providers.douyin.errors import CLIENT, Refusal
from vkpay_simulator.providers.douyin.signing import request_text, rsa_verified

SCHEME = "SHA256-RSA2048"
URI = "/requestOrder"
NAMES = frozenset({"appid", "nonce_str", "timestamp", "key_version", "signature"})
EXAMPLE = f"{SCHEME} appid=…,nonce_str=…,timestamp=…,key_version=…,signature=…"
PART = re.compile(r"(\w+)=([^,]*)", re.ASCII)
BAD_SIGNATURE = 11004


class Claim(NamedTuple):
    """What the text says of itself."""

    app_id: str
    nonce: str
    timestamp: str
    key_version: str
    signature: str


def authorised(accounts: Accounts, data: str, authorization: str) -> App:
    """The app whose key signed ``data``. Raises :class:`Refusal` with the mini program's code."""
    claim = _parsed(authorization)
    app = accounts.find(claim.app_id)
    if app is None:
        raise _no(
            f"No merchant here has the appid {claim.app_id!r}: take appId of GET /_sim/merchants/certs."
        )
    if app.keys is None:
        raise _no("The app uploaded no key: take the merchant certs, which is in the general trade system.")
    key = app.keys.versions.get(claim.key_version)
    if key is None:
        raise _no(f"key_version is {claim.key_version}: there are {', '.join(app.keys.versions)}.")
    body = data.encode(errors="replace")
    if not rsa_verified(key, _text(claim, body), claim.signature):
        raise _no(_cause(app, claim, body))
    return app


def _parsed(authorization: str) -> Claim:
    scheme, _, rest = authorization.partition(" ")
    found = dict(PART.findall(rest))
    if scheme != SCHEME or found.keys() != NAMES:
        raise _no(f"byteAuthorization looks like this: {EXAMPLE}.")
    if any(value.startswith('"') for value in found.values()):
        raise _no(f"The values stand without quotes here, unlike in a header: {EXAMPLE}.")
    return Claim(
        found["appid"], found["nonce_str"], found["timestamp"], found["key_version"], found["signature"]
    )


def _text(claim: Claim, body: bytes, uri: str = URI, method: str = "POST") -> bytes:
    return request_text(method, uri, claim.timestamp, claim.nonce, body)


def _cause(app: App, claim: Claim, body: bytes) -> str:
    assert app.keys is not None  # noqa: S101 - whoever calls has looked
    for version, key in app.keys.versions.items():
        if rsa_verified(key, _text(claim, body), claim.signature):
            return f"The signature was made with the key of version {version}, and key_version says {claim.key_version}."
    key = app.keys.versions[claim.key_version]
    for text, told in (
        (_text(claim, body)[:-1], "The last line feed is missing in the signed text."),
        (
            _text(claim, body, uri="requestOrder"),
            "The URI of the signed text begins with a slash: /requestOrder.",
        ),
        (_text(claim, body, method="GET"), "The method of the signed text is POST."),
        (_text(claim, b""), "The data was not signed."),
    ):
        if rsa_verified(key, text, claim.signature):
            return told
    return (
        "The signature does not verify: sign POST, /requestOrder, timestamp, nonce_str and the very text that is "
        "handed over as data, a line feed behind each, with appPrivateKey of GET /_sim/merchants/certs."
    )


def _no(why: str) -> Refusal:
    return Refusal(BAD_SIGNATURE, CLIENT[BAD_SIGNATURE], why=why)
