"""What is bought in a HarmonyOS app through Huawei's IAP Kit, delivered, and given back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from vkpay_async.cli.demo.report import DemoFlow, require
from vkpay_async.cli.demo.shop import ORDER_TYPE, Shop
from vkpay_async.money import Fen, yuan_from_fen

PAY_TYPE = "huaweiiap_app-harmony"
PRICE: Fen = 600
PRODUCT = "com.example.coins"
FULLY_REFUNDED = 3


@dataclass
class Purchase:
    """One purchase on its way through the steps. ``device`` has what the customer's phone has of it."""

    shop: Shop
    merchant: str
    payload: str = ""
    device: Mapping[str, Any] = field(default_factory=dict)

    @property
    def number(self) -> str:
        return f"{self.shop.prefix}{self.merchant}_harmony"

    async def does(self, what: str, **body: Any) -> Mapping[str, Any]:
        """Customer or Huawei do something, and its notification has been answered and handled."""
        done = await self.shop.simulator.app_gallery(what, **body)
        await self.shop.simulator.advance(0)
        await self.shop.pay.idle()
        return done


async def order(purchase: Purchase) -> str:
    payment = await purchase.shop.pay.create_payment(
        provider="huaweiiap",
        platform="app-harmony",
        out_trade_no=purchase.number,
        total_fee=PRICE,
        subject="100 coins",
        type=ORDER_TYPE,
        pid=purchase.merchant,
        productid=PRODUCT,
    )
    purchase.payload = payment.to_client()["orderInfo"]["developerPayload"]
    return f"developerPayload {purchase.payload}"


async def buy(purchase: Purchase) -> str:
    purchase.device = await purchase.does(
        "purchase",
        pid=purchase.merchant,
        product_id=PRODUCT,
        price=PRICE,
        developer_payload=purchase.payload,
    )
    return f"purchase {purchase.device['purchaseOrderId']}"


async def notify(purchase: Purchase) -> str:
    """The signed notification has come and the order's handler ran, once."""
    result = await purchase.shop.pay.first_arrival(purchase.number)
    result.raise_for_error()
    runs = purchase.shop.handled[purchase.number]
    require(runs == 1, f"the order's handler ran {runs} times")
    return "signed notification; handler ran once"


async def verify(purchase: Purchase) -> str:
    """The app brings what IAP Kit gave it, after the notification."""
    status = await purchase.shop.pay.verify_purchase(
        out_trade_no=purchase.number, signed_transaction=purchase.device["jwsPurchaseOrder"]
    )
    require(status.order_paid, f"the purchase is {status.trade_state}: {status.msg}")
    runs = purchase.shop.handled[purchase.number]
    require(runs == 1, f"the order's handler ran {runs} times")
    return "purchase verified; handler not run again"


async def confirm(purchase: Purchase) -> str:
    huawei = purchase.shop.pay.provider(PAY_TYPE, pid=purchase.merchant)
    named = purchase.device["purchaseOrderId"], purchase.device["purchaseToken"]
    require(await huawei.confirm(*named), "the delivery had been confirmed before")
    require((await huawei.order_status(*named)).shipped, "Huawei says that nothing was delivered")
    return "delivery confirmed"


async def refund(purchase: Purchase) -> str:
    """Huawei gives all of it back, which nobody asked us for."""
    await purchase.does("refund", purchase=purchase.device["purchaseOrderId"])
    order = await purchase.shop.pay.orders.require(purchase.number)
    require(order.status == FULLY_REFUNDED, f"the order's status is {order.status}")
    return f"{yuan_from_fen(order.refund_fee)} of {yuan_from_fen(PRICE)} yuan"


STEPS: Mapping[str, Callable[[Purchase], Awaitable[str]]] = {
    "order": order,
    "buy": buy,
    "notify": notify,
    "verify": verify,
    "confirm": confirm,
    "refund": refund,
}


def harmony_flows(shop: Shop, merchant: str) -> list[DemoFlow]:
    """The purchase at a merchant."""
    purchase = Purchase(shop, merchant)
    steps = [(name, partial(act, purchase)) for name, act in STEPS.items()]
    return [DemoFlow(pay_type=PAY_TYPE, merchant=merchant, steps=steps)]
