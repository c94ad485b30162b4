"""Why a signature does not hold: it is tried on the texts, and in the ways, that clients are known to sign instead."""

from __future__ import annotations

import binascii
import json
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote, urlencode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from vkpay_simulator.exchange import Request
from vkpay_simulator.providers.huawei import signing
from vkpay_simulator.providers.huawei.accounts import Certificate
from vkpay_simulator.providers.huawei.signing import HEADER_SIGN, sign_string
from vkpay_simulator.redact import redact

SHOWN = 1000
LARGEST = 65_536
_SHA256 = hashes.SHA256()
_LONG_SALT = padding.PSS(padding.MGF1(_SHA256), padding.PSS.AUTO)
_PKCS1 = padding.PKCS1v15()


def diagnose(
    request: Request,
    certificate: Certificate,
    name: str,
    signature: str,
    text: bytes,
    members: Mapping[str, Any],
) -> str:
    """One or two sentences for the journal, with the text that the server has built."""
    mistakes = _of_header(members) if name == HEADER_SIGN else _of_body(request)
    cause = _cause(certificate, signature, text, mistakes)
    return f"{name} of {certificate.auth_id} ({certificate.algorithm}): {cause} The server verified {shown(text)}"


def shown(text: bytes) -> str:
    """A text in one line, without secrets and not endless."""
    plain = redact(text[: 4 * SHOWN].decode(errors="replace"))
    return (f"{plain[:SHOWN]}… ({len(text)} bytes)" if len(plain) > SHOWN else plain).replace("\n", "\\n")


def _cause(
    certificate: Certificate, signature: str, text: bytes, mistakes: Iterator[tuple[str, bytes]]
) -> str:
    try:
        raw = b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return "it is not standard base64."
    for advice, holds in _ways(certificate, raw):
        if holds(text):
            return advice
    for advice, other in mistakes:
        if len(other) <= LARGEST and signing.verifies(certificate.public, other, signature):
            return f"the key is right, but {advice}."
    return "it was made with another key than the certificate's, or over another text: compare them."


def _ways(certificate: Certificate, raw: bytes) -> Iterator[tuple[str, Callable[[bytes], bool]]]:
    """The right text, signed in another way."""
    key = certificate.public
    if isinstance(key, RSAPublicKey):
        yield (
            "it is PKCS #1 v1.5: sign with RSASSA-PSS, MGF1-SHA256, 32 bytes of salt.",
            _holds(key, raw, _PKCS1),
        )
        yield "the salt has another length: take 32 bytes, that of the digest.", _holds(key, raw, _LONG_SALT)
    elif len(raw) == 64:
        as_der = _der(raw)
        yield "it is r ‖ s: send it as DER, SEQUENCE{r, s}.", lambda text: key.verifies(text, as_der)


def _holds(key: RSAPublicKey, raw: bytes, way: Any) -> Callable[[bytes], bool]:
    def holds(text: bytes) -> bool:
        try:
            key.verify(raw, text, way, _SHA256)
        except InvalidSignature:
            return False
        return True

    return holds


def _der(raw: bytes) -> bytes:
    body = b"".join(
        bytes((0x02, len(octets))) + octets
        for octets in (
            number.to_bytes(number.bit_length() // 8 + 1)
            for number in (int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
        )
    )
    return bytes((0x30, len(body))) + body


def _of_header(members: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    body_sign = str(members.get("bodySign", ""))
    yield "bodySign was left out", sign_string({**members, "bodySign": None}, HEADER_SIGN)
    yield "bodySign was signed as an empty text", sign_string({**members, "bodySign": ""}, HEADER_SIGN)
    unsorted = "&".join(f"{name}={value}" for name, value in members.items() if name != HEADER_SIGN)
    yield "the fields were not sorted by name", unsorted.encode(errors="replace")
    yield "bodySign was percent-encoded", sign_string({**members, "bodySign": quote(body_sign)}, HEADER_SIGN)


def _of_body(request: Request) -> Iterator[tuple[str, bytes]]:
    if request.method == "GET":
        yield from _of_target(request)
        return
    fields = signing.parse(request.body)
    right = sign_string(fields)
    yield "the JSON itself was signed: sign its fields as name=value joined with &", request.body
    yield (
        "true and false have to be in lower case",
        right.replace(b"=true", b"=True").replace(b"=false", b"=False"),
    )
    yield "fields with an empty text belong to the text, too", sign_string(_without_empty(fields))
    yield "fields with null have to be left out", sign_string(_null_as_text(fields))
    yield (
        "the fields were not sorted by name",
        "&".join(f"{n}={_plain(v)}" for n, v in fields.items()).encode(errors="replace"),
    )
    yield (
        "values are not percent-encoded",
        urlencode({n: _plain(fields[n]) for n in sorted(fields)}, errors="replace").encode(),
    )
    try:
        again = json.loads(request.body)
    except (ValueError, RecursionError):  # a number of five thousand digits, which nobody asks after
        return
    nested = "&".join(f"{n}={_as_json(again[n])}" for n in sorted(again))
    yield (
        "lists and objects were signed as JSON: take them apart by the same rule",
        nested.encode(errors="replace"),
    )


def _of_target(request: Request) -> Iterator[tuple[str, bytes]]:
    yield "the query string was left out", request.path.encode(errors="replace")
    yield (
        "scheme and host were signed: the path only",
        (request.origin + request.target).encode(errors="replace"),
    )
    yield "the path was decoded: sign it as it is sent", unquote(request.target).encode(errors="replace")
    yield "nothing was signed: a GET signs its path and query", b""


def _plain(value: Any) -> str:
    return sign_string(value).decode(errors="replace")


def _without_empty(value: Any) -> Any:
    return {name: member for name, member in value.items() if member != ""}


def _null_as_text(value: Any) -> Any:
    return {name: "null" if member is None else member for name, member in value.items()}


def _as_json(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _plain(value)
