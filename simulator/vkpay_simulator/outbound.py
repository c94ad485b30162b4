"""The way out for notifications: one pooled session that behaves as a provider's sender does."""

from __future__ import annotations

from functools import lru_cache

import aiohttp
from yarl import URL

from vkpay_simulator.delivery import Outgoing
from vkpay_simulator.sender import NoReplyError, Reply

REPLY_BYTES = 65_536
# Shorter than any web server keeps an idle connection, so that none is used that was closed a moment ago.
IDLE_S = 1.0
NOT_ADDED = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


def open_session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_S),
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=NOT_ADDED,
    )


class HttpPost:
    """Sends bytes and headers exactly as given; redirects are not followed. Raises :class:`NoReplyError`."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def __call__(self, url: str, outgoing: Outgoing, timeout_s: float) -> Reply:
        try:
            async with self._session.request(
                outgoing.method,
                URL(outgoing.target(url), encoded=True),
                data=outgoing.body or None,
                headers=outgoing.headers,
                allow_redirects=False,
                timeout=_limit(timeout_s),
            ) as response:
                return Reply(response.status, await _head(response))
        except TimeoutError:
            raise NoReplyError(f"no answer within {timeout_s:g} s") from None
        except (aiohttp.ClientError, ValueError) as error:
            raise NoReplyError(_plain(error)) from error


@lru_cache(maxsize=16)
def _limit(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=seconds)


def _plain(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, ConnectionRefusedError):
        return f"nobody listens at {error.host}:{error.port}"
    return f"{type(error).__name__}: {error}"


async def _head(response: aiohttp.ClientResponse) -> bytes:
    if response.content.is_eof():
        return response.content.read_nowait(REPLY_BYTES)
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > REPLY_BYTES:
            break
    return bytes(body[:REPLY_BYTES])
