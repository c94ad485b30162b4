"""Users of an app or a page in Alipay: https://opendocs.alipay.com/open/05nai1"""

from __future__ import annotations

from typing import Any

import msgspec

from vkpay_async.config.secret import Secret
from vkpay_async.providers.alipay.answer import Call
from vkpay_async.providers.alipay.models import TokenAnswer
from vkpay_async.providers.login import TokenLogin, checked_code


def login_call(code: str, app_auth_token: str | None) -> Call:
    """Raises :class:`InvalidArgument` (1013). A success has no code of its own."""
    return Call(
        operation="alipay.code2session",
        method="alipay.system.oauth.token",
        top={
            "grant_type": "authorization_code",
            "code": checked_code(code, "my.getAuthCode, or the redirect from openauth.alipay.com,"),
            "app_auth_token": app_auth_token,
        },
        repeatable=False,
        success=frozenset({None, "10000"}),
    )


def parse_login(content: dict[str, Any], now_ms: int) -> TokenLogin:
    """Raises ``ValueError`` where nobody is named. Apps of the new kind get an openid and no user id."""
    answer = msgspec.convert(content, TokenAnswer, strict=False)
    openid = answer.open_id or answer.user_id
    if not openid:
        raise ValueError("it names no user: neither open_id nor user_id")
    return TokenLogin(
        openid=openid,
        unionid=answer.union_id or None,
        user_id=answer.user_id or None,
        access_token=Secret(answer.access_token),
        expires=_end(answer.expires_in, now_ms),
        refresh_token=Secret(answer.refresh_token) if answer.refresh_token else None,
        refresh_expires=_end(answer.re_expires_in, now_ms),
    )


def _end(seconds: int | None, now_ms: int) -> int | None:
    return None if seconds is None else now_ms + seconds * 1000
