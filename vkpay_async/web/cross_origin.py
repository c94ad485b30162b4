"""Which pages of other origins may call the front door: the answers of CORS, for listed origins only.

No cookie is asked for: a front end of another origin sends its token in a header, which ``authorize`` reads.
"""

from __future__ import annotations

import re
from collections.abc import Collection

import msgspec

from vkpay_async.errors import ConfigError
from vkpay_async.web.exchange import Reply, Request, text_reply

MAX_AGE_S = 600
"""How long a browser may remember a preflight's answer."""

_ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]+)?")
_NAMES = re.compile(r"[A-Za-z0-9-]+(?:\s*,\s*[A-Za-z0-9-]+)*")


class Origins:
    """The origins that are let in, as browsers spell them. Raises :class:`ConfigError` for what is no origin."""

    def __init__(self, origins: Collection[str]) -> None:
        if isinstance(origins, str):
            raise ConfigError(f"origins takes several addresses: origins=({origins!r},)")
        for origin in origins:
            _check(origin)
        self._origins = frozenset(origins)

    def __bool__(self) -> bool:
        return bool(self._origins)

    def preflight(self, request: Request) -> Reply:
        """The answer to OPTIONS, with which a browser asks before it sends JSON."""
        if request.headers.get("origin") not in self._origins:
            return text_reply(403, "403: this origin is not among the front door's origins", Vary="Origin")
        asked = request.headers.get("access-control-request-headers", "")
        return self.marked(
            request,
            Reply(
                status=204,
                headers={
                    "Access-Control-Allow-Methods": "POST",
                    "Access-Control-Allow-Headers": asked if _NAMES.fullmatch(asked) else "content-type",
                    "Access-Control-Max-Age": str(MAX_AGE_S),
                },
            ),
        )

    def marked(self, request: Request, reply: Reply) -> Reply:
        """A reply that the page may read, where its origin is listed."""
        if not self._origins:
            return reply
        origin = request.headers.get("origin", "")
        allowed = {"Access-Control-Allow-Origin": origin} if origin in self._origins else {}
        return msgspec.structs.replace(reply, headers={**reply.headers, "Vary": "Origin", **allowed})


def _check(origin: str) -> None:
    if not _ORIGIN.fullmatch(origin):
        raise ConfigError(
            f"origins: {origin!r} is no origin; write it as a browser does, like 'https://shop.example', "
            "without a path, in lower case, one for each address"
        )
