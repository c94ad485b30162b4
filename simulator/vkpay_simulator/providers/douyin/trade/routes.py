"""The general trade system, put together: every call under its real path."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from vkpay_simulator.exchange import Route
from vkpay_simulator.providers.douyin.answers import Answers
from vkpay_simulator.providers.douyin.ecpay.bills import Bills
from vkpay_simulator.providers.douyin.ecpay.funds import Funds
from vkpay_simulator.providers.douyin.rules import Rules
from vkpay_simulator.providers.douyin.tokens import Tokens
from vkpay_simulator.providers.douyin.trade.gate import Gate, Work
from vkpay_simulator.providers.douyin.trade.more import DOWNLOAD, Act, BillFiles, money, tags
from vkpay_simulator.providers.douyin.trade.notify import Notifier
from vkpay_simulator.providers.douyin.trade.orders import TradeBook, TradeOrders
from vkpay_simulator.providers.douyin.trade.refunds import TradeRefunds
from vkpay_simulator.providers.douyin.trade.settlements import TradeSettlements

if TYPE_CHECKING:
    from vkpay_simulator.world import World

V1, SAAS = "/api/trade_basic/v1/developer/", "/api/apps/ecpay/saas/"


class Trade:
    """The parts of the general trade system in one world."""

    def __init__(self, world: World, rules: Rules, answers: Answers, tokens: Tokens, funds: Funds) -> None:
        self.book = TradeBook()
        self.gate = Gate(world, tokens, answers)
        self._notifier = notifier = Notifier(world, rules, answers)
        self.orders = TradeOrders(world, self.book, notifier)
        self.refunds = TradeRefunds(world, self.book, notifier, rules)
        self.settlements = TradeSettlements(world, self.book, notifier, rules)
        bills = Bills(world.clock, lambda app: [one for one in self.book.all() if one.app is app])
        self._files = BillFiles(world, bills)
        self._tokens = tokens
        self._funds = funds
        self.operations = frozenset(name for _, name, _ in self._calls())

    def clear(self) -> None:
        for part in (self.book, self.refunds, self.settlements, self._files):
            part.clear()

    def routes(self) -> list[Route]:
        calls = [
            Route(method="POST", path=path, operation=name, handler=self.gate.guard(work))
            for path, name, work in self._calls()
        ]
        return [
            *calls,
            Route(
                method="POST",
                path="/oauth/client_token/",
                operation="client_token",
                handler=self._tokens.client_token,
            ),
            Route(method="GET", path=DOWNLOAD, operation="bill_file", handler=self._files.download),
        ]

    def _calls(self) -> list[tuple[str, str, Work]]:
        named: dict[str, Work] = {
            "order_query": self.orders.query,
            "query_cps": self.orders.query_cps,
            "fulfill_push_status": self.orders.fulfil,
            "refund_create": self.refunds.create,
            "refund_query": self.refunds.query,
            "refund_audit_callback": self.refunds.audit,
            "settle_create": self.settlements.create,
            "settle_query": self.settlements.query,
            "tag_query": tags,
        }
        funds: dict[str, Act] = {
            "query_merchant_balance": self._funds.balance,
            "merchant_withdraw": partial(self._funds.withdraw, teller=self._notifier),
            "query_withdraw_order": self._funds.query,
        }
        return [
            *((f"{V1}{name}/", name, work) for name, work in named.items()),
            ("/api/apps/v3/bills/", "trade_bills", self._files.trade),
            ("/api/apps/v3/fund/bills/", "trade_fund_bills", self._files.funds),
            *((f"{SAAS}{name}/", f"trade_{name}", money(act)) for name, act in funds.items()),
        ]
