"""From a request's bytes to the gateway's parameters, decoded with the charset they announce themselves."""

from __future__ import annotations

import email.message
import email.parser
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from vkpay_simulator.exchange import Request

# Java's GBK, which stands behind both names, has more characters than GB 2312.
CODECS = {"utf-8": "utf-8", "utf8": "utf-8", "gbk": "gbk", "gb2312": "gbk", "gb18030": "gb18030"}


@dataclass(frozen=True, slots=True)
class Parameters:
    """The merged query and form. ``charset`` is as announced, ``codec`` is ``None`` when nobody knows it."""

    values: dict[str, str] = field(repr=False)
    charset: str
    codec: str | None

    def get(self, name: str) -> str:
        return self.values.get(name, "")

    def encoded(self, text: str) -> bytes:
        return text.encode(self.codec or "utf-8", "replace")


def parse_form(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    for pair in filter(None, data.split(b"&")):
        key, _, value = pair.replace(b"+", b" ").partition(b"=")
        yield unquote_to_bytes(key), unquote_to_bytes(value)


def parse_multipart(content_type: str, data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The text fields; files are neither parameters nor signed."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode(errors="surrogateescape")
    for part in email.parser.BytesParser().parsebytes(head + data).walk():
        name = part.get_param("name", header="content-disposition")
        if isinstance(name, str) and part.get_filename() is None:
            yield name.encode(errors="surrogateescape"), _payload(part)


def _payload(part: email.message.Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _body(request: Request) -> Iterator[tuple[bytes, bytes]]:
    content_type = request.headers.get("Content-Type", "")
    if content_type.lower().startswith("multipart/form-data"):
        return parse_multipart(content_type, request.body)
    return parse_form(request.body)


def _decode(raw: dict[bytes, bytes]) -> Parameters:
    charset = raw.get(b"charset", b"").decode("latin-1") or "utf-8"
    codec = CODECS.get(charset.lower())
    use = codec or "utf-8"
    values = {k.decode(use, "replace"): v.decode(use, "replace") for k, v in raw.items()}
    return Parameters(values, charset, codec)


def parse_request(request: Request) -> Parameters:
    """Query and body as one; where both have a name, the body's value counts."""
    return _decode(
        dict(parse_form(request.query_string.encode(errors="surrogateescape"))) | dict(_body(request))
    )


def parse_order_string(text: str) -> Parameters:
    """An order string for the phone SDK has the form of a query."""
    return _decode(dict(parse_form(text.encode(errors="replace"))))
