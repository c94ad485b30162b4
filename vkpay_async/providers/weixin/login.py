"""Who a login code belongs to, by WeChat's word.

https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/code2Session.html and, of web pages,
https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import urlencode

import msgspec

from vkpay_async.config.secret import Secret
from vkpay_async.providers.base import Flow, HttpRequest, HttpResponse
from vkpay_async.providers.login import SessionLogin, TokenLogin, checked_code, using_up
from vkpay_async.providers.weixin.errors import no_answer, refusal
from vkpay_async.providers.weixin.models import UNREADABLE, AccessAnswer, SessionAnswer, Verdict
from vkpay_async.version import VERSION

DEFAULT_BASE_URL = "https://api.weixin.qq.com"

T = TypeVar("T")

_VERDICT = msgspec.json.Decoder(Verdict)
_SESSION = msgspec.json.Decoder(SessionAnswer)
_ACCESS = msgspec.json.Decoder(AccessAnswer)


class WeixinApp(msgspec.Struct, frozen=True, kw_only=True):
    """An app as WeChat knows it, and the ``provider`` whose settings it stands in."""

    provider: str
    appid: str
    secret: Secret
    base_url: str = DEFAULT_BASE_URL
    timeout_ms: int | None = None


def mini_program_login(app: WeixinApp, code: str) -> Flow[SessionLogin]:
    """The user of a mini program, by the code of ``wx.login``. It works once, within five minutes.

    Raises :class:`InvalidArgument` (1013), and :class:`ProviderError` for a code that WeChat does not take.
    """
    query = {"js_code": checked_code(code, "wx.login")}
    answer = yield from _asked(app, "/sns/jscode2session", query, _SESSION)
    return SessionLogin(
        openid=answer.openid, unionid=answer.unionid or None, session_key=Secret(answer.session_key)
    )


def web_login(app: WeixinApp, code: str, now_ms: int) -> Flow[TokenLogin]:
    """The user of a web page in WeChat, or of an app, by the code that came back to ``redirect_uri``. It works once.

    Raises :class:`InvalidArgument` (1013), and :class:`ProviderError` for a code that WeChat does not take.
    """
    query = {"code": checked_code(code, "the redirect from open.weixin.qq.com")}
    answer = yield from _asked(app, "/sns/oauth2/access_token", query, _ACCESS)
    return TokenLogin(
        openid=answer.openid,
        unionid=answer.unionid or None,
        access_token=Secret(answer.access_token),
        expires=None if answer.expires_in is None else now_ms + answer.expires_in * 1000,
        refresh_token=Secret(answer.refresh_token) if answer.refresh_token else None,
        scope=answer.scope,
    )


def _asked(app: WeixinApp, path: str, query: Mapping[str, str], decoder: msgspec.json.Decoder[T]) -> Flow[T]:
    credentials = {"appid": app.appid, "secret": app.secret.reveal()}
    asked = urlencode({**credentials, **query, "grant_type": "authorization_code"})
    request = HttpRequest(
        method="GET",
        url=f"{app.base_url}{path}?{asked}",
        headers={"Accept": "application/json", "User-Agent": f"vkpay-async/{VERSION}"},
        operation=f"{app.provider}.code2session",
        repeatable=False,
        timeout_ms=app.timeout_ms,
    )
    response = yield from using_up(_sent(request))
    return _read(response, app.provider, request.operation, decoder)


def _sent(request: HttpRequest) -> Flow[HttpResponse]:
    return (yield request)


def _read(response: HttpResponse, provider: str, operation: str, decoder: msgspec.json.Decoder[T]) -> T:
    if response.status != 200:
        raise no_answer(response, provider, operation, f"HTTP {response.status}")
    try:
        verdict = _VERDICT.decode(response.body)
        if verdict.errcode:
            raise refusal(verdict, provider, response.status)
        return decoder.decode(response.body)
    except UNREADABLE as error:
        raise no_answer(response, provider, operation, error) from error
