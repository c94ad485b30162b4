"""Users' authorisations to receive transfers without confirming each. Nothing is kept of them but what was heard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vkpay_async.errors import InvalidArgument
from vkpay_async.models import AuthorizationRequest, TransferAuthorization
from vkpay_async.notify import Source
from vkpay_async.notify.routes import authorization_path
from vkpay_async.providers.base import Provider
from vkpay_async.service import arguments
from vkpay_async.service.context import Context


class Authorizations:
    """The authorisation operations over one application's parts."""

    def __init__(self, context: Context) -> None:
        self._c = context

    async def create(
        self, provider: str, platform: str, pid: str | None, given: Mapping[str, Any]
    ) -> TransferAuthorization:
        pay_type = _pay_type(provider, platform)
        fields = {name: value for name, value in given.items() if value is not None}
        number = _number(fields.get("out_authorization_no"))
        arguments.required_text(fields.get("openid"), "openid", 1012)
        for name in ("transfer_scene_id", "user_display_name"):
            arguments.required_text(fields.get(name), name, -1)
        if "authorization_notify_url" not in fields:
            path = authorization_path(pay_type, number, pid)
            fields["authorization_notify_url"] = self._c.config.notify_base(pid) + path
        try:
            request = AuthorizationRequest(**fields)
        except TypeError as error:
            raise InvalidArgument(f"authorisation: {error}; pass provider fields in other") from error
        flow = self._provider(pid, pay_type).create_authorization(request)
        return await self._heard(pay_type, pid, await self._c.transport.run(flow))

    async def query(
        self, provider: str, platform: str, pid: str | None, number: str, *, display: bool
    ) -> TransferAuthorization:
        pay_type = _pay_type(provider, platform)
        flow = self._provider(pid, pay_type).query_authorization(
            _number(number), is_display_authorization=display
        )
        return await self._heard(pay_type, pid, await self._c.transport.run(flow))

    async def close(
        self, provider: str, platform: str, pid: str | None, number: str
    ) -> TransferAuthorization:
        pay_type = _pay_type(provider, platform)
        flow = self._provider(pid, pay_type).close_authorization(_number(number))
        return await self._heard(pay_type, pid, await self._c.transport.run(flow))

    async def _heard(
        self, pay_type: str, pid: str | None, authorization: TransferAuthorization
    ) -> TransferAuthorization:
        if authorization.state.told:
            number, provider = authorization.out_authorization_no, self._provider(pid, pay_type)
            source = Source(pay_type=pay_type, pid=pid)
            settled = await self._c.pipeline.authorized(number, authorization, provider, source)
            if settled.error is not None:
                raise settled.error
        return authorization

    def _provider(self, pid: str | None, pay_type: str) -> Provider:
        return self._c.providers.get(pid, pay_type)


def _pay_type(provider: str, platform: str) -> str:
    return f"{arguments.required_text(provider, 'provider', 1005)}_{platform}"


def _number(value: object) -> str:
    return arguments.required_text(value, "out_authorization_no", -1)
