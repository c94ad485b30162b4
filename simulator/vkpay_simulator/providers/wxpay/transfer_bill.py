"""A transfer as WeChat Pay keeps it, and how it looks from outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from vkpay_simulator.clock import china_rfc3339
from vkpay_simulator.providers.wxpay import signing
from vkpay_simulator.providers.wxpay.accounts import Account
from vkpay_simulator.providers.wxpay.fund_models import (
    AuthorizationRequest,
    AuthorizedTransfer,
    TransferAndAuthorize,
    TransferRequest,
)
from vkpay_simulator.providers.wxpay.states import TRANSFER

AnyTransfer: TypeAlias = TransferRequest | TransferAndAuthorize | AuthorizedTransfer


@dataclass(slots=True, kw_only=True)
class Transfer:
    """One transfer bill. ``request.user_name`` is in plain; ``funds`` is whose money it is."""

    account: Account
    request: AnyTransfer
    openid: str
    funds: Account
    transfer_bill_no: str
    package_info: str
    created_ms: int
    updated_ms: int
    state: str = "ACCEPTED"
    fail_reason: str | None = None

    @property
    def out_bill_no(self) -> str:
        return self.request.out_bill_no

    @property
    def asked(self) -> AuthorizationRequest | None:
        """The authorisation that the receiver is asked for on the way."""
        request = self.request
        if not isinstance(request, TransferAndAuthorize) or not request.authorization_info:
            return None
        info = request.authorization_info
        return AuthorizationRequest(
            out_authorization_no=info.out_authorization_no,
            appid=request.appid,
            openid=request.openid,
            transfer_scene_id=request.transfer_scene_id,
            user_display_name=info.user_display_name,
            user_recv_perception=request.user_recv_perception,
            authorization_notify_url=info.authorization_notify_url,
        )

    def move(self, *states: str, at_ms: int) -> None:
        for state in states:
            self.state = TRANSFER.check(self.state, state)
        self.updated_ms = at_ms

    def created(self) -> dict[str, Any]:
        waiting = {"package_info": self.package_info} if self.state == "WAIT_USER_CONFIRM" else {}
        named = {}
        if (asked := self.asked) is not None:
            named = {
                "user_display_name": asked.user_display_name,
                "out_authorization_no": asked.out_authorization_no,
            }
        return self._numbers() | {"create_time": china_rfc3339(self.created_ms)} | waiting | named

    def cancelled(self) -> dict[str, Any]:
        return self._numbers() | {"update_time": china_rfc3339(self.updated_ms)}

    def resource(self) -> dict[str, Any]:
        """What a notification carries."""
        return self._numbers() | {
            "mch_id": self.account.mchid,
            "transfer_amount": self.request.transfer_amount,
            "openid": self.openid,
            "create_time": china_rfc3339(self.created_ms),
            "update_time": china_rfc3339(self.updated_ms),
        }

    def queried(self, seed: bytes) -> dict[str, Any]:
        """``seed`` is the chance that the encrypted name takes."""
        name = self.request.user_name
        receiver = self.account.certificate.public
        return (
            self.resource()
            | {"appid": self.request.appid, "transfer_remark": self.request.transfer_remark}
            | ({"user_name": signing.encrypt(receiver, name, seed)} if name else {})
        )

    def _numbers(self) -> dict[str, Any]:
        numbers = {
            "out_bill_no": self.out_bill_no,
            "transfer_bill_no": self.transfer_bill_no,
            "state": self.state,
        }
        return numbers | ({"fail_reason": self.fail_reason} if self.fail_reason else {})
