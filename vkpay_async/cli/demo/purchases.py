"""What is bought in Apple's App Store: once, or by a subscription; Apple renews it and gives money back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from vkpay_async.cli.demo.report import DemoFlow, StepFailed, require
from vkpay_async.cli.demo.shop import ORDER_TYPE, Shop
from vkpay_async.models import RefundState
from vkpay_async.money import Fen, yuan_from_fen
from vkpay_async.order import Order
from vkpay_async.order_info import AppleOrder

PAY_TYPE = "appleiap_app-plus"
PRICE: Fen = 1800
MILLIUNITS = 10  # Apple counts in thousandths of a yuan
HALF = 50_000  # of 100,000
PARTLY_REFUNDED = 2


@dataclass(frozen=True, kw_only=True)
class Product:
    """Something in the App Store, and the steps that are gone through with it."""

    name: str
    type: str
    steps: tuple[str, ...]

    @property
    def product_id(self) -> str:
        return f"com.example.{self.name}"


PRODUCTS = (
    Product(
        name="coins",
        type="Consumable",
        steps=("order", "buy", "notify", "verify", "query", "refund", "reversal"),
    ),
    Product(
        name="vip",
        type="Auto-Renewable Subscription",
        steps=("order", "buy", "notify", "verify", "renew", "refund"),
    ),
)


def purchase_flows(shop: Shop, merchant: str) -> list[DemoFlow]:
    """Every purchase at a merchant."""
    return [_flow(Purchase(shop, product, merchant)) for product in PRODUCTS]


@dataclass
class Purchase:
    """One purchase on its way through the steps. ``device`` has what the customer's phone has of it; ``latest`` is the number of
    the order that was paid last."""

    shop: Shop
    product: Product
    merchant: str
    token: str = ""
    device: Mapping[str, Any] = field(default_factory=dict)
    latest: str = ""

    @property
    def number(self) -> str:
        return f"{self.shop.prefix}{self.merchant}_apple_{self.product.name}"

    async def does(self, what: str, **body: Any) -> Mapping[str, Any]:
        """Customer or Apple do something, and its notification has been answered and handled."""
        done = await self.shop.simulator.app_store(what, **body)
        await self.shop.simulator.advance(0)
        await self.shop.pay.idle()
        return done

    async def paid_last(self) -> Order:
        return await self.shop.pay.orders.require(self.latest)


async def order(purchase: Purchase) -> str:
    payment = await purchase.shop.pay.create_payment(
        provider="appleiap",
        platform="app-plus",
        out_trade_no=purchase.number,
        total_fee=PRICE,
        subject=purchase.product.name,
        type=ORDER_TYPE,
        pid=purchase.merchant,
        appleiap={"product_id": purchase.product.product_id},
    )
    info = payment.order_info
    if not isinstance(info, AppleOrder):
        raise StepFailed(f"order_info is a {type(info).__name__}")
    purchase.token, purchase.latest = info.app_account_token, purchase.number
    return f"appAccountToken {purchase.token}"


async def buy(purchase: Purchase) -> str:
    purchase.device = await purchase.does(
        "purchase",
        pid=purchase.merchant,
        product_id=purchase.product.product_id,
        type=purchase.product.type,
        price=PRICE * MILLIUNITS,
        app_account_token=purchase.token,
    )
    return f"transaction {purchase.device['transactionId']}"


async def notify(purchase: Purchase) -> str:
    """The signed notification has come and the order's handler ran, once."""
    result = await purchase.shop.pay.first_arrival(purchase.latest)
    result.raise_for_error()
    runs = purchase.shop.handled[purchase.latest]
    require(runs == 1, f"the order's handler ran {runs} times")
    return "signed notification; handler ran once"


async def verify(purchase: Purchase) -> str:
    """The app brings what StoreKit gave it, after the notification."""
    status = await purchase.shop.pay.verify_purchase(
        out_trade_no=purchase.number, signed_transaction=purchase.device["signedTransaction"]
    )
    require(status.order_paid and status.finish, f"the purchase is {status.trade_state}: {status.msg}")
    runs = purchase.shop.handled[purchase.number]
    require(status.repeat and runs == 1, f"the order's handler ran {runs} times")
    return "transaction verified, to be finished; handler not run again"


async def query(purchase: Purchase) -> str:
    status = await purchase.shop.pay.query_payment(out_trade_no=purchase.number)
    require(status.order_paid, f"Apple says {status.trade_state}: {status.msg}")
    return f"{status.trade_state} {status.transaction_id}"


async def renew(purchase: Purchase) -> str:
    """Apple has taken the next period's money: an order of its own."""
    purchase.device = await purchase.does("renew", transaction_id=purchase.device["transactionId"])
    purchase.latest = purchase.device["transactionId"]
    renewal = await purchase.paid_last()
    require(renewal.renewal_of == purchase.number, f"it is a renewal of {renewal.renewal_of}")
    await notify(purchase)
    return f"order {purchase.latest}, {yuan_from_fen(renewal.total_fee)} yuan; handler ran once"


async def refund(purchase: Purchase) -> str:
    """Apple gives half of it back, which nobody asked us for."""
    await purchase.does("refund", transaction_id=purchase.device["transactionId"], percentage=HALF)
    order = await purchase.paid_last()
    require(order.status == PARTLY_REFUNDED, f"the order's status is {order.status}")
    require(order.refund_fee == PRICE // 2, f"{order.refund_fee} fen were refunded")
    return f"{yuan_from_fen(order.refund_fee)} of {yuan_from_fen(PRICE)} yuan"


async def reversal(purchase: Purchase) -> str:
    """Apple takes it back."""
    await purchase.does("reverse-refund", transaction_id=purchase.device["transactionId"])
    order = await purchase.paid_last()
    states = [entry.state for entry in order.refund_list]
    require(states == [RefundState.CLOSED], f"the refund is {', '.join(states)}")
    require(order.refund_fee == 0, f"{order.refund_fee} fen are still refunded")
    return "the refund is closed"


STEPS: Mapping[str, Callable[[Purchase], Awaitable[str]]] = {
    "order": order,
    "buy": buy,
    "notify": notify,
    "verify": verify,
    "query": query,
    "renew": renew,
    "refund": refund,
    "reversal": reversal,
}


def _flow(purchase: Purchase) -> DemoFlow:
    steps = [(name, partial(STEPS[name], purchase)) for name in purchase.product.steps]
    return DemoFlow(pay_type=PAY_TYPE, merchant=purchase.merchant, steps=steps)
