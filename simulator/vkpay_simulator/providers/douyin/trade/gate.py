"""What stands before every call of the general trade system: the client token, and a JSON object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from vkpay_simulator.exchange import Answer, Handler, Request
from vkpay_simulator.providers.douyin.accounts import App
from vkpay_simulator.providers.douyin.answers import Answers
from vkpay_simulator.providers.douyin.errors import PARAM_ERROR, SETTLING, Refusal, trade_refusal
from vkpay_simulator.providers.douyin.fields import Fields, parse_object
from vkpay_simulator.providers.douyin.tokens import Tokens

if TYPE_CHECKING:
    from vkpay_simulator.world import World

ACCESS_HEADER = "access-token"


@dataclass(frozen=True, slots=True)
class Call:
    """A call that may come in. ``origin`` is where it came in."""

    app: App
    fields: Fields
    origin: str

    @property
    def values(self) -> dict[str, Any]:
        return self.fields.values


class Reply(NamedTuple):
    """``data`` of the answer; ``beside`` stands at the top level."""

    data: Any = None
    beside: dict[str, Any] = {}


Work = Callable[[Call], Reply]


def param_error(tips: str, why: str) -> Refusal:
    return trade_refusal(PARAM_ERROR, tips, why=why)


class Gate:
    """Admits calls, and answers."""

    def __init__(self, world: World, tokens: Tokens, answers: Answers) -> None:
        self._world = world
        self._tokens = tokens
        self._answers = answers

    def guard(self, work: Work) -> Handler:
        def handle(request: Request) -> Answer:
            try:
                reply = work(self._admit(request))
            except Refusal as no:
                return self.refuse(no)
            log_id = self._answers.log_id()
            data = {} if reply.data is None else {"data": reply.data}
            body = {"err_no": 0, "err_msg": "success", "log_id": log_id, **data, **reply.beside}
            return self._answers.json(body, log_id=log_id)

        return handle

    def refuse(self, no: Refusal) -> Answer:
        """Settlements say no with HTTP 400, everything else with 200."""
        log_id = self._answers.log_id()
        body = {"err_no": no.code, "err_msg": no.tips, "log_id": log_id}
        status = 400 if no.code in SETTLING else 200
        return self._answers.json(body, status=status, explain=no.why, log_id=log_id)

    def _admit(self, request: Request) -> Call:
        app = self._tokens.app_of_client(request.headers.get(ACCESS_HEADER))
        values = parse_object(request.body)
        if values is None:
            raise param_error(
                "请求体不是合法的JSON", "The body is no JSON object: post one as application/json."
            )
        fields = Fields(values, param_error, self._world.settings.allow_notify_hosts)
        return Call(app, fields, request.origin)
