"""One merchant's provider with a transport under it: everything it offers, awaited."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from typing import Any

from vkpay_async.providers.base import Flow, Provider
from vkpay_async.providers.pages import Pages
from vkpay_async.transport import Transport


class BoundProvider:
    """Runs the provider's operations: ``await pay.provider("wxpay_h5").request("GET", "/v3/certificates")``.

    ``sans_io`` is the provider itself, whose operations are Flows; here they are awaited, and what needs no network
    (``page_form``) gives its result at once. What comes in pages is iterated over: ``async for one in
    apple.transaction_history(…)``. Orders made this way are not kept in the ledger.
    """

    def __init__(self, provider: Provider, transport: Transport) -> None:
        self.sans_io = provider
        self._transport = transport

    async def run(self, flow: Flow[Any]) -> Any:
        """Runs any Flow of the provider."""
        return await self._transport.run(flow)

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self.sans_io, name)
        if not callable(operation):
            return operation

        def call(*args: Any, **kwargs: Any) -> Any:
            result = operation(*args, **kwargs)
            if isinstance(result, Pages):
                return self._items(result)
            return self._transport.run(result) if isinstance(result, Generator) else result

        return call

    async def _items(self, pages: Pages[Any]) -> AsyncIterator[Any]:
        """Each page is asked for when the one before it is used up."""
        token = None
        while True:
            page = await self._transport.run(pages.page(token))
            for item in page.items:
                yield item
            if page.next is None:
                return
            token = page.next
