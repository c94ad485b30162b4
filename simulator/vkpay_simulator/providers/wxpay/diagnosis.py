"""Why a signature does not hold: what an RSA signature gives away about the text that was signed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from itertools import product
from urllib.parse import unquote

from vkpay_simulator.exchange import Request
from vkpay_simulator.providers.wxpay import signing
from vkpay_simulator.providers.wxpay.accounts import ApiCertificate
from vkpay_simulator.providers.wxpay.signing import Authorization
from vkpay_simulator.redact import redact

SHOWN = 1000
_SEPARATORS = ((",", ":"), (", ", ": "))


def signed_message(request: Request, given: Authorization) -> bytes:
    """What the caller has to have signed; the body line of a GET is empty."""
    body = b"" if request.method == "GET" else request.body
    return _message(given, request.method, request.target, body)


def diagnose(request: Request, given: Authorization, certificate: ApiCertificate) -> str:
    """One or two sentences for the journal, with the text that the server has built."""
    expected = signed_message(request, given)
    digest = signing.signed_digest(certificate.public, given.signature)
    return f"{_cause(request, given, certificate, digest)} The server verified {shown(expected)}"


def shown(message: bytes) -> str:
    """A message in one line, without secrets and not endless; a line feed is written ``\\n``."""
    text = redact(message.decode(errors="replace"))
    cut = f"{text[:SHOWN]}… ({len(message)} bytes)" if len(text) > SHOWN else text
    return cut.replace("\n", "\\n")


def _cause(request: Request, given: Authorization, certificate: ApiCertificate, digest: bytes | None) -> str:
    if digest is None:
        return (
            f"The signature was not made with the private key of certificate {certificate.serial}, or not as "
            "base64 of RSASSA-PKCS1-v1_5 with SHA-256: take appPrivateKeyContent of the same merchant."
        )
    for advice, message in _mistakes(request, given):
        if sha256(message).digest() == digest:
            return f"The key is right, but {advice}."
    return (
        f"The key is right, but another text was signed (its SHA-256 is {digest.hex()}): compare the lines, "
        "and sign the very bytes that are sent."
    )


def _mistakes(request: Request, given: Authorization) -> Iterator[tuple[str, bytes]]:
    """Texts that clients are known to sign instead."""
    right = signed_message(request, given)
    method, target, body = request.method, request.target, request.body
    yield "the line feed after the last line is missing", right[:-1]
    yield "the lines end in CR LF: they have to end in LF", right.replace(b"\n", b"\r\n")
    yield "the body was left out", _message(given, method, target, b"")
    yield "the body of a GET is not signed", _message(given, method, target, body)
    yield "the query string was left out", _message(given, method, request.path, body)
    yield "scheme and host were signed: the path only", _message(given, method, request.origin + target, body)
    yield "the path was decoded: sign it as it is sent", _message(given, method, unquote(target), body)
    yield "the method is not in upper case", _message(given, method.lower(), target, body)
    for other in _other_json(body):
        yield (
            "the JSON was written again: sign the bytes that are sent",
            _message(given, method, target, other),
        )


def _other_json(body: bytes) -> Iterator[bytes]:
    """The same JSON in the layouts of common encoders."""
    try:
        value = json.loads(body)
        for separators, ascii_only, ordered in product(_SEPARATORS, (True, False), (True, False)):
            text = json.dumps(value, separators=separators, ensure_ascii=ascii_only, sort_keys=ordered)
            yield text.encode(errors="replace")
    except (ValueError, RecursionError):
        return


def _message(given: Authorization, method: str, target: str, body: bytes) -> bytes:
    return signing.message(method, target, given.timestamp, given.nonce_str, body)
