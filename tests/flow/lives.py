"""What can become of a payment at each provider: what the state machine's rules are held to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tests.contract.cases import Case, case_of, control
from tests.flow.conftest import Shop
from vkpay_async import Payment
from vkpay_simulator.providers.base import OrderView

Closing: TypeAlias = Literal["there", "here", "ended", "never"]

PAYABLE = frozenset({"NOTPAY", "WAIT_BUYER_PAY", "CREATED", "PROCESSING", "PREPAID", "LAUNCHED"})
"""Each provider's words for an order that waits for its payer."""

GIVEN_BACK = "REFUNDED"


@dataclass(frozen=True, kw_only=True)
class Store:
    """A provider that is the shop. ``device`` gives what the customer's phone has of a purchase by its number; the others are the
    store's own decisions, ``None`` where it knows no such thing."""

    device: Callable[[Shop, str], Awaitable[str]]
    gives_back: Callable[[Shop, str], Awaitable[None]]
    gives_back_half: Callable[[Shop, str], Awaitable[None]] | None = None
    reverses: Callable[[Shop, str], Awaitable[None]] | None = None


@dataclass(frozen=True, kw_only=True)
class Life:
    """One row. ``closes``: an unpaid order becomes unpayable ``there``, at the provider; or is closed ``here`` alone, since
    the provider knows no orders; or only one that has ``ended`` by itself is let pass; or ``never``. ``fails`` is
    the provider's word for a refund that fails later, which it tells of. A ``store`` refunds nothing that we ask for.
    """

    name: str
    closes: Closing = "there"
    fails: str | None = None
    store: Store | None = None

    @property
    def case(self) -> Case:
        return case_of(self.name)

    @property
    def provider(self) -> str:
        return self.case.of or self.name

    def subject(self, payment: Payment) -> str:
        """What the simulator's notifications are about: Apple knows nothing of ours but its token."""
        token = payment.order_info.provider_order_no
        return token if self.name == "appleiap" and token else payment.out_trade_no

    def made(self, payment: Payment, everything: list[OrderView]) -> list[OrderView]:
        """What the provider has under an order's number: stores sell for one as often as somebody buys."""
        subject = self.subject(payment)
        return [
            one
            for one in everything
            if one.provider == self.provider
            and subject in (one.out_trade_no, one.alias, one.detail.get("app_account_token"))
        ]

    def payable(self, made: list[OrderView]) -> bool:
        return self.store is not None or any(one.state in PAYABLE for one in made)


async def _on_the_iphone(shop: Shop, number: str) -> str:
    return str((await control(shop, "appleiap/device", {"transaction_id": number}))["signedTransaction"])


async def _apple_gives_back(shop: Shop, number: str) -> None:
    await control(shop, "appleiap/refund", {"transaction_id": number})


async def _apple_gives_back_half(shop: Shop, number: str) -> None:
    await control(shop, "appleiap/refund", {"transaction_id": number, "percentage": 50_000})


async def _apple_reverses(shop: Shop, number: str) -> None:
    await control(shop, "appleiap/reverse-refund", {"transaction_id": number})


async def _on_the_harmony_phone(shop: Shop, number: str) -> str:
    return str((await control(shop, "huaweiiap/device", {"purchase": number}))["jwsPurchaseOrder"])


async def _huawei_gives_back(shop: Shop, number: str) -> None:
    await control(shop, "huaweiiap/refund", {"purchase": number})


LIVES: Mapping[str, Life] = {
    life.name: life
    for life in (
        Life(name="wxpay", fails="CLOSED"),
        Life(name="alipay"),
        Life(name="vkspay", closes="never"),
        Life(name="wxpay-virtual", closes="never", fails="FAIL"),
        Life(name="douyin", closes="ended", fails="FAIL"),
        Life(name="douyin-trade", closes="ended", fails="FAIL"),
        Life(name="huawei", fails="FAILED"),
        Life(
            name="appleiap",
            closes="here",
            store=Store(
                device=_on_the_iphone,
                gives_back=_apple_gives_back,
                gives_back_half=_apple_gives_back_half,
                reverses=_apple_reverses,
            ),
        ),
        Life(
            name="huaweiiap",
            closes="here",
            store=Store(device=_on_the_harmony_phone, gives_back=_huawei_gives_back),
        ),
    )
}
