"""How each provider's payments are made here. One that is not named is created and paid as the defaults say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession

from tests.flow.conftest import Shop
from vkpay_async import Payment
from vkpay_async.pay_type import ClientContext
from vkpay_async.registry import about

TOTAL = 19900
PRODUCT = "com.example.coins"
MILLIUNITS = 10  # Apple counts in thousandths of a yuan
PLATFORMS = ("h5", "mp-weixin", "app-plus", "mp-alipay", "mp-toutiao", "mp-harmony", "app-harmony")


async def _nobody(_: Shop, __: str) -> dict[str, Any]:
    return {}


async def _nothing(_: Shop, __: Payment) -> None:
    pass


async def _pays(shop: Shop, payment: Payment) -> None:
    await shop.sim.pay(payment.out_trade_no, provider=payment.provider)


def _no_more(_: int) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Case:
    """``call`` gives more arguments of ``create_payment`` for an amount in fen. ``enters`` is what the payer does before the order,
    and gives further ones; ``opens`` what the payer's device does with the payment before the money moves, and ``pays`` how it
    does. ``pid`` is the merchant; ``of`` the provider, where one has two cases; ``priced`` one that works the amount out.
    ``can_ask``: the provider can be asked for an order that nothing was heard of. ``confirms``: it is asked about every
    notification, whose signature then does not decide.
    """

    call: Callable[[int], Mapping[str, Any]] = _no_more
    enters: Callable[[Shop, str], Awaitable[dict[str, Any]]] = _nobody
    opens: Callable[[Shop, Payment], Awaitable[None]] = _nothing
    pays: Callable[[Shop, Payment], Awaitable[None]] = _pays
    pid: str = "default"
    of: str | None = None
    priced: bool = False
    can_ask: bool = True
    confirms: bool = False


async def control(shop: Shop, path: str, body: Mapping[str, Any]) -> Any:
    async with (
        ClientSession() as session,
        session.post(f"{shop.sim.url}/_sim/{path}", json=dict(body)) as answer,
    ):
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def _logs_in(shop: Shop, number: str) -> dict[str, Any]:
    """Whoever comes back to an order is the user who was there before."""
    appid = shop.pay.provider("wxpay-virtual_mp-weixin").appid
    login = await shop.pay.code2session_weixin_mp(
        code=shop.sim.login(appid, f"o{number}")["code"], provider="wxpay-virtual"
    )
    return {"openid": login.openid}


async def _asks_for_virtual_payment(shop: Shop, payment: Payment) -> None:
    order = await shop.pay.orders.require(payment.out_trade_no)
    client: Any = payment.order_info.to_client()
    body = {**client, "openid": order.openid, "action": "open"}
    said = await control(shop, "wxpay-virtual/request-virtual-payment", body)
    assert said["errCode"] == 0, said


async def _asks_for_the_order(shop: Shop, payment: Payment) -> None:
    """Douyin's trade system hears of an order from the mini program."""
    said = await control(shop, "douyin/request-order", payment.order_info.to_client())
    assert "orderId" in said, said


async def _buys_in_the_app(shop: Shop, payment: Payment) -> None:
    """StoreKit sells; the order's token goes along. What it tells is due at once."""
    bought = {
        "product_id": PRODUCT,
        "price": payment.total_fee * MILLIUNITS,
        "app_account_token": payment.order_info.provider_order_no,
    }
    await control(shop, "appleiap/purchase", bought)
    await shop.sim.advance(0)


async def _buys_in_a_harmony_app(shop: Shop, payment: Payment) -> None:
    """Each time another customer: who has not been delivered to cannot buy the same again."""
    client: Any = payment.order_info.to_client()
    bought = {
        "product_id": PRODUCT,
        "price": payment.total_fee,
        "developer_payload": client["developerPayload"],
        "payer": f"customer {len(shop.sim.orders())}",
    }
    await control(shop, "huaweiiap/purchase", bought)
    await shop.sim.advance(0)


CASES: Mapping[str, Case] = {
    "vkspay": Case(confirms=True),
    "wxpay-virtual": Case(
        call=lambda total: {"wxpay_virtual": {"mode": "short_series_coin", "buy_quantity": total}},
        enters=_logs_in,
        opens=_asks_for_virtual_payment,
        priced=True,
    ),
    "douyin-trade": Case(of="douyin", pid="certs", opens=_asks_for_the_order),
    "huaweiiap": Case(call=lambda _: {"productid": PRODUCT}, pays=_buys_in_a_harmony_app, can_ask=False),
    "appleiap": Case(
        call=lambda _: {"appleiap": {"product_id": PRODUCT}}, pays=_buys_in_the_app, can_ask=False
    ),
}


def case_of(name: str) -> Case:
    return CASES.get(name, Case())


def platform_of(name: str) -> str:
    """A client platform that the provider can be paid on."""
    part = about(name).part
    return next(one for one in PLATFORMS if part(one, ClientContext(platform=one, is_pc=True), False, False))


async def order(shop: Shop, name: str, out_trade_no: str, total: int = TOTAL) -> Payment:
    case = case_of(name)
    provider = case.of or name
    return await shop.pay.create_payment(
        provider=provider,
        platform=platform_of(provider),
        is_pc=True,
        out_trade_no=out_trade_no,
        total_fee=None if case.priced else total,
        subject="Tea 500 g",
        type="goods",
        pid=case.pid,
        **{**case.call(total), **await case.enters(shop, out_trade_no)},
    )
