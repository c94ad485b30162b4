"""Sending money to users. No table keeps transfers yet: the provider is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from vkpay_async.errors import InvalidArgument
from vkpay_async.models import PayeeInfo, Transfer, TransferRef, TransferRequest
from vkpay_async.notify.routes import transfer_path
from vkpay_async.providers.base import Provider
from vkpay_async.service import arguments
from vkpay_async.service.context import Context

_ALIASES: dict[str, tuple[str, ...]] = {
    "out_bill_no": ("out_biz_no", "out_trade_no"),
    "transfer_amount": ("amount", "money"),
    "transfer_remark": ("remark", "desc"),
    "order_title": ("title",),
    "user_name": ("real_name", "re_user_name", "payee_real_name"),
}
_OLDER = {old for older in _ALIASES.values() for old in older} | {
    "account",
    "payee_account",
    "check_name",
    "pay_type",
    "version",
}


class Transfers:
    """The transfer operations over one application's parts."""

    def __init__(self, context: Context) -> None:
        self._c = context

    async def create(
        self, provider: str | None, platform: str, pid: str | None, given: Mapping[str, Any]
    ) -> Transfer:
        named = arguments.one_of("provider", provider, {"pay_type": given.get("pay_type")})
        provider = arguments.required_text(named, "provider", 1005)
        fields = new_spelling(provider, given)
        pay_type = f"{provider}_{platform}"
        request = self._request(provider, pay_type, pid, fields)
        return await self._c.transport.run(self._provider(pid, pay_type).transfer(request))

    async def query(self, provider: str, platform: str, pid: str | None, ref: TransferRef) -> Transfer:
        if not ref.out_bill_no and not ref.transfer_bill_no:
            raise InvalidArgument("out_bill_no or transfer_bill_no must be given")
        return await self._c.transport.run(self._provider(pid, f"{provider}_{platform}").query_transfer(ref))

    async def cancel(self, provider: str, platform: str, pid: str | None, ref: TransferRef) -> Transfer:
        return await self._c.transport.run(self._provider(pid, f"{provider}_{platform}").cancel_transfer(ref))

    def _provider(self, pid: str | None, pay_type: str) -> Provider:
        return self._c.providers.get(pid, pay_type)

    def _request(
        self, provider: str, pay_type: str, pid: str | None, fields: Mapping[str, Any]
    ) -> TransferRequest:
        out_bill_no = arguments.checked_bill_no(fields["out_bill_no"])
        arguments.checked_transfer_amount(fields["transfer_amount"])
        values = {key: value for key, value in fields.items() if value is not None}
        if provider == "wxpay":
            arguments.required_text(values.get("openid"), "openid", 1012)
            values.setdefault(
                "notify_url", self._c.config.notify_base(pid) + transfer_path(pay_type, out_bill_no, pid)
            )
        if "payee_info" in values:
            values["payee_info"] = _payee(values["payee_info"])
        try:
            return TransferRequest(**values)
        except TypeError as error:
            raise InvalidArgument(f"transfer: {error}; pass provider fields in other") from error


def new_spelling(provider: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a transfer under their current names, whichever were used."""
    fields = {key: value for key, value in given.items() if key not in _OLDER}
    for name, older in _ALIASES.items():
        fields[name] = arguments.one_of(name, given.get(name), {old: given.get(old) for old in older})
    account = arguments.one_of("account", given.get("account"), {"payee_account": given.get("payee_account")})
    if provider == "alipay":
        name = fields.pop("user_name")
        if fields.get("payee_info") is None and account is not None:
            kind = "ALIPAY_LOGON_ID" if given.get("check_name", True) else "ALIPAY_USER_ID"
            fields["payee_info"] = PayeeInfo(identity=account, identity_type=kind, name=name)
    return fields


def _payee(info: PayeeInfo | Mapping[str, Any]) -> PayeeInfo:
    if isinstance(info, PayeeInfo):
        return info
    try:
        return msgspec.convert(dict(info), PayeeInfo)
    except msgspec.ValidationError as error:
        raise InvalidArgument(f"payee_info: {error}", code=1009) from error
