"""What stands before every server call: token, body, both signatures, the user, the fields. In this order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from vkpay_simulator.exchange import Answer, Handler, Request
from vkpay_simulator.providers.weixin.logins import Logins
from vkpay_simulator.providers.wxpay_virtual import signing
from vkpay_simulator.providers.wxpay_virtual.accounts import App
from vkpay_simulator.providers.wxpay_virtual.diagnosis import wrong_pay_sig, wrong_signature
from vkpay_simulator.providers.wxpay_virtual.envelope import answer, json_object, refusal
from vkpay_simulator.providers.wxpay_virtual.errors import XpayError, field_error
from vkpay_simulator.providers.wxpay_virtual.tokens import Tokens

if TYPE_CHECKING:
    from vkpay_simulator.world import World

M = TypeVar("M", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Who is calling. ``openid`` is empty where the call is about no user."""

    app: App
    env: int
    openid: str
    origin: str


Work = Callable[[Call, M], Mapping[str, Any]]


class Gate:
    """Checks calls and frames answers."""

    def __init__(self, world: World, tokens: Tokens, logins: Logins) -> None:
        self._world = world
        self._tokens = tokens
        self._logins = logins

    def guard(self, model: type[M], work: Work[M], *, signed: bool = False) -> Handler:
        """A call under ``/xpay/``; ``signed`` ones need the user's signature as well."""

        def handle(request: Request) -> Mapping[str, Any]:
            app = self._tokens.check(request.query.get("access_token"))
            raw = json_object(request.body)
            env = 1 if raw.get("env") == 1 and raw["env"] is not True else 0
            _check_pay_sig(app, env, request)
            openid = self._user(app, raw) if "openid" in model.__struct_fields__ else ""
            if signed:
                self._check_signature(app, openid, request)
            call = Call(app=app, env=env, openid=openid, origin=request.origin)
            return work(call, _read(raw, model))

        return self.framed(handle)

    def framed(self, work: Callable[[Request], Mapping[str, Any]], *, xpay: bool = True) -> Handler:
        """A call without a signature, or the inside of one that has been checked."""
        ok = {"errcode": 0, "errmsg": "ok"} if xpay else {}

        def handle(request: Request) -> Answer:
            try:
                return answer({**ok, **work(request)})
            except XpayError as error:
                return self.refuse(error)

        return handle

    def refuse(self, error: XpayError) -> Answer:
        return refusal(error, self._world.ids)

    def _user(self, app: App, raw: Mapping[str, Any]) -> str:
        openid = raw.get("openid")
        if not isinstance(openid, str) or not self._logins.knows(app.appid, openid):
            advice = f"{openid!r} never logged in to {app.appid}: POST /_sim/login, then jscode2session."
            raise XpayError(268490001, advice=advice)
        return openid

    def _check_signature(self, app: App, openid: str, request: Request) -> None:
        key, given = self._logins.session_key(app.appid, openid), request.query.get("signature", "")
        if key is None:
            raise XpayError(268490009, advice="The session_key has ended: log the user in again.")
        if not given:
            advice = "This call needs the user's signature as well: send signature in the query."
            raise field_error("签名字段[signature]为空", advice)
        if given != signing.user_signature(key, request.body):
            raise XpayError(268490003, "签名校验失败", advice=wrong_signature(given, key, app, request))


def _check_pay_sig(app: App, env: int, request: Request) -> None:
    given = request.query.get("pay_sig", "")
    if not given:
        raise field_error("签名字段[pay_sig]为空", "Send pay_sig in the query.")
    if given != signing.pay_sig(app.app_keys[env], request.path, request.body):
        advice = wrong_pay_sig(given, app, env, request)
        raise XpayError(268490003, "支付签名(pay_sig)校验失败", advice=advice)


def _read(raw: Mapping[str, Any], model: type[M]) -> M:
    try:
        return msgspec.convert(raw, model)
    except msgspec.ValidationError as error:
        raise field_error(f"请求参数字段错误 {error}", f"{error}.") from error
