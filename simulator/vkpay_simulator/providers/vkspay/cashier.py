"""The pay page behind a link: one address for both wallets. What it looks like is ours; that a link opens in either
wallet, and that the buyer comes back to ``return_url``, is the vendor's word."""

from __future__ import annotations

from urllib.parse import parse_qs, quote, urlencode

from multidict import CIMultiDict

from vkpay_simulator.exchange import Answer, Request
from vkpay_simulator.providers.vkspay.fields import yuan
from vkpay_simulator.providers.vkspay.models import WALLETS, Order
from vkpay_simulator.providers.vkspay.orders import PAY_PAGE, Book
from vkpay_simulator.providers.vkspay.rules import Rules
from vkpay_simulator.ui.vkspay_cashier import message_page, pay_page

# What may stand in an address as it is; everything else is percent-encoded before it goes into a header.
ADDRESS = "%/:=&?~#+!$,;'@()*[]"
BROWSERS = {"micromessenger": "wxpay", "alipay": "alipay"}


class Cashier:
    """Shows the page, and does what its buttons say."""

    def __init__(self, book: Book, rules: Rules) -> None:
        self._book = book
        self._rules = rules

    def order_of(self, request: Request) -> Order | None:
        return self._book.linked(request.query.get("o", ""))

    def show(self, request: Request) -> Answer:
        order, wallet = self.order_of(request), _wallet_of(request)
        refusal = self._refusal(order, wallet)
        if order is None or refusal:
            return _page(message_page("无法付款", refusal), 404 if order is None else 200)
        if wallet and self._rules.single_use_links:
            order.claimed = wallet
        offered = [one for one in WALLETS if one in (wallet or one) and one in (order.only or one)]
        return _page(
            pay_page(
                action=f"{PAY_PAGE}?o={order.link}",
                seller=order.account.name,
                subject=order.subject or "",
                amount=yuan(order.total),
                out_trade_no=order.number,
                wallets=offered,
            )
        )

    def press(self, request: Request) -> Answer:
        """A button of the page: ``wxpay`` and ``alipay`` pay and send the buyer back, ``leave`` leaves the order payable."""
        order = self.order_of(request)
        choice = (parse_qs(request.body.decode("latin-1")).get("choice") or [""])[0]
        refusal = self._refusal(order, choice, claimed=True)
        if order is None or not order.payable:
            return _page(message_page("无法付款", refusal), 404 if order is None else 200)
        if choice not in WALLETS:
            return _page(message_page("尚未付款", "订单仍可支付。"))
        if refusal:
            return _page(message_page("无法付款", refusal))
        self._book.pay(order, choice)
        if not order.return_url:
            return _page(message_page("付款成功", "可以关闭本页。"))
        back = quote(_with_number(order.return_url, order.number), safe=ADDRESS)
        return Answer(status=302, headers=CIMultiDict({"Location": back}))

    def _refusal(self, order: Order | None, wallet: str | None, *, claimed: bool = False) -> str:
        """Why this wallet cannot pay this order, or nothing."""
        if order is None:
            return "链接不存在。"
        if not order.payable:
            return f"订单状态：{order.state}"
        if wallet and wallet not in (order.only or wallet):
            return "此订单不支持用当前钱包支付。"
        if order.claimed and not claimed and self._rules.single_use_links:
            return "链接已被使用，请重新下单。"
        return ""


def _wallet_of(request: Request) -> str | None:
    agent = request.headers.get("User-Agent", "").lower()
    return next((wallet for mark, wallet in BROWSERS.items() if mark in agent), None)


def _with_number(address: str, number: str) -> str:
    address, mark, fragment = address.partition("#")
    joined = "&" if "?" in address else "?"
    return f"{address}{joined}{urlencode({'out_trade_no': number})}{mark}{fragment}"


def _page(page: str, status: int = 200) -> Answer:
    headers = CIMultiDict({"Content-Type": "text/html;charset=utf-8"})
    return Answer(status=status, body=page.encode(), headers=headers)
