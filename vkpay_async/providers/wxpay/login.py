"""Users of the app that a node names: https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/code2Session.html"""

from __future__ import annotations

from vkpay_async.errors import InvalidArgument
from vkpay_async.providers.base import Flow
from vkpay_async.providers.login import SessionLogin, TokenLogin
from vkpay_async.providers.weixin.login import (
    DEFAULT_BASE_URL,
    WeixinApp,
    mini_program_login,
    web_login,
)
from vkpay_async.providers.wxpay.about import WxpayNode

_WEB = ("h5-weixin", "app-plus")


def code2session(node: WxpayNode, code: str, now_ms: int) -> Flow[SessionLogin | TokenLogin]:
    """Raises :class:`InvalidArgument` for a node whose app nobody logs in to, :class:`ConfigError` without ``secret``."""
    if node.platform == "mp-weixin":
        return (yield from mini_program_login(_app(node), code))
    if node.platform in _WEB:
        return (yield from web_login(_app(node), code, now_ms))
    raise InvalidArgument(
        f"wxpay.{node.platform} has no users to log in: take mp-weixin for a mini program, h5-weixin for an official account, "
        "app-plus for an app"
    )


def _app(node: WxpayNode) -> WeixinApp:
    base_url = node.weixin_base_url or DEFAULT_BASE_URL
    if not base_url.startswith(("https://", "http://")):
        raise node.error("weixin_base_url", "must start with https:// (http:// for a simulator)")
    return WeixinApp(
        provider="wxpay",
        appid=node.app_id,
        secret=node.require("secret", "it is the AppSecret of the mini program or official account"),
        base_url=base_url.rstrip("/"),
        timeout_ms=node.timeout,
    )
