"""Transfers to users, which the receiver has to confirm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msgspec import structs

from vkpay_simulator.clock import china_rfc3339
from vkpay_simulator.exchange import Request
from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.providers.wxpay import signing
from vkpay_simulator.providers.wxpay.accounts import Account
from vkpay_simulator.providers.wxpay.errors import WxpayError, param_error
from vkpay_simulator.providers.wxpay.fields import read_body
from vkpay_simulator.providers.wxpay.fund_models import TransferRequest
from vkpay_simulator.providers.wxpay.gate import Reply
from vkpay_simulator.providers.wxpay.notify import Notifier
from vkpay_simulator.providers.wxpay.orders import DAY_MS
from vkpay_simulator.providers.wxpay.reentry import differing
from vkpay_simulator.providers.wxpay.relations import check_mode, check_permission, is_openid, reveal
from vkpay_simulator.providers.wxpay.scenes import FAIL_REASONS
from vkpay_simulator.providers.wxpay.states import TRANSFER
from vkpay_simulator.providers.wxpay.transfer_rules import check_amount, check_name, check_scene

if TYPE_CHECKING:
    from vkpay_simulator.world import World

CONFIRM_S = 86_400
CANCEL_S = 1
KEPT_MS = 30 * DAY_MS
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(slots=True, kw_only=True)
class Transfer:
    """One transfer bill. ``request.user_name`` is in plain."""

    account: Account
    request: TransferRequest
    transfer_bill_no: str
    package_info: str
    created_ms: int
    updated_ms: int
    state: str = "ACCEPTED"
    fail_reason: str | None = None

    @property
    def out_bill_no(self) -> str:
        return self.request.out_bill_no

    def move(self, *states: str, at_ms: int) -> None:
        for state in states:
            self.state = TRANSFER.check(self.state, state)
        self.updated_ms = at_ms

    def created(self) -> dict[str, Any]:
        waiting = {"package_info": self.package_info} if self.state == "WAIT_USER_CONFIRM" else {}
        return self._numbers() | {"create_time": china_rfc3339(self.created_ms)} | waiting

    def cancelled(self) -> dict[str, Any]:
        return self._numbers() | {"update_time": china_rfc3339(self.updated_ms)}

    def resource(self) -> dict[str, Any]:
        """What a notification carries."""
        return self._numbers() | {
            "mch_id": self.account.mchid,
            "transfer_amount": self.request.transfer_amount,
            "openid": self.request.openid,
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


class Transfers:
    """The endpoints below ``/v3/fund-app/mch-transfer/transfer-bills``."""

    def __init__(self, world: World, notifier: Notifier) -> None:
        self._world = world
        self._notifier = notifier
        self._transfers: dict[tuple[str, str], Transfer] = {}

    def clear(self) -> None:
        self._transfers.clear()

    def create(self, account: Account, request: Request) -> Reply:
        wanted = read_body(request, TransferRequest, account.mchid)
        if wanted.user_name:
            wanted = structs.replace(
                wanted, user_name=reveal(account, request, "/user_name", wanted.user_name)
            )
        self._check(account, wanted)
        known = self._transfers.get((account.mchid, wanted.out_bill_no))
        if known is not None and known.request != wanted:
            changes = ", ".join(differing(known.request, wanted))
            advice = f"Not as in the first request with this out_bill_no: {changes}. Repeat it unchanged, or query."
            raise WxpayError("ALREADY_EXISTS", advice=advice)
        return Reply((known or self._place(account, wanted)).created())

    def query(self, account: Account, request: Request) -> Reply:
        return Reply(self._asked(account, request.params["out_bill_no"]).queried(self._seed()))

    def query_by_id(self, account: Account, request: Request) -> Reply:
        out_bill_no = self.out_bill_no_of(request.params["transfer_bill_no"])
        return Reply(self._asked(account, out_bill_no or "").queried(self._seed()))

    def _seed(self) -> bytes:
        return bytes.fromhex(self._world.ids.hex(40))

    def cancel(self, account: Account, request: Request) -> Reply:
        transfer = self._asked(account, request.params["out_bill_no"])
        if transfer.state == "WAIT_USER_CONFIRM":
            transfer.move("CANCELING", at_ms=self._world.clock.now())
            self._world.agenda.after(CANCEL_S, lambda: self._end(transfer, "CANCELLED"))
        if transfer.state not in ("CANCELING", "CANCELLED"):
            advice = f"The transfer is {transfer.state}: only one that waits for the user can be cancelled."
            raise WxpayError("INVALID_REQUEST", "当前单据状态不支持撤销", advice=advice)
        return Reply(transfer.cancelled())

    def settle(self, out_bill_no: str, outcome: str, pid: str | None) -> dict[str, Any]:
        """For the control API: ``confirm``, ``expire``, ``fail``, or a fail_reason."""
        transfer = self._pick(out_bill_no, pid)
        reasons = {"expire": "OVERDUE_CLOSE", "fail": "OTHER_FAIL_REASON_TYPE"}
        reason = reasons.get(outcome, outcome)
        if outcome != "confirm" and reason not in FAIL_REASONS:
            raise SimulatorError(
                f"{outcome!r} is no end of a transfer: use confirm, fail, expire or one of {sorted(FAIL_REASONS)}"
            )
        if transfer.state != "WAIT_USER_CONFIRM":
            raise SimulatorError(
                f"transfer {out_bill_no!r} is {transfer.state}: only one that waits for the user can be settled",
                409,
            )
        if outcome == "confirm":
            self._end(transfer, "TRANSFERING", "SUCCESS")
        else:
            self._fail(transfer, reason)
        return transfer.resource()

    def out_bill_no_of(self, transfer_bill_no: str) -> str | None:
        bills = self._transfers.values()
        return next((bill.out_bill_no for bill in bills if bill.transfer_bill_no == transfer_bill_no), None)

    def _pick(self, out_bill_no: str, pid: str | None) -> Transfer:
        found = [
            transfer
            for transfer in self._transfers.values()
            if transfer.out_bill_no == out_bill_no and pid in (None, transfer.account.pid)
        ]
        if len(found) != 1:
            raise SimulatorError(
                f"{len(found)} wxpay transfers {out_bill_no!r}: create it first, or name its merchant as pid",
                404,
            )
        return found[0]

    def _asked(self, account: Account, out_bill_no: str) -> Transfer:
        check_mode(account, partner=False)
        transfer = self._transfers.get((account.mchid, out_bill_no))
        if transfer is None or self._world.clock.now() > transfer.created_ms + KEPT_MS:
            advice = f"{account.mchid} has no such transfer of the last 30 days: create it first."
            raise WxpayError("NOT_FOUND", advice=advice)
        return transfer

    def _check(self, account: Account, wanted: TransferRequest) -> None:
        if wanted.notify_url and not self._callable(wanted.notify_url):
            advice = (
                "notify_url of a transfer has to be https, but on this machine and for --allow-notify-host."
            )
            raise param_error("/notify_url", "has to be https", value=wanted.notify_url, advice=advice)
        if not is_openid(wanted.openid):
            raise param_error("/openid", "openid is invalid", value=wanted.openid, message="无效的openid")
        check_name(wanted)
        check_mode(account, partner=False)
        check_permission(account, "transfer")
        if wanted.appid not in account.appids.values():
            advice = (
                f"{wanted.appid} is not bound to {account.mchid}: use {' or '.join(account.appids.values())}."
            )
            raise WxpayError("INVALID_REQUEST", "APPID不存在", number=268445527, advice=advice)
        check_scene(account, wanted)
        check_amount(account, wanted)

    def _callable(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        plain = LOOPBACK | self._world.settings.allow_notify_hosts
        return parts.scheme == "https" or parts.hostname in plain

    def _place(self, account: Account, wanted: TransferRequest) -> Transfer:
        balance = account.balances[account.mchid]
        if balance < wanted.transfer_amount:
            advice = f"{account.mchid} has {balance} fen, and the transfer takes {wanted.transfer_amount}."
            raise WxpayError("NOT_ENOUGH", advice=advice)
        account.balances[account.mchid] -= wanted.transfer_amount
        now = self._world.clock.now()
        transfer = Transfer(
            account=account,
            request=wanted,
            transfer_bill_no="133" + self._world.ids.digits(37),
            package_info=self._world.ids.alnum(86) + "==",
            created_ms=now,
            updated_ms=now,
        )
        transfer.move("PROCESSING", "WAIT_USER_CONFIRM", at_ms=now)
        self._transfers[account.mchid, wanted.out_bill_no] = transfer
        self._world.agenda.after(CONFIRM_S, lambda: self._overdue(transfer))
        return transfer

    def _overdue(self, transfer: Transfer) -> None:
        if transfer.state == "WAIT_USER_CONFIRM":
            self._fail(transfer, "OVERDUE_CLOSE")

    def _fail(self, transfer: Transfer, reason: str) -> None:
        transfer.fail_reason = reason
        self._end(transfer, "FAIL")

    def _end(self, transfer: Transfer, *states: str) -> None:
        transfer.move(*states, at_ms=self._world.clock.now())
        account, request = transfer.account, transfer.request
        if transfer.state != "SUCCESS":
            account.balances[account.mchid] += request.transfer_amount
        if request.notify_url:
            self._notifier.send(
                account,
                event="MCHTRANSFER.BILL.FINISHED",
                original_type="mch_payment",
                summary="商家转账单据终态通知",
                resource=transfer.resource(),
                url=request.notify_url,
                subject=transfer.out_bill_no,
            )
