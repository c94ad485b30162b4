"""A payment's whole life at each provider, split by who acts: the merchant's calls, and what payer and provider do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vkpay_async import Payment

FEE = 1800
COINS = "com.example.coins"

Post = Callable[[str, Mapping[str, Any]], Awaitable[Any]]
"""A call of the simulator's control API: where, and what."""

Order = Mapping[str, Any]
"""What the merchant tells the payer of an order: ``number``, ``alias`` and ``client``, its form for the front end."""


@dataclass(frozen=True, kw_only=True)
class Life:
    """``call`` are arguments of ``create_payment``. ``pays`` is what happens on the payer's device; it gives what is needed later.

    ``gives_back`` is the provider's own refund, which nobody asked the merchant for; without it the merchant refunds.
    """

    provider: str
    platform: str
    pays: Callable[[Post, Order], Awaitable[Any]]
    call: Mapping[str, Any] = field(default_factory=dict)
    total_fee: int | None = FEE
    gives_back: Callable[[Post, Any], Awaitable[Any]] | None = None
    proof: str | None = None
    """Which part of what the device was given it brings to the merchant."""
    logs_in: str | None = None
    """The pay_type whose app the user logs in at before the first order."""


def told(payment: Payment) -> dict[str, Any]:
    info: Any = payment.order_info
    return {
        "number": payment.out_trade_no,
        "provider": payment.provider,
        "alias": getattr(info, "provider_order_no", None),
        "client": info.to_client() if hasattr(info, "to_client") else {},
    }


async def _pays(post: Post, order: Order) -> Any:
    return await post(
        "pay", {"out_trade_no": order["number"], "provider": order["provider"], "pid": "default"}
    )


async def _pays_in_the_mini_program(post: Post, order: Order) -> Any:
    asked = {**order["client"], "openid": order["openid"], "action": "open"}
    said = await post("wxpay-virtual/request-virtual-payment", asked)
    assert said["errCode"] == 0, said
    return await _pays(post, order)


async def _buys_from_apple(post: Post, order: Order) -> Any:
    return await post(
        "appleiap/purchase",
        {"product_id": COINS, "price": FEE * 10, "app_account_token": order["alias"], "pid": "default"},
    )


async def _apple_gives_back(post: Post, bought: Any) -> Any:
    return await post("appleiap/refund", {"transaction_id": bought["transactionId"]})


async def _buys_from_huawei(post: Post, order: Order) -> Any:
    payload = order["client"]["developerPayload"]
    bought = {"product_id": COINS, "price": FEE, "developer_payload": payload, "pid": "default"}
    # A payer has one undelivered purchase of a product at most.
    return await post("huaweiiap/purchase", {**bought, "payer": f"payer-{order['number']}"})


async def _huawei_gives_back(post: Post, bought: Any) -> Any:
    return await post("huaweiiap/refund", {"purchase": bought["purchaseOrderId"]})


LIVES = {
    life.provider: life
    for life in (
        Life(provider="wxpay", platform="h5", pays=_pays),
        Life(provider="alipay", platform="h5", pays=_pays),
        Life(provider="vkspay", platform="h5", pays=_pays),
        Life(provider="douyin", platform="mp-toutiao", pays=_pays),
        Life(
            provider="wxpay-virtual",
            platform="mp-weixin",
            pays=_pays_in_the_mini_program,
            call={"wxpay_virtual": {"mode": "short_series_coin", "buy_quantity": FEE}},
            total_fee=None,
            logs_in="wxpay-virtual_mp-weixin",
        ),
        Life(provider="huawei", platform="mp-harmony", pays=_pays),
        Life(
            provider="appleiap",
            platform="app-plus",
            pays=_buys_from_apple,
            call={"appleiap": {"product_id": COINS}},
            gives_back=_apple_gives_back,
            proof="signedTransaction",
        ),
        Life(
            provider="huaweiiap",
            platform="app-harmony",
            pays=_buys_from_huawei,
            call={"productid": COINS},
            gives_back=_huawei_gives_back,
            proof="jwsPurchaseOrder",
        ),
    )
}
