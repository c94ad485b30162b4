"""Coins of WeChat's virtual payment, by merchant: vk-uni-pay's ``getWxpayVirtualManager``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from vkpay_async.service.context import Context

if TYPE_CHECKING:
    from vkpay_async.providers.wxpay_virtual.models import CoinBalance, CoinGift, CoinPayment, CoinRefund


class Coins:
    """``pay.coins``. The user is signed in: a session_key is kept, or :class:`InvalidArgument` is raised (268490009).

    What moves coins is carried out once a number: after :class:`OutcomeUnknown` repeat it with the same arguments.
    https://developers.weixin.qq.com/miniprogram/dev/platform-capabilities/business-capabilities/virtual-payment.html
    """

    def __init__(self, context: Context, ensure: Callable[[str | None], Awaitable[object]]) -> None:
        self._c = context
        self._ensure = ensure

    async def query_user_balance(self, *, openid: str, user_ip: str, pid: str | None = None) -> CoinBalance:
        """The coins of a user."""
        provider = await self._provider(pid)
        found: CoinBalance = await self._c.transport.run(provider.query_user_balance(openid, user_ip))
        return found

    async def currency_pay(
        self,
        *,
        openid: str,
        user_ip: str,
        amount: int,
        out_trade_no: str,
        payitem: str = "[]",
        remark: str = "",
        device_type: int = 1,
        pid: str | None = None,
    ) -> CoinPayment:
        """Spends ``amount`` coins of a user. ``payitem``: ``[{"productid": …, "unit_price": …, "quantity": …}]`` as JSON text."""
        provider = await self._provider(pid)
        flow = provider.currency_pay(
            openid,
            user_ip,
            amount,
            out_trade_no,
            payitem=payitem,
            remark=remark,
            device_type=device_type,
        )
        spent: CoinPayment = await self._c.transport.run(flow)
        return spent

    async def cancel_currency_pay(
        self,
        *,
        openid: str,
        user_ip: str,
        amount: int,
        out_trade_no: str,
        out_refund_no: str,
        device_type: int = 1,
        pid: str | None = None,
    ) -> CoinRefund:
        """Gives ``amount`` coins back that ``out_trade_no`` spent."""
        provider = await self._provider(pid)
        flow = provider.cancel_currency_pay(
            openid, user_ip, amount, out_trade_no, out_refund_no, device_type=device_type
        )
        given_back: CoinRefund = await self._c.transport.run(flow)
        return given_back

    async def present_currency(
        self,
        *,
        openid: str,
        amount: int,
        out_trade_no: str,
        device_type: int = 1,
        pid: str | None = None,
    ) -> CoinGift:
        """Presents a user with ``amount`` coins."""
        provider = await self._provider(pid)
        flow = provider.present_currency(openid, amount, out_trade_no, device_type=device_type)
        presented: CoinGift = await self._c.transport.run(flow)
        return presented

    async def _provider(self, pid: str | None) -> Any:
        await self._ensure(pid)
        return self._c.providers.get(pid, "wxpay-virtual_mp-weixin")
