"""HTTP as values: what a provider's routes take and give. Only ``app`` touches aiohttp."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from msgspec import Struct, structs
from multidict import CIMultiDict, CIMultiDictProxy


class Request(Struct, frozen=True, kw_only=True):
    """One request as it stood on the wire.

    ``target`` is the request line's path and query, byte for byte (an absolute-form target has lost its
    scheme and host). ``origin`` is scheme, host and port as the client saw them, for addresses we give back.
    ``params`` are the matched parts of the route's path, percent-decoded.
    """

    method: str
    target: str
    headers: CIMultiDictProxy[str]
    body: bytes = b""
    origin: str = "http://127.0.0.1:9200"
    params: Mapping[str, str] = {}

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query_string(self) -> str:
        return self.target.partition("?")[2]

    @property
    def query(self) -> dict[str, str]:
        text = self.query_string
        if "%" in text or "+" in text:
            return dict(parse_qsl(text, keep_blank_values=True))
        pairs = (pair.partition("=") for pair in text.split("&") if pair)
        return {name: value for name, _, value in pairs}

    def with_body(self, body: bytes) -> Request:
        return structs.replace(self, body=body)


@dataclass(slots=True, kw_only=True)
class Answer:
    """A response: header names keep the letter case given here.

    ``explain`` goes into the journal, not on the wire: one plain sentence on why a request was rejected.
    """

    status: int = 200
    body: bytes = b""
    headers: CIMultiDict[str] = field(default_factory=CIMultiDict)
    explain: str = ""


Handler = Callable[[Request], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One endpoint. ``path`` is an aiohttp route pattern; ``operation`` names it for faults and journal.

    ``operation_of`` is for an endpoint that serves many operations: it names that of one request.
    """

    method: str
    path: str
    operation: str
    handler: Handler
    operation_of: Callable[[Request], str] | None = None
