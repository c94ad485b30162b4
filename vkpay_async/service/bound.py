"""One merchant's provider with a transport under it: everything it offers, awaited."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from vkpay_async.providers.base import Flow, Provider
from vkpay_async.transport import Transport


class BoundProvider:
    """Runs the provider's operations: ``await pay.provider("wxpay_h5").request("GET", "/v3/certificates")``.

    ``sans_io`` is the provider itself, whose operations are Flows; here they are awaited, and what needs no network
    (``page_form``) gives its result at once. Orders made this way are not kept in the ledger.
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
            return self._transport.run(result) if isinstance(result, Generator) else result

        return call
