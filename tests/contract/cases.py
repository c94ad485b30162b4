"""How each provider's payments are made here. One that is not named is created and paid as the defaults say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession

from tests.flow.conftest import Shop
from vkpay_async import Payment
from vkpay_async.pay_type import ClientContext
from vkpay_async.registry import about

TOTAL = 19900
PRODUCT = "com.example.coins"
PLATFORMS = ("h5", "mp-weixin", "app-plus", "mp-alipay", "mp-toutiao", "mp-harmony", "app-harmony")


async def _nobody(_: Shop) -> dict[str, Any]:
    return {}


async def _nothing(_: Shop, __: Payment) -> None:
    pass


async def _pays(shop: Shop, payment: Payment) -> None:
    await shop.sim.pay(payment.out_trade_no, provider=payment.provider)


@dataclass(frozen=True, kw_only=True)
class Case:
    """``call`` are more arguments of ``create_payment``. ``enters`` is what the payer does before the order, and gives
    further ones; ``opens`` what the payer's device does with the payment before the money moves, and ``pays`` how it does.
    ``can_ask``: the provider can be asked for an order that nothing was heard of. ``confirms``: it is asked about every
    notification, whose signature then does not decide.
    """

    call: Mapping[str, Any] = field(default_factory=dict)
    enters: Callable[[Shop], Awaitable[dict[str, Any]]] = _nobody
    opens: Callable[[Shop, Payment], Awaitable[None]] = _nothing
    pays: Callable[[Shop, Payment], Awaitable[None]] = _pays
    total_fee: int | None = TOTAL
    can_ask: bool = True
    confirms: bool = False


async def _control(shop: Shop, path: str, body: Mapping[str, Any]) -> Any:
    async with (
        ClientSession() as session,
        session.post(f"{shop.sim.url}/_sim/{path}", json=dict(body)) as answer,
    ):
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def _logs_in(shop: Shop) -> dict[str, Any]:
    appid = shop.pay.provider("wxpay-virtual_mp-weixin").appid
    login = await shop.pay.code2session_weixin_mp(
        code=shop.sim.login(appid)["code"], provider="wxpay-virtual"
    )
    return {"openid": login.openid}


async def _asks_for_virtual_payment(shop: Shop, payment: Payment) -> None:
    order = await shop.pay.orders.require(payment.out_trade_no)
    client: Any = payment.order_info.to_client()
    body = {**client, "openid": order.openid, "action": "open"}
    said = await _control(shop, "wxpay-virtual/request-virtual-payment", body)
    assert said["errCode"] == 0, said


async def _buys_in_the_app(shop: Shop, payment: Payment) -> None:
    """StoreKit sells; the order's token goes along. What it tells is due at once."""
    token = payment.order_info.provider_order_no
    await _control(shop, "appleiap/purchase", {"product_id": PRODUCT, "app_account_token": token})
    await shop.sim.advance(0)


async def _buys_in_a_harmony_app(shop: Shop, payment: Payment) -> None:
    client: Any = payment.order_info.to_client()
    bought = {"product_id": PRODUCT, "price": TOTAL, "developer_payload": client["developerPayload"]}
    await _control(shop, "huaweiiap/purchase", bought)
    await shop.sim.advance(0)


CASES: Mapping[str, Case] = {
    "vkspay": Case(confirms=True),
    "wxpay-virtual": Case(
        call={"wxpay_virtual": {"mode": "short_series_coin", "buy_quantity": TOTAL}},
        enters=_logs_in,
        opens=_asks_for_virtual_payment,
        total_fee=None,
    ),
    "huaweiiap": Case(call={"productid": PRODUCT}, pays=_buys_in_a_harmony_app, can_ask=False),
    "appleiap": Case(call={"appleiap": {"product_id": PRODUCT}}, pays=_buys_in_the_app, can_ask=False),
}


def case_of(name: str) -> Case:
    return CASES.get(name, Case())


def platform_of(name: str) -> str:
    """A client platform that the provider can be paid on."""
    part = about(name).part
    return next(one for one in PLATFORMS if part(one, ClientContext(platform=one, is_pc=True), False, False))


async def order(shop: Shop, name: str, out_trade_no: str) -> Payment:
    case = case_of(name)
    return await shop.pay.create_payment(
        provider=name,
        platform=platform_of(name),
        is_pc=True,
        out_trade_no=out_trade_no,
        total_fee=case.total_fee,
        subject="Tea 500 g",
        type="goods",
        **{**case.call, **await case.enters(shop)},
    )
