"""The shared values of Flows in the ledger, where every process finds them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from vkpay_async.config.secret import Secret
from vkpay_async.providers.base import Shared, SharedValue
from vkpay_async.transport.shared import Run

if TYPE_CHECKING:
    from vkpay_async.ledger import Token, Tokens


class SharedTokens:
    """Tokens of ``vk_pay_tokens``: one process fetches, the others wait for it."""

    def __init__(self, tokens: Tokens, now_ms: Callable[[], int]) -> None:
        self._tokens = tokens
        self._now_ms = now_ms

    async def get(self, step: Shared, run: Run) -> str | None:
        from vkpay_async.ledger import Token

        if step.keep is not None:
            await self._tokens.put(step.name, _token(Token, step.keep), self._now_ms)
            return step.keep.value
        if step.fetch is None:
            found = await self._tokens.find(step.name, self._now_ms)
            return None if found is None else found.value.reveal()
        fetch = step.fetch

        async def refresh() -> Token:
            return _token(Token, await run(fetch()))

        token = await self._tokens.get(step.name, refresh, self._now_ms)
        if token.value.reveal() == step.stale:
            await self._tokens.discard(step.name, token)
            token = await self._tokens.get(step.name, refresh, self._now_ms)
        return token.value.reveal()


def _token(make: type[Token], shared: SharedValue) -> Token:
    return make(value=Secret(shared.value), expires=shared.expires)
