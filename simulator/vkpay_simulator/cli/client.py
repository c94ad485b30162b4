"""One call to the control API of a running simulator."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp

WAIT_S = 600  # moving past a receiver that never answers takes its time limit once for every re-send


class CallError(Exception):
    """The call failed; the text says what to do."""


def call(
    url: str, method: str, path: str, body: dict[str, Any] | None = None, query: dict[str, str] | None = None
) -> Any:
    """The answer's JSON. Raises :class:`CallError`."""
    base = url if "://" in url else f"http://{url}"
    return asyncio.run(ask(f"{base.rstrip('/')}/_sim/{path}", method, body, query))


async def ask(url: str, method: str, body: dict[str, Any] | None, query: dict[str, str] | None) -> Any:
    """The same with the whole address, inside an event loop."""
    timeout = aiohttp.ClientTimeout(total=WAIT_S, connect=5)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.request(method, url, json=body, params=query) as response,
        ):
            answer = await response.json()
    except (aiohttp.ClientError, ValueError, TimeoutError) as error:
        raise CallError(
            f"No simulator answers at {url}: start one with vkpay-sim up, or give --url. ({error})"
        ) from error
    if response.status >= 400:
        raise CallError(answer["error"])
    return answer
