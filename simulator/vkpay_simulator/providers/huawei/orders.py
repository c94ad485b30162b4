"""Orders: what is kept of each, and how it looks from outside."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vkpay_simulator.providers.base import OrderView, SimulatorError
from vkpay_simulator.providers.huawei.accounts import Account
from vkpay_simulator.providers.huawei.fields import time_text
from vkpay_simulator.providers.huawei.models import DirectPrepay, PartnerPrepay
from vkpay_simulator.providers.huawei.states import ORDER, STATUS

if TYPE_CHECKING:
    from vkpay_simulator.providers.huawei.refunds import Refund

PREPAY_LIFE_MS = 10 * 60_000
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Whose order it is. The two ``sub_`` numbers belong to partner orders."""

    app_id: str
    merc_no: str
    sub_app_id: str | None = None
    sub_merc_no: str | None = None

    def fields(self) -> dict[str, str]:
        if self.sub_merc_no is None:
            return {"mercNo": self.merc_no, "appId": self.app_id}
        sub_app = {"subAppId": self.sub_app_id} if self.sub_app_id else {}
        return {"spMercNo": self.merc_no, "subMercNo": self.sub_merc_no, "spAppId": self.app_id} | sub_app


def party_of(request: DirectPrepay | PartnerPrepay) -> Party:
    if isinstance(request, DirectPrepay):
        return Party(app_id=request.appId, merc_no=request.mercNo)
    return Party(
        app_id=request.spAppId,
        merc_no=request.spMercNo,
        sub_app_id=request.subAppId,
        sub_merc_no=request.subMercNo,
    )


@dataclass(slots=True, kw_only=True)
class Order:
    """One order. Times in milliseconds of business time; amounts in fen.

    ``product`` is ``app`` or ``fa`` (元服务). ``number`` (sysTransOrderNo) is there once the cashier was opened; ``nonces`` are
    those of the order strings it was opened with. ``promotion`` is what Huawei pays of the total.
    """

    account: Account
    request: DirectPrepay | PartnerPrepay
    product: str
    prepay_id: str
    created_ms: int
    expires_ms: int
    state: str = "PREPAID"
    number: str | None = None
    finished_ms: int | None = None
    open_id: str | None = None
    tool: str = "AGMT"
    promotion: int = 0
    nonces: set[str] = field(default_factory=set)
    refunds: list[Refund] = field(default_factory=list)

    @property
    def merc_order_no(self) -> str:
        return self.request.mercOrderNo

    @property
    def party(self) -> Party:
        return party_of(self.request)

    @property
    def payee(self) -> str:
        """The merchant the money belongs to."""
        return self.party.sub_merc_no or self.party.merc_no

    @property
    def total(self) -> int:
        return self.request.totalAmount

    @property
    def refunded(self) -> int:
        """Given back, or about to be."""
        return sum(refund.amount for refund in self.refunds if refund.state != "REFUND_FAILED")

    def move(self, state: str) -> None:
        self.state = ORDER.check(self.state, state)

    def transaction(self) -> dict[str, Any]:
        """The fields of a query's answer."""
        payload = {"payload": self.request.payload} if self.request.payload is not None else {}
        return {
            **self.party.fields(),
            "sysTransOrderNo": self.number,
            "mercOrderNo": self.merc_order_no,
            "orderStatus": STATUS[self.state],
            "currency": "CNY",
            "totalAmount": self.total,
            **payload,
            **(self._paid() if self.state == "SUCCESS" else {}),
            **({"finishTime": time_text(self.finished_ms)} if self.finished_ms else {}),
        }

    def _paid(self) -> dict[str, Any]:
        return {
            "payerAmount": self.total - self.promotion,
            "promotionAmount": self.promotion,
            "paymentTools": self.tool,
            "payer": self._payer(),
            **({"promotionDetail": [self._promotion_detail()]} if self.promotion else {}),
        }

    def _payer(self) -> dict[str, Any]:
        own = {"openId": self.open_id} if self.party.sub_merc_no is None else {"spOpenId": self.open_id}
        address = self.request.payer.userClientIp if self.request.payer else None
        return own | ({"userClientIp": address, "userClientIpMatched": True} if address else {})

    def _promotion_detail(self) -> dict[str, Any]:
        return {
            "promotionId": f"P{self.number}",
            "promotionType": "COUPON",
            "promotionAmount": self.promotion,
            "promotionStatus": "PROMO_SUCCESS",
        }

    def view(self) -> OrderView:
        paid = self.finished_ms if self.state == "SUCCESS" else None
        return OrderView(
            provider="huawei",
            pid=self.account.pid,
            out_trade_no=self.merc_order_no,
            transaction_id=self.number,
            product=self.product,
            state=self.state,
            total_fee=self.total,
            refunded_fee=self.refunded,
            created_ms=self.created_ms,
            paid_ms=paid,
            notify_url=self.request.callbackUrl,
            payer=self.open_id,
            refunds=tuple(refund.view() for refund in self.refunds),
            detail={"prepayId": self.prepay_id, "tradeSummary": self.request.tradeSummary},
        )


class OrderBook:
    """Every order, oldest first, by the signing merchant's number and its own."""

    def __init__(self) -> None:
        self._orders: dict[tuple[str, str], Order] = {}
        self._by_number: dict[str, Order] = {}
        self._by_prepay_id: dict[str, Order] = {}

    def add(self, order: Order) -> None:
        self._orders[order.account.merc_no, order.merc_order_no] = order
        self._by_prepay_id[order.prepay_id] = order

    def opened(self, order: Order, number: str) -> None:
        order.number = number
        self._by_number[number] = order

    def find(self, merc_no: str, merc_order_no: str) -> Order | None:
        return self._orders.get((merc_no, merc_order_no))

    def by_number(self, number: str) -> Order | None:
        return self._by_number.get(number)

    def by_prepay_id(self, prepay_id: str) -> Order | None:
        return self._by_prepay_id.get(prepay_id)

    def all(self) -> list[Order]:
        return list(self._orders.values())

    def clear(self) -> None:
        self._orders.clear()
        self._by_number.clear()
        self._by_prepay_id.clear()

    def pick(self, out_trade_no: str, pid: str | None) -> Order:
        """For the control API. Raises :class:`SimulatorError` unless exactly one order fits."""
        found = [
            order
            for order in self._orders.values()
            if order.merc_order_no == out_trade_no and pid in (None, order.account.pid)
        ]
        if not found:
            raise SimulatorError(
                f"no huawei order {out_trade_no!r}: create it first, GET /_sim/orders lists them", 404
            )
        if len(found) > 1:
            pids = sorted(order.account.pid for order in found)
            raise SimulatorError(
                f"several merchants have an order {out_trade_no!r}: name one of {pids} as pid"
            )
        return found[0]
