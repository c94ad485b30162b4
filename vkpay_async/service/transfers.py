"""Sending money to users. A transfer is kept before it is sent, and its end is told once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from vkpay_async.errors import InvalidArgument, VKPayError
from vkpay_async.happenings import TransferRecord, record_of
from vkpay_async.models import AuthorizationInfo, PayeeInfo, Transfer, TransferRef, TransferRequest
from vkpay_async.notify import Source
from vkpay_async.notify.routes import authorization_path, transfer_path
from vkpay_async.providers.base import Provider
from vkpay_async.service import arguments
from vkpay_async.service.context import Context
from vkpay_async.service.outcome import state_after

FIRST_CHECK_MS = 60_000
"""How long a transfer may be open before the provider is asked of our own accord."""

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
        return await self._sent(pay_type, pid, request)

    async def query(self, provider: str, platform: str, pid: str | None, ref: TransferRef) -> Transfer:
        if not ref.out_bill_no and not ref.transfer_bill_no:
            raise InvalidArgument("out_bill_no or transfer_bill_no must be given")
        pay_type = f"{provider}_{platform}"
        transfer = await self._c.transport.run(self._provider(pid, pay_type).query_transfer(ref))
        return await self._stored(pay_type, pid, transfer)

    async def cancel(self, provider: str, platform: str, pid: str | None, ref: TransferRef) -> Transfer:
        pay_type = f"{provider}_{platform}"
        transfer = await self._c.transport.run(self._provider(pid, pay_type).cancel_transfer(ref))
        return await self._stored(pay_type, pid, transfer)

    async def _sent(self, pay_type: str, pid: str | None, request: TransferRequest) -> Transfer:
        provider = self._provider(pid, pay_type)
        record = self._record(pay_type, pid, request, provider)
        first: bool | None = None

        async def reserve() -> None:
            nonlocal first
            first = await self._c.ledger.add_transfer(record, check_due=self._check_due()) is record

        try:
            transfer = await self._c.transport.run(provider.transfer(request), before=reserve)
        except VKPayError as error:
            state = None if first is None else state_after(error, first=first)
            if state is not None:
                kept = msgspec.structs.replace(record, state=state)
                await self._c.ledger.set_transfer(kept, check_due=self._check_due())
            raise
        return await self._stored(pay_type, pid, transfer)

    async def _stored(self, pay_type: str, pid: str | None, transfer: Transfer) -> Transfer:
        if transfer.state.final:
            source = Source(pay_type=pay_type, pid=pid)
            settled = await self._c.pipeline.transferred(
                transfer.out_bill_no, transfer, self._provider(pid, pay_type), source
            )
            if settled.error is not None:
                raise settled.error
        else:
            record = record_of(transfer, pid=pid, pay_type=pay_type, now=self._c.env.now_ms())
            await self._c.ledger.set_transfer(record, check_due=self._check_due())
        return transfer

    def _check_due(self) -> int:
        return self._c.env.now_ms() + FIRST_CHECK_MS

    def _record(
        self, pay_type: str, pid: str | None, request: TransferRequest, provider: Provider
    ) -> TransferRecord:
        now = self._c.env.now_ms()
        return TransferRecord(
            out_bill_no=request.out_bill_no,
            pid=pid or "default",
            pay_type=pay_type,
            transfer_amount=request.transfer_amount,
            mch_id=provider.mch_id,
            openid=request.openid,
            transfer_remark=request.transfer_remark,
            create_date=now,
            update_date=now,
        )

    def _provider(self, pid: str | None, pay_type: str) -> Provider:
        return self._c.providers.get(pid, pay_type)

    def _request(
        self, provider: str, pay_type: str, pid: str | None, fields: Mapping[str, Any]
    ) -> TransferRequest:
        out_bill_no = arguments.checked_bill_no(fields["out_bill_no"])
        arguments.checked_transfer_amount(fields["transfer_amount"])
        values = {key: value for key, value in fields.items() if value is not None}
        if provider == "wxpay":
            values |= self._wxpay_fields(pay_type, pid, out_bill_no, values)
        if "payee_info" in values:
            values["payee_info"] = _payee(values["payee_info"])
        try:
            return TransferRequest(**values)
        except TypeError as error:
            raise InvalidArgument(f"transfer: {error}; pass provider fields in other") from error

    def _wxpay_fields(
        self, pay_type: str, pid: str | None, out_bill_no: str, values: Mapping[str, Any]
    ) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if "authorization_info" in values:
            info = self._authorization_info(pay_type, pid, values["authorization_info"])
            fields["authorization_info"] = info
        if "out_authorization_no" in values or "authorization_id" in values:
            return fields  # the answer is the end: the current page of that call knows no notify_url
        arguments.required_text(values.get("openid"), "openid", 1012)
        if "notify_url" not in values:
            path = transfer_path(pay_type, out_bill_no, pid)
            fields["notify_url"] = self._c.config.notify_base(pid) + path
        return fields

    def _authorization_info(
        self, pay_type: str, pid: str | None, given: AuthorizationInfo | Mapping[str, Any]
    ) -> AuthorizationInfo:
        if not isinstance(given, AuthorizationInfo):
            try:
                given = msgspec.convert(dict(given), AuthorizationInfo)
            except (TypeError, ValueError, msgspec.ValidationError) as error:
                raise InvalidArgument(f"authorization_info: {error}") from error
        if given.authorization_notify_url:
            return given
        path = authorization_path(pay_type, given.out_authorization_no, pid)
        url = self._c.config.notify_base(pid) + path
        return msgspec.structs.replace(given, authorization_notify_url=url)


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
