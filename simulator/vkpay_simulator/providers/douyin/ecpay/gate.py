"""What stands before every call of guaranteed payment: is it JSON, whose is it, is it signed, is it too often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from vkpay_simulator.exchange import Answer, Handler, Request
from vkpay_simulator.providers.douyin.accounts import Accounts, App
from vkpay_simulator.providers.douyin.answers import Answers
from vkpay_simulator.providers.douyin.ecpay.diagnosis import why_unsigned
from vkpay_simulator.providers.douyin.errors import (
    BAD_SIGN,
    BUSY,
    NOT_AUTHORISED,
    UNKNOWN_APP,
    UNKNOWN_PARTNER,
    Refusal,
    ecpay_refusal,
    refused,
)
from vkpay_simulator.providers.douyin.fields import Fields, parse_object
from vkpay_simulator.providers.douyin.rules import Rules
from vkpay_simulator.providers.douyin.signing import accepted_signs

if TYPE_CHECKING:
    from vkpay_simulator.world import World

NEGATIVE_TEST = "Aweme-Negative-Test"
NEGATIVE_CASES = {"MA_PAY_BAN": "小程序支付能力已被封禁"}
QPS = {
    "query_order": 150,
    "create_refund": 50,
    "query_refund": 30,
    "settle": 30,
    "query_settle": 30,
    "create_return": 50,
    "query_return": 50,
}


@dataclass(frozen=True, slots=True)
class Call:
    """A call that may come in: the app it is for, and what it says."""

    app: App
    fields: Fields

    @property
    def values(self) -> dict[str, Any]:
        return self.fields.values


class Reply(NamedTuple):
    """What stands beside ``err_no`` 0."""

    payload: dict[str, Any]
    tips: str = "success"


Work = Callable[[Call], Reply]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One call. ``empty`` stands beside the code when it is refused; ``unknown_app`` is the code for that.

    ``in_sandbox``: sandbox apps have it too. ``for_partner``: a service provider's own, which may name no app.
    """

    name: str
    empty: dict[str, Any] = field(default_factory=dict)
    unknown_app: int = UNKNOWN_APP
    in_sandbox: bool = True
    for_partner: bool = False


class Gate:
    """Admits calls, and answers."""

    def __init__(self, world: World, accounts: Accounts, rules: Rules, answers: Answers) -> None:
        self._world = world
        self._accounts = accounts
        self._rules = rules
        self._answers = answers
        self._seen: dict[tuple[str, str], tuple[int, int]] = {}

    def clear(self) -> None:
        self._seen.clear()

    def guard(self, endpoint: Endpoint, work: Work) -> Handler:
        """The call as the outside sees it: a JSON object is posted, and comes back."""

        def handle(request: Request) -> Answer:
            try:
                reply = work(self.admit(request, endpoint, parse_object(request.body)))
            except Refusal as no:
                return self.refuse(no, endpoint)
            return self._answers.json({"err_no": 0, "err_tips": reply.tips, **reply.payload})

        return handle

    def guard_file(self, endpoint: Endpoint, work: Callable[[Call], bytes]) -> Handler:
        """A download: parameters stand in the query, signed alike."""

        def handle(request: Request) -> Answer:
            try:
                body = work(self.admit(request, endpoint, dict(request.query)))
            except Refusal as no:
                return self.refuse(no, endpoint)
            return self._answers.file(body, "text/csv; charset=utf-8")

        return handle

    def refuse(self, no: Refusal, endpoint: Endpoint) -> Answer:
        return self._answers.json({"err_no": no.code, "err_tips": no.tips, **endpoint.empty}, explain=no.why)

    def admit(self, request: Request, endpoint: Endpoint, values: dict[str, Any] | None) -> Call:
        """Raises :class:`Refusal` for the first thing that is wrong, in Douyin's order."""
        if values is None:
            raise refused("请求体不是合法的JSON", "The body is no JSON object: post one as application/json.")
        app = self._app(endpoint, values)
        _check_partner(app, values.get("thirdparty_id"))
        _check_sign(app, values)
        self._check_rate(app, endpoint.name)
        _check_sandbox(app, endpoint, request)
        return Call(app, Fields(values, refused, self._world.settings.allow_notify_hosts))

    def _app(self, endpoint: Endpoint, values: dict[str, Any]) -> App:
        app_id = values.get("app_id")
        if endpoint.for_partner and not app_id:
            app = self._accounts.of_partner(values.get("thirdparty_id"))
            if app is None:
                raise ecpay_refusal(UNKNOWN_PARTNER, why=_whose_partner(self._accounts))
            return app
        app = self._accounts.find(app_id)
        if app is None:
            known = ", ".join(one.app_id for one in self._accounts.all())
            why = f"No merchant here has the app_id {app_id!r}: take appId of GET /_sim/merchants/{{pid}} ({known})."
            raise ecpay_refusal(endpoint.unknown_app, why=why)
        return app

    def _check_rate(self, app: App, name: str) -> None:
        if not self._rules.rate_limit or name not in QPS:
            return
        second = self._world.clock.now() // 1000
        before, count = self._seen.get((app.app_id, name), (second, 0))
        count = count + 1 if before == second else 1
        self._seen[app.app_id, name] = second, count
        if count > QPS[name]:
            why = f"More than {QPS[name]} calls of {name} in one second: rate_limit of /_sim/douyin/rules is on."
            raise ecpay_refusal(BUSY, why=why)


def _whose_partner(accounts: Accounts) -> str:
    known = ", ".join(app.thirdparty_id for app in accounts.all() if app.thirdparty_id)
    return f"thirdparty_id is none of those here ({known}): take thirdpartyId of GET /_sim/merchants/partner."


def _check_partner(app: App, thirdparty_id: object) -> None:
    if thirdparty_id in (None, ""):
        return
    if app.thirdparty_id is None:
        why = "The app has no service provider: leave thirdparty_id out, or take the merchant partner."
        raise ecpay_refusal(UNKNOWN_PARTNER, why=why)
    if thirdparty_id != app.thirdparty_id:
        why = f"thirdparty_id of this app is {app.thirdparty_id}."
        raise ecpay_refusal(UNKNOWN_PARTNER, why=why)
    if not app.authorised:
        why = "The app does not let its service provider act for it: POST /_sim/douyin/account with authorised true."
        raise ecpay_refusal(NOT_AUTHORISED, why=why)


def _check_sign(app: App, values: dict[str, Any]) -> None:
    if values.get("sign") not in list(accepted_signs(values, app.salt)):
        raise ecpay_refusal(BAD_SIGN, why=why_unsigned(values, app.salt))


def _check_sandbox(app: App, endpoint: Endpoint, request: Request) -> None:
    if not app.sandbox:
        return
    case = request.headers.get(NEGATIVE_TEST)
    if case:
        published = ", ".join(NEGATIVE_CASES)
        tips = NEGATIVE_CASES.get(case, f"负向测试：{case}")
        raise refused(tips, f"{NEGATIVE_TEST} asks for it. Of the cases only {published} is published.")
    if not endpoint.in_sandbox:
        raise refused(
            "沙盒环境不支持该接口", f"The sandbox has no {endpoint.name}: use an app that is no sandbox's."
        )
