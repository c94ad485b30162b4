"""Orders: what is kept of each, and how each state looks from outside."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import UNSET, Struct

from vkpay_simulator.clock import china_rfc3339
from vkpay_simulator.providers.base import OrderView, SimulatorError
from vkpay_simulator.providers.wxpay.accounts import Account
from vkpay_simulator.providers.wxpay.models import (
    DirectCodePay,
    DirectOrder,
    DirectReverse,
    PartnerCodePay,
    PartnerOrder,
    PartnerReverse,
)
from vkpay_simulator.providers.wxpay.states import CODE_PAY_ORDER, ORDER, STATE_TEXTS

if TYPE_CHECKING:
    from vkpay_simulator.providers.wxpay.refunds import Refund

OrderRequest: TypeAlias = DirectOrder | PartnerOrder | DirectCodePay | PartnerCodePay
Addressed: TypeAlias = OrderRequest | DirectReverse | PartnerReverse

TRADE_TYPES = {"jsapi": "JSAPI", "app": "APP", "native": "NATIVE", "h5": "MWEB", "codepay": "MICROPAY"}
DAY_MS = 86_400_000
PAID_STATES = frozenset({"SUCCESS", "REFUND", "REVOKED"})


class Party(Struct, frozen=True, kw_only=True):
    """Whose order it is. The two ``sub_`` numbers belong to partner orders."""

    appid: str
    mchid: str
    sub_appid: str | None = None
    sub_mchid: str | None = None

    def fields(self) -> dict[str, str]:
        if self.sub_mchid is None:
            return {"appid": self.appid, "mchid": self.mchid}
        sub_appid = {"sub_appid": self.sub_appid} if self.sub_appid else {}
        return {
            "sp_appid": self.appid,
            "sp_mchid": self.mchid,
            **sub_appid,
            "sub_mchid": self.sub_mchid,
        }

    def merchants(self) -> dict[str, str]:
        """The same without the appids."""
        return {name: value for name, value in self.fields().items() if name.endswith("mchid")}


def party_of(request: Addressed) -> Party:
    if isinstance(request, (DirectOrder, DirectCodePay, DirectReverse)):
        return _party(request.appid, request.mchid)
    return _party(request.sp_appid or "", request.sp_mchid, request.sub_appid or None, request.sub_mchid)


@lru_cache(maxsize=4096)  # each merchant has many orders
def _party(appid: str, mchid: str, sub_appid: str | None = None, sub_mchid: str | None = None) -> Party:
    return Party(appid=appid, mchid=mchid, sub_appid=sub_appid, sub_mchid=sub_mchid)


@dataclass(slots=True, kw_only=True)
class Order:
    """One order. Times in milliseconds of business time; amounts in fen. ``reversed_ms``: a paid one was taken back."""

    account: Account
    request: OrderRequest
    product: str
    created_ms: int
    expires_ms: int
    state: str = "NOTPAY"
    link_ms: int = 0
    opened: bool = False
    transaction_id: str | None = None
    paid_ms: int | None = None
    reversed_ms: int | None = None
    payer: dict[str, str] = field(default_factory=dict)
    bank_type: str = "OTHERS"
    refunds: list[Refund] = field(default_factory=list)
    party: Party = field(init=False)

    def __post_init__(self) -> None:
        self.party = party_of(self.request)

    @property
    def out_trade_no(self) -> str:
        return self.request.out_trade_no

    @property
    def payee(self) -> str:
        """The mchid the money belongs to."""
        return self.party.sub_mchid or self.party.mchid

    @property
    def total(self) -> int:
        return self.request.amount.total

    @property
    def notify_url(self) -> str | None:
        return getattr(self.request, "notify_url", None)

    @property
    def refunded(self) -> int:
        return sum(refund.amount for refund in self.refunds if refund.state != "CLOSED")

    def move(self, state: str) -> None:
        table = CODE_PAY_ORDER if self.product == "codepay" else ORDER
        self.state = table.check(self.state, state)

    def transaction(self) -> dict[str, Any]:
        """The transaction object of queries, code payments and notifications."""
        shared = self.party.fields() | {
            "out_trade_no": self.out_trade_no,
            "trade_state": self.state,
            "trade_state_desc": STATE_TEXTS[self.state],
        }
        paid = self.transaction_id is not None
        return shared | (self._paid_part() if paid else self._unpaid_part())

    def _unpaid_part(self) -> dict[str, Any]:
        return {
            "amount": {"payer_currency": "CNY", "total": self.total},
            "promotion_detail": [],
            "scene_info": {"device_id": self._device_id or ""},
            **({"attach": self.request.attach} if self.request.attach is not UNSET else {}),
        }

    def _paid_part(self) -> dict[str, Any]:
        return {
            "transaction_id": self.transaction_id,
            "trade_type": TRADE_TYPES[self.product],
            "bank_type": self.bank_type,
            "attach": self.request.attach or "",
            "success_time": china_rfc3339(self.paid_ms or 0),
            "payer": self.payer,
            "amount": {
                "total": self.total,
                "payer_total": self.total,
                "currency": "CNY",
                "payer_currency": "CNY",
            },
            **({"scene_info": {"device_id": self._device_id}} if self._device_id else {}),
        }

    @property
    def _device_id(self) -> str | None:
        return (self.request.scene_info or None) and (self.request.scene_info.device_id or None)

    def view(self) -> OrderView:
        return OrderView(
            provider="wxpay",
            pid=self.account.pid,
            out_trade_no=self.out_trade_no,
            transaction_id=self.transaction_id,
            product=self.product,
            state=self.state,
            total_fee=self.total,
            refunded_fee=self.refunded,
            created_ms=self.created_ms,
            paid_ms=self.paid_ms,
            notify_url=self.notify_url,
            payer=self.payer.get("sub_openid") or self.payer.get("openid") or self.payer.get("sp_openid"),
            refunds=tuple(refund.view() for refund in self.refunds),
            detail=self.transaction(),
        )


class OrderBook:
    """Every order, oldest first, by the signing merchant's number and its own."""

    def __init__(self) -> None:
        self._orders: dict[tuple[str, str], Order] = {}
        self._by_transaction: dict[str, Order] = {}
        self._mchids: dict[str, str] = {}

    def add(self, order: Order) -> None:
        self._mchids[order.account.pid] = order.account.mchid
        self._orders[order.account.mchid, order.out_trade_no] = order

    def paid(self, order: Order, transaction_id: str) -> None:
        self._by_transaction[transaction_id] = order

    def find(self, mchid: str, out_trade_no: str) -> Order | None:
        return self._orders.get((mchid, out_trade_no))

    def numbered(self, out_trade_no: str, pid: str | None = None) -> list[Order]:
        """Of that merchant or of all: there are few of these, and many orders."""
        mchids = self._mchids.values() if pid is None else (self._mchids.get(pid, ""),)
        return [order for mchid in mchids if (order := self._orders.get((mchid, out_trade_no))) is not None]

    def by_transaction(self, transaction_id: str) -> Order | None:
        return self._by_transaction.get(transaction_id)

    def all(self) -> list[Order]:
        return list(self._orders.values())

    def clear(self) -> None:
        self._orders.clear()
        self._by_transaction.clear()
        self._mchids.clear()

    def pick(self, out_trade_no: str, pid: str | None) -> Order:
        """For the control API. Raises :class:`SimulatorError` unless exactly one order fits."""
        found = self.numbered(out_trade_no, pid)
        if not found:
            raise SimulatorError(
                f"no wxpay order {out_trade_no!r}: create it first, GET /_sim/orders lists them", 404
            )
        if len(found) > 1:
            pids = sorted(order.account.pid for order in found)
            raise SimulatorError(
                f"several merchants have an order {out_trade_no!r}: name one of {pids} as pid"
            )
        return found[0]
