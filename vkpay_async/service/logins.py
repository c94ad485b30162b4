"""Who the users of one's mini programs and pages are: the ``code2Session…`` calls of vk-uni-pay."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from vkpay_async.errors import InvalidArgument
from vkpay_async.providers.login import SessionLogin, TokenLogin
from vkpay_async.service import arguments
from vkpay_async.service.context import Context

_MINI_PROGRAMS = ("wxpay", "wxpay-virtual")


class Logins:
    """The login calls over one application's parts. ``ensure`` makes a merchant of the database known."""

    def __init__(self, context: Context, ensure: Callable[[str | None], Awaitable[object]]) -> None:
        self._c = context
        self._ensure = ensure

    async def code2session_weixin_mp(
        self, *, code: str, pid: str | None = None, provider: str | None = None
    ) -> SessionLogin:
        """Who a WeChat mini program's ``wx.login`` code belongs to. It works once, within five minutes.

        The app is that of the node ``wxpay.mp-weixin``. Where it is the one of ``wxpay-virtual.mp-weixin`` as well, or only
        that node is there, the session_key is kept for virtual payments; ``provider="wxpay-virtual"`` chooses that node where
        its app is another.

        Raises :class:`InvalidArgument` (1013 without a code), :class:`ProviderError`, :class:`TransportError`.
        https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/code2Session.html
        """
        arguments.required_text(code, "code", 1013)
        await self._ensure(pid)
        login: SessionLogin = await self._logged_in(self._mini_program(pid, provider), code, pid)
        return login

    async def code2session_weixin_h5(self, *, code: str, pid: str | None = None) -> TokenLogin:
        """Who the ``code`` that WeChat added to a page's address belongs to; the app is the official account of ``wxpay.h5-weixin``.

        Raises :class:`InvalidArgument` (1013 without a code), :class:`ProviderError`, :class:`TransportError`.
        https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html
        """
        login: TokenLogin = await self._logged_in("wxpay_h5-weixin", code, pid)
        return login

    async def code2session_alipay(self, *, code: str, pid: str | None = None) -> TokenLogin:
        """Who the code of ``my.getAuthCode`` belongs to; the app is that of ``alipay.mp-alipay``.

        ``openid`` is Alipay's openid, or in older apps the 2088… number. Raises :class:`InvalidArgument` (1013 without a code),
        :class:`ProviderError`, :class:`TransportError`. https://opendocs.alipay.com/open/05nai1
        """
        login: TokenLogin = await self._logged_in("alipay_mp-alipay", code, pid)
        return login

    async def code2session_douyin(self, *, code: str, pid: str | None = None) -> SessionLogin:
        """Who the code of ``tt.login`` belongs to; the app is that of ``douyin.mp-toutiao``.

        Raises :class:`InvalidArgument` (1013 without a code), :class:`ProviderError`, :class:`TransportError`.
        https://developer.open-douyin.com/docs/resource/zh-CN/mini-app/develop/server/log-in/code-2-session
        """
        login: SessionLogin = await self._logged_in("douyin_mp-toutiao", code, pid)
        return login

    async def _logged_in(self, pay_type: str, code: object, pid: str | None) -> Any:
        code = arguments.required_text(code, "code", 1013)
        await self._ensure(pid)
        return await self._c.transport.run(self._c.providers.get(pid, pay_type).code2session(code))

    def _mini_program(self, pid: str | None, provider: str | None) -> str:
        if provider is None:
            provider = "wxpay-virtual" if self._is_virtual(pid) else "wxpay"
        if provider not in _MINI_PROGRAMS:
            raise InvalidArgument(
                f"provider must be {' or '.join(_MINI_PROGRAMS)}, not {provider!r}: they have mini programs of WeChat",
                code=1005,
            )
        return f"{provider}_mp-weixin"

    def _is_virtual(self, pid: str | None) -> bool:
        merchant = self._c.config.merchant(pid)
        own, virtual = (merchant.find_node(name, "mp-weixin") for name in _MINI_PROGRAMS)
        return virtual is not None and (own is None or own.app_id == virtual.app_id)
