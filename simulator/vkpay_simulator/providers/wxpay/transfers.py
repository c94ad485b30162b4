"""Transfers to users, which the receiver has to confirm, or has authorised before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import structs

from vkpay_simulator.exchange import Request
from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.providers.wxpay.accounts import Account, Accounts
from vkpay_simulator.providers.wxpay.authorizations import Authorizations
from vkpay_simulator.providers.wxpay.errors import WxpayError, param_error
from vkpay_simulator.providers.wxpay.fields import read_body
from vkpay_simulator.providers.wxpay.fund_models import (
    AuthorizedTransfer,
    ConfirmedTransfer,
    TransferAndAuthorize,
    TransferFields,
    TransferRequest,
)
from vkpay_simulator.providers.wxpay.gate import Reply
from vkpay_simulator.providers.wxpay.notify import Notifier
from vkpay_simulator.providers.wxpay.orders import DAY_MS
from vkpay_simulator.providers.wxpay.reentry import differing
from vkpay_simulator.providers.wxpay.relations import check_mode, reveal
from vkpay_simulator.providers.wxpay.scenes import FAIL_REASONS
from vkpay_simulator.providers.wxpay.transfer_bill import AnyTransfer, Transfer
from vkpay_simulator.providers.wxpay.transfer_rules import (
    check_amount,
    check_callable,
    check_name,
    check_openid,
    check_scene,
    check_sender,
)

if TYPE_CHECKING:
    from vkpay_simulator.world import World

CONFIRM_S = 86_400
CANCEL_S = 1
KEPT_MS = 30 * DAY_MS

Wanted = TypeVar("Wanted", TransferRequest, TransferAndAuthorize, AuthorizedTransfer)


class Transfers:
    """The endpoints below ``/v3/fund-app/mch-transfer/transfer-bills``."""

    def __init__(
        self, world: World, accounts: Accounts, notifier: Notifier, authorizations: Authorizations
    ) -> None:
        self._world = world
        self._accounts = accounts
        self._notifier = notifier
        self._authorizations = authorizations
        self._transfers: dict[tuple[str, str], Transfer] = {}

    def clear(self) -> None:
        self._transfers.clear()

    def create(self, account: Account, request: Request) -> Reply:
        wanted = self._read(account, request, TransferRequest)
        self._check(account, wanted)
        known = self._known(account, wanted)
        return Reply((known or self._ask(account, wanted, account)).created())

    def create_with_authorization(self, account: Account, request: Request) -> Reply:
        """The receiver is asked for an authorisation while confirming."""
        wanted = self._read(account, request, TransferAndAuthorize)
        if wanted.authorization_info:
            pointer = "/authorization_info/authorization_notify_url"
            self._check_callable(pointer, wanted.authorization_info.authorization_notify_url)
        self._check(account, wanted)
        known = self._known(account, wanted)
        return Reply((known or self._ask(account, wanted, self._funds(account, wanted))).created())

    def create_authorized(self, account: Account, request: Request) -> Reply:
        """Nobody confirms it: the money arrives at once."""
        wanted = self._read(account, request, AuthorizedTransfer)
        _check_one_named(wanted)
        self._check(account, wanted)
        known = self._known(account, wanted)
        return Reply((known or self._carry_out(account, wanted)).queried(self._seed()))

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
        """For the control API: ``confirm``, ``expire``, ``fail``, or a fail_reason.

        ``confirm_only`` takes the money and gives no authorisation, where one is asked for.
        """
        transfer = self._pick(out_bill_no, pid)
        confirmed = outcome == "confirm" or (outcome == "confirm_only" and transfer.asked is not None)
        reasons = {"expire": "OVERDUE_CLOSE", "fail": "OTHER_FAIL_REASON_TYPE"}
        reason = reasons.get(outcome, outcome)
        if not confirmed and reason not in FAIL_REASONS:
            raise SimulatorError(
                f"{outcome!r} is no end of a transfer: use confirm, fail, expire or one of {sorted(FAIL_REASONS)}"
            )
        if transfer.state != "WAIT_USER_CONFIRM":
            raise SimulatorError(
                f"transfer {out_bill_no!r} is {transfer.state}: only one that waits for the user can be settled",
                409,
            )
        if not confirmed:
            self._fail(transfer, reason)
            return transfer.resource()
        self._end(transfer, "TRANSFERING", "SUCCESS")
        if outcome == "confirm" and transfer.asked is not None:
            self._authorizations.grant(transfer.account, transfer.asked)
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

    def _read(self, account: Account, request: Request, model: type[Wanted]) -> Wanted:
        wanted = read_body(request, model, account.mchid)
        if wanted.user_name:
            name = reveal(account, request, "/user_name", wanted.user_name)
            wanted = structs.replace(wanted, user_name=name)
        return wanted

    def _known(self, account: Account, wanted: AnyTransfer) -> Transfer | None:
        known = self._transfers.get((account.mchid, wanted.out_bill_no))
        if known is None or known.request == wanted:
            return known
        same_kind = type(known.request) is type(wanted)
        changes = ", ".join(differing(known.request, wanted)) if same_kind else "it came to another address"
        advice = (
            f"Not as in the first request with this out_bill_no: {changes}. Repeat it unchanged, or query."
        )
        raise WxpayError("ALREADY_EXISTS", advice=advice)

    def _check(self, account: Account, wanted: TransferFields) -> None:
        if wanted.notify_url:
            self._check_callable("/notify_url", wanted.notify_url)
        if isinstance(wanted, ConfirmedTransfer):
            check_openid(wanted.openid)
        check_name(wanted)
        check_sender(account, wanted.appid)
        check_scene(account, wanted)
        check_amount(account, wanted)

    def _check_callable(self, pointer: str, url: str) -> None:
        check_callable(pointer, url, self._world.settings.allow_notify_hosts)

    def _funds(self, account: Account, wanted: TransferAndAuthorize | AuthorizedTransfer) -> Account:
        """Every merchant of this world lets every other use its money."""
        if not wanted.sponsor_mchid:
            return account
        sponsor = self._accounts.find(wanted.sponsor_mchid)
        if sponsor is None:
            advice = f"There is no merchant {wanted.sponsor_mchid} here: leave sponsor_mchid out, or name one of GET /_sim/merchants."
            raise WxpayError("INVALID_REQUEST", "出资商户未授权资金权限", advice=advice)
        return sponsor

    def _ask(
        self, account: Account, wanted: TransferRequest | TransferAndAuthorize, funds: Account
    ) -> Transfer:
        transfer = self._taken(account, wanted, wanted.openid, funds)
        if transfer.asked is not None:
            self._authorizations.check_free(account, transfer.asked)
        self._place(transfer, "WAIT_USER_CONFIRM")
        self._world.agenda.after(CONFIRM_S, lambda: self._overdue(transfer))
        return transfer

    def _carry_out(self, account: Account, wanted: AuthorizedTransfer) -> Transfer:
        authorization = self._authorizations.in_effect(account, wanted)
        funds = self._funds(account, wanted)
        transfer = self._taken(account, wanted, authorization.request.openid, funds)
        self._place(transfer, "TRANSFERING")
        self._end(transfer, "SUCCESS")
        return transfer

    def _taken(self, account: Account, wanted: AnyTransfer, openid: str, funds: Account) -> Transfer:
        balance = funds.balances[funds.mchid]
        if balance < wanted.transfer_amount:
            advice = f"{funds.mchid} has {balance} fen, and the transfer takes {wanted.transfer_amount}."
            raise WxpayError("NOT_ENOUGH", advice=advice)
        now = self._world.clock.now()
        return Transfer(
            account=account,
            request=wanted,
            openid=openid,
            funds=funds,
            transfer_bill_no="133" + self._world.ids.digits(37),
            package_info=self._world.ids.alnum(86) + "==",
            created_ms=now,
            updated_ms=now,
        )

    def _place(self, transfer: Transfer, state: str) -> None:
        transfer.funds.balances[transfer.funds.mchid] -= transfer.request.transfer_amount
        transfer.move("PROCESSING", state, at_ms=transfer.created_ms)
        self._transfers[transfer.account.mchid, transfer.out_bill_no] = transfer

    def _overdue(self, transfer: Transfer) -> None:
        if transfer.state == "WAIT_USER_CONFIRM":
            self._fail(transfer, "OVERDUE_CLOSE")

    def _fail(self, transfer: Transfer, reason: str) -> None:
        transfer.fail_reason = reason
        self._end(transfer, "FAIL")

    def _end(self, transfer: Transfer, *states: str) -> None:
        transfer.move(*states, at_ms=self._world.clock.now())
        account, request, funds = transfer.account, transfer.request, transfer.funds
        if transfer.state != "SUCCESS":
            funds.balances[funds.mchid] += request.transfer_amount
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


def _check_one_named(wanted: AuthorizedTransfer) -> None:
    if wanted.authorization_id and wanted.out_authorization_no:
        message = "微信免确认收款授权单号和商户授权单号不支持同时传入"
        advice = "Give authorization_id or out_authorization_no, not both."
        raise WxpayError("INVALID_REQUEST", message, advice=advice)
    if not wanted.authorization_id and not wanted.out_authorization_no:
        advice = "Give out_authorization_no or authorization_id; a transfer that the user confirms goes to another address."
        raise param_error("/out_authorization_no", "required field is missing", advice=advice)
