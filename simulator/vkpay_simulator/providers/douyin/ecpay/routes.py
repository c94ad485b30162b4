"""Guaranteed payment, put together: every call under its real path."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from vkpay_simulator.exchange import Route
from vkpay_simulator.providers.douyin.accounts import Accounts
from vkpay_simulator.providers.douyin.answers import Answers
from vkpay_simulator.providers.douyin.ecpay import onboarding
from vkpay_simulator.providers.douyin.ecpay.bills import Bills
from vkpay_simulator.providers.douyin.ecpay.burnt import Burnt
from vkpay_simulator.providers.douyin.ecpay.funds import Funds
from vkpay_simulator.providers.douyin.ecpay.gate import Call, Endpoint, Gate, Work
from vkpay_simulator.providers.douyin.ecpay.notify import Notifier
from vkpay_simulator.providers.douyin.ecpay.onboarding import Pages
from vkpay_simulator.providers.douyin.ecpay.orders import OrderBook, Orders
from vkpay_simulator.providers.douyin.ecpay.refunds import Refunds
from vkpay_simulator.providers.douyin.ecpay.returns import Returns
from vkpay_simulator.providers.douyin.ecpay.settlements import Settlements
from vkpay_simulator.providers.douyin.ecpay.sync import Sync
from vkpay_simulator.providers.douyin.errors import FOREIGN_APP
from vkpay_simulator.providers.douyin.rules import Rules
from vkpay_simulator.providers.douyin.tokens import Tokens

if TYPE_CHECKING:
    from vkpay_simulator.world import World

V1, SAAS = "/api/apps/ecpay/v1/", "/api/apps/ecpay/saas/"
PAGES = ("add_merchant", "add_sub_merchant", "get_app_merchant", "app_add_sub_merchant")


class Ecpay:
    """The parts of guaranteed payment in one world."""

    def __init__(
        self, world: World, accounts: Accounts, rules: Rules, answers: Answers, tokens: Tokens
    ) -> None:
        self.book = OrderBook()
        self.gate = Gate(world, accounts, rules, answers)
        self.notifier = Notifier(world, rules)
        burnt = Burnt()
        self.orders = Orders(world, self.book, rules)
        self.refunds = Refunds(world, self.book, burnt, self.notifier, rules)
        self.settlements = Settlements(world, self.book, burnt, self.notifier, rules)
        self.returns = Returns(world, self.settlements, burnt, rules)
        self.funds = Funds(world, burnt, self.notifier, rules)
        self.bills = Bills(world.clock, lambda app: [one for one in self.book.all() if one.app is app])
        self._pages = Pages(world)
        self._sync = Sync(world, self.book, tokens, answers)
        self._burnt = burnt
        self._calls = [*self._payment_calls(), *self._merchant_calls()]
        self._files = self._file_calls()

    def clear(self) -> None:
        for part in (
            self.book,
            self.gate,
            self._burnt,
            self.refunds,
            self.settlements,
            self.returns,
            self.funds,
        ):
            part.clear()

    def endpoint(self, operation: str) -> Endpoint | None:
        every = [one for _, one, _ in self._calls] + [one for _, one, _ in self._files]
        return next((one for one in every if one.name == operation), None)

    def routes(self) -> list[Route]:
        posted = [
            Route(method="POST", path=path, operation=one.name, handler=self.gate.guard(one, work))
            for path, one, work in self._calls
        ]
        files = [
            Route(method="GET", path=path, operation=one.name, handler=self.gate.guard_file(one, work))
            for path, one, work in self._files
        ]
        push = Route(
            method="POST", path="/api/apps/order/v2/push", operation="push_order", handler=self._sync.push
        )
        return [*posted, *files, push]

    def _payment_calls(self) -> list[tuple[str, Endpoint, Work]]:
        settlements, returns = self.settlements, self.returns
        calls: list[tuple[Endpoint, Work]] = [
            (Endpoint(name="create_order", empty={"data": None}), self.orders.create),
            (Endpoint(name="query_order"), self.orders.query),
            (Endpoint(name="create_refund", empty={"refund_no": ""}), self.refunds.create),
            (Endpoint(name="query_refund"), self.refunds.query),
            (Endpoint(name="settle", empty={"settle_no": ""}), settlements.create),
            (Endpoint(name="query_settle"), settlements.query),
            (Endpoint(name="unsettle_amount", in_sandbox=False), settlements.unsettled),
            (Endpoint(name="create_return", unknown_app=FOREIGN_APP), returns.create),
            (Endpoint(name="query_return", unknown_app=FOREIGN_APP), returns.query),
            (Endpoint(name="query_platform_order", in_sandbox=False), settlements.automatic),
        ]
        return [(V1 + one.name, one, work) for one, work in calls]

    def _merchant_calls(self) -> list[tuple[str, Endpoint, Work]]:
        calls: dict[str, Work] = {
            "query_merchant_balance": self.funds.balance,
            "merchant_withdraw": self.funds.withdraw,
            "query_withdraw_order": self.funds.query,
            "query_merchant_status": onboarding.status,
            **dict.fromkeys(PAGES, self._pages.open),
        }
        return [
            (SAAS + name, Endpoint(name=name, in_sandbox=False, for_partner=name in PAGES), work)
            for name, work in calls.items()
        ]

    def _file_calls(self) -> list[tuple[str, Endpoint, Callable[[Call], bytes]]]:
        return [
            ("/api/apps/bills", Endpoint(name="bills", in_sandbox=False), self.bills.trade),
            ("/api/apps/bill", Endpoint(name="bill", in_sandbox=False), self.bills.old),
            ("/api/apps/fund/bills", Endpoint(name="fund_bills", in_sandbox=False), self.bills.funds),
        ]
