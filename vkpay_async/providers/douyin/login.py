"""Who a mini program's user is: https://developer.open-douyin.com/docs/resource/zh-CN/mini-app/develop/server/log-in/code-2-session"""

from __future__ import annotations

import msgspec

from vkpay_async.config.secret import Secret
from vkpay_async.providers.base import Flow, HttpRequest, HttpResponse
from vkpay_async.providers.douyin.about import DouyinNode
from vkpay_async.providers.douyin.answer import base_url, json_text, read
from vkpay_async.providers.douyin.errors import LOGIN_CODES, Call
from vkpay_async.providers.douyin.models import SessionAnswer
from vkpay_async.providers.login import SessionLogin, checked_code, using_up

LOGIN = Call("douyin.code2session")

_SESSION = msgspec.json.Decoder(SessionAnswer)


def code2session(node: DouyinNode, code: str) -> Flow[SessionLogin]:
    """Raises :class:`InvalidArgument` (1013), :class:`ConfigError` without ``secret``."""
    secret: Secret = node.require("secret", "it is the AppSecret of the mini program's console")
    body = {
        "appid": node.app_id,
        "secret": secret.reveal(),
        "code": checked_code(code, "tt.login"),
        "anonymous_code": "",
    }
    response = yield from using_up(_posted(node, body))
    answer, _ = read(LOGIN_CODES, LOGIN, response, _SESSION)
    found = answer.data
    return SessionLogin(
        openid=found.openid, unionid=found.unionid or None, session_key=Secret(found.session_key)
    )


def _posted(node: DouyinNode, body: dict[str, str]) -> Flow[HttpResponse]:
    return (
        yield HttpRequest(
            method="POST",
            url=f"{base_url(node, node.default_base_url)}/api/apps/v2/jscode2session",
            headers={"content-type": "application/json"},
            body=json_text(body).encode(),
            operation=LOGIN.operation,
            repeatable=False,
            timeout_ms=node.timeout,
        )
    )
