"""A request and its answer, whatever framework carries them."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from vkpay_async.models import LowerHeaders


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What stands before a body: header names in lower case, paths as they stood on the wire.

    ``path`` is the one below the prefix that the application is mounted under, ``full_path`` the whole.
    ``peer`` is the address at the other end of the connection, which may be a proxy's.
    """

    method: str
    path: str
    full_path: str
    query: str = ""
    headers: Mapping[str, str] = {}
    peer: str | None = None


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What to send back."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}


def json_reply(value: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(
        status=status,
        body=msgspec.json.encode(value),
        headers={"Content-Type": "application/json", "Cache-Control": "no-store", **headers},
    )


def text_reply(status: int, text: str, **headers: str) -> Reply:
    return Reply(
        status=status, body=text.encode(), headers={"Content-Type": "text/plain; charset=utf-8", **headers}
    )


def joined_headers(names: Collection[str], values: Collection[str]) -> LowerHeaders:
    """Names in lower case. One that came several times keeps all its values, in their order."""
    headers = LowerHeaders(zip(map(str.lower, names), values, strict=True))
    if len(headers) == len(names):
        return headers
    headers = LowerHeaders()
    for name, value in zip(map(str.lower, names), values, strict=True):
        between = "; " if name == "cookie" else ", "
        headers[name] = f"{headers[name]}{between}{value}" if name in headers else value
    return headers


def below(raw_path: str, prefix: str) -> str:
    """The part of a raw path below a mount ``prefix``, whose own spelling may be the decoded one."""
    prefix = prefix.rstrip("/")
    if raw_path.startswith(f"{prefix}/"):
        return raw_path[len(prefix) :]
    depth = prefix.count("/")
    return "/" + "/".join(raw_path.split("/")[depth + 1 :])


def client_address(request: Request, proxies: int) -> str | None:
    """Who sent a request, behind ``proxies`` proxies of one's own that append to ``X-Forwarded-For``.

    What stands further left was written by the client and is not believed.
    """
    hops = [hop.strip() for hop in request.headers.get("x-forwarded-for", "").split(",")]
    if not 0 < proxies <= len(hops):
        return request.peer
    try:
        return str(ipaddress.ip_address(hops[-proxies]))
    except ValueError:
        return request.peer
