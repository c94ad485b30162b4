"""The buyer's browser and the buyer's phone: page.pay, wap.pay and app.pay."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, quote

from multidict import CIMultiDict

from vkpay_simulator.clock import Clock, china_text
from vkpay_simulator.exchange import Answer, Request
from vkpay_simulator.ids import Ids
from vkpay_simulator.providers.alipay import states
from vkpay_simulator.providers.alipay.buyers import Buyers
from vkpay_simulator.providers.alipay.envelope import content_text, node_of
from vkpay_simulator.providers.alipay.errors import Refusal
from vkpay_simulator.providers.alipay.fields import yuan
from vkpay_simulator.providers.alipay.hints import hint
from vkpay_simulator.providers.alipay.models import Call, Trade
from vkpay_simulator.providers.alipay.notify import Notifier
from vkpay_simulator.providers.alipay.orders import Content, numbers, success
from vkpay_simulator.providers.alipay.signing import sign
from vkpay_simulator.providers.alipay.terms import parse_terms
from vkpay_simulator.providers.alipay.trades import Trades
from vkpay_simulator.ui.alipay_cashier import cashier_page, message_page

PATH = "/_cashier/alipay/"
# What may stand in an address as it is; everything else is percent-encoded before it goes into a header.
ADDRESS = "%/:=&?~#+!$,;'@()*[]"


@dataclass(frozen=True, slots=True)
class Visit:
    """One display of the cashier."""

    trade: Trade
    return_url: str


def page_answer(page: str, status: int = 200) -> Answer:
    headers = CIMultiDict({"Content-Type": "text/html;charset=utf-8"})
    return Answer(status=status, body=page.encode(), headers=headers)


class Cashier:
    """Shows the cashier, and does what its buttons say."""

    def __init__(self, clock: Clock, ids: Ids, trades: Trades, buyers: Buyers, notifier: Notifier) -> None:
        self._clock = clock
        self._ids = ids
        self._trades = trades
        self._buyers = buyers
        self._notifier = notifier
        self._visits: dict[str, Visit] = {}

    def clear(self) -> None:
        self._visits.clear()

    def trade_of(self, token: str) -> Trade | None:
        visit = self._visits.get(token)
        return visit.trade if visit else None

    def show(self, call: Call) -> str:
        """A page or wap method: the order is known from here on, the trade when the buyer goes further."""
        trade = self._trades.submit(call, parse_terms(call, self._clock.now()))
        token = self._ids.hex(32)
        self._visits[token] = Visit(trade, call.params.get("return_url"))
        return _page_of(trade, token)

    def revisit(self, request: Request) -> Answer:
        visit = self._visits.get(request.params["token"])
        if visit is None:
            return _unknown()
        return page_answer(_page_of(visit.trade, request.params["token"]))

    def press(self, request: Request) -> Answer:
        """A button of the page: ``pay`` pays and sends the buyer back, ``close`` leaves the order payable."""
        visit = self._visits.get(request.params["token"])
        if visit is None:
            return _unknown()
        if parse_qs(request.body.decode("latin-1")).get("choice") != ["pay"]:
            return page_answer(message_page("已离开收银台", "尚未付款，订单仍可支付。", _quit_url(visit)))
        if not visit.trade.payable:
            return page_answer(message_page("无法付款", f"交易状态：{visit.trade.state}"))
        self._trades.pay(visit.trade, visit.trade.buyer or self._buyers.somebody())
        return self._back(visit)

    def _back(self, visit: Visit) -> Answer:
        if not visit.return_url:
            return page_answer(message_page("付款成功", "可以关闭本页。"))
        address = quote(self._notifier.return_url(visit.trade, visit.return_url), safe=ADDRESS)
        return Answer(status=302, headers=CIMultiDict({"Location": address}))

    def app_pay(self, call: Call, payer: str | None, *, confirm: bool) -> Content:
        """The phone's wallet: takes the order string, pays, and gives the app its result.

        Without ``confirm`` the buyer leaves before the password: the order is known then, and no trade yet.
        """
        trade = self._trades.submit(call, parse_terms(call, self._clock.now()))
        if not confirm:
            return {"resultStatus": "6001", "memo": "操作已经取消。", "result": ""}
        self._trades.pay(trade, trade.buyer or self._buyers.payer(call.app, payer))
        content = success(
            **numbers(trade),
            app_id=call.app.app_id,
            auth_app_id=call.auth_app_id,
            charset=call.params.charset,
            seller_id=trade.seller.pid,
            timestamp=china_text(self._clock.now()),
            total_amount=yuan(trade.terms.total),
        )
        return {"resultStatus": "9000", "memo": "", "result": sync_result(call, content)}


def _quit_url(visit: Visit) -> str:
    return visit.trade.terms.quit_url or ""


def sync_result(call: Call, content: Content) -> str:
    """The JSON text that the phone SDK hands to the app."""
    text = content_text(content)
    signature = sign(call.app.alipay_key, call.params.encoded(text), call.app.sign_type)
    return f'{{"{node_of(call.method)}":{text},"sign":"{signature}","sign_type":"{call.app.sign_type}"}}'


def refused_result(refused: Refusal) -> Content:
    """The phone shows the merchant's mistakes, too: the wallet does not open."""
    why = refused.why or hint(refused.sub_code, refused.sub_msg)
    return {"resultStatus": "4000", "memo": f"{refused.sub_code} {why}", "result": ""}


def _page_of(trade: Trade, token: str) -> str:
    if trade.state not in (states.UNOPENED, states.WAIT_BUYER_PAY):
        return message_page("无法付款", f"交易状态：{trade.state}")
    return cashier_page(
        action=PATH + token,
        seller=trade.seller.name,
        subject=trade.terms.subject,
        amount=yuan(trade.terms.total),
        out_trade_no=trade.terms.out_trade_no,
    )


def _unknown() -> Answer:
    return page_answer(message_page("页面已失效", "请回到商户页面重新付款。"), status=404)
