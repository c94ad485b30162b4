"""What a merchant's own account holds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from vkpay_async.providers.balance import AccountBalance
from vkpay_async.registry import REGISTRY, about
from vkpay_async.service import arguments
from vkpay_async.service.context import Context


class Balances:
    """``ensure`` makes a merchant of the database known."""

    def __init__(self, context: Context, ensure: Callable[[str | None], Awaitable[object]]) -> None:
        self._c = context
        self._ensure = ensure

    async def query_account_balance(
        self,
        *,
        provider: str,
        platform: str | None = None,
        pid: str | None = None,
        account: str | None = None,
    ) -> AccountBalance:
        """What the merchant has at Alipay or Douyin, in fen; ``to_client()`` has vk-uni-pay's yuan.

        ``platform`` is the config node, by default ``transfer`` where the provider has one, else its first. ``account`` is at
        Alipay the 2088… number or openid, by default the node's ``mch_id``; at Douyin the channel that the money came by.

        Raises :class:`InvalidArgument` (1005; where a provider does not tell), :class:`ConfigError`, :class:`ProviderError`,
        :class:`TransportError`.
        """
        provider = arguments.required_text(provider, "provider", 1005)
        await self._ensure(pid)
        found = self._c.providers.get(pid, f"{provider}_{platform or _first_node(provider)}")
        return await self._c.transport.run(found.account_balance(account))


def _first_node(provider: str) -> str:
    platforms = about(provider).platforms if provider in REGISTRY else ("",)
    return "transfer" if "transfer" in platforms else platforms[0]
