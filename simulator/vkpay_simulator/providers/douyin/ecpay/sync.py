"""``/api/apps/order/v2/push``: what a merchant tells of its own orders. Fulfilment shortens the settlement cycle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vkpay_simulator.exchange import Answer, Request
from vkpay_simulator.providers.douyin.accounts import App
from vkpay_simulator.providers.douyin.answers import Answers
from vkpay_simulator.providers.douyin.ecpay.orders import OrderBook
from vkpay_simulator.providers.douyin.errors import Refusal
from vkpay_simulator.providers.douyin.fields import parse_object
from vkpay_simulator.providers.douyin.tokens import Tokens

if TYPE_CHECKING:
    from vkpay_simulator.world import World

BAD_TOKEN, BAD_PARAMETER = 40004, 40002
STATUSES = frozenset({0, 1, 2, 4, 5, 6, 8})
FULFILLED = 4


class Sync:
    """Takes pushes; of the details only the number is read."""

    def __init__(self, world: World, book: OrderBook, tokens: Tokens, answers: Answers) -> None:
        self._world = world
        self._book = book
        self._tokens = tokens
        self._answers = answers

    def push(self, request: Request) -> Answer:
        pushed = parse_object(request.body) or {}
        app = self._tokens.app_of_pusher(pushed.get("access_token"))
        try:
            if app is None:
                why = "access_token is one of POST /api/apps/v2/token, no older than two hours."
                raise Refusal(BAD_TOKEN, "access_token错误，请检查该字段是否错误或过期", why=why)
            self._take(app, pushed)
        except Refusal as no:
            return self._answers.json({"err_code": no.code, "err_msg": no.tips, "body": ""}, explain=no.why)
        return self._answers.json({"err_code": 0, "err_msg": "", "body": ""})

    def _take(self, app: App, pushed: dict[str, Any]) -> None:
        status, detail = pushed.get("order_status"), pushed.get("order_detail")
        if isinstance(status, bool) or status not in STATUSES:
            raise _bad("order_status", f"it is one of {', '.join(map(str, sorted(STATUSES)))}")
        found = parse_object(detail.encode(errors="replace")) if isinstance(detail, str) else None
        if found is None or not isinstance(found.get("order_id"), str):
            raise _bad(
                "order_detail", "it is the text of a JSON object with order_id, the merchant's own number"
            )
        order = self._book.find(app, found["order_id"])
        if order is not None and order.paid and status == FULFILLED and order.fulfilled_ms is None:
            order.fulfilled_ms = self._world.clock.now()


def _bad(name: str, why: str) -> Refusal:
    return Refusal(BAD_PARAMETER, f"{name}参数错误", why=f"{name}: {why}.")
