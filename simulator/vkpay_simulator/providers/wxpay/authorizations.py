"""Users' authorisations to receive transfers without confirming each (免确认收款授权)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vkpay_simulator.clock import china_rfc3339
from vkpay_simulator.exchange import Request
from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.providers.wxpay.accounts import Account
from vkpay_simulator.providers.wxpay.errors import WxpayError, param_error
from vkpay_simulator.providers.wxpay.fields import read_body
from vkpay_simulator.providers.wxpay.fund_models import AuthorizationRequest, AuthorizedTransfer
from vkpay_simulator.providers.wxpay.gate import Reply
from vkpay_simulator.providers.wxpay.notify import Notifier
from vkpay_simulator.providers.wxpay.orders import DAY_MS
from vkpay_simulator.providers.wxpay.reentry import differing
from vkpay_simulator.providers.wxpay.relations import check_mode
from vkpay_simulator.providers.wxpay.scenes import CLOSE_REASONS
from vkpay_simulator.providers.wxpay.states import AUTHORIZATION
from vkpay_simulator.providers.wxpay.transfer_rules import (
    check_callable,
    check_openid,
    check_scene,
    check_sender,
)

if TYPE_CHECKING:
    from vkpay_simulator.world import World

CONFIRM_S = 86_400
KEPT_UNCONFIRMED_MS = 30 * DAY_MS
MOST_OF_A_USER = 5
WAITING, IN_EFFECT, CLOSED = "WAIT_USER_CONFIRM", "TAKING_EFFECT", "CLOSED"
OVERDUE = "USER_OVERDUE_UNCONFIRMED"


@dataclass(slots=True, kw_only=True)
class Authorization:
    """One authorisation. It has an ``authorization_id`` from when the user has agreed."""

    account: Account
    request: AuthorizationRequest
    package_info: str
    created_ms: int
    state: str = WAITING
    authorization_id: str | None = None
    authorized_ms: int = 0
    closed_ms: int = 0
    close_reason: str | None = None

    @property
    def number(self) -> str:
        return self.request.out_authorization_no

    @property
    def alive(self) -> bool:
        return not AUTHORIZATION.final(self.state)

    def asked(self) -> dict[str, Any]:
        waiting = {"package_info": self.package_info} if self.state == WAITING else {}
        return {
            "out_authorization_no": self.number,
            "state": self.state,
            "create_time": china_rfc3339(self.created_ms),
        } | waiting

    def resource(self) -> dict[str, Any]:
        """What a notification carries."""
        agreed, closed = {}, {}
        if self.authorization_id:
            time = china_rfc3339(self.authorized_ms)
            agreed = {"authorization_id": self.authorization_id, "authorize_time": time}
        if self.close_reason:
            time = china_rfc3339(self.closed_ms)
            closed = {"close_info": {"close_time": time, "close_reason": self.close_reason}}
        return {
            "out_authorization_no": self.number,
            "appid": self.request.appid,
            "openid": self.request.openid,
            "user_display_name": self.request.user_display_name,
            "state": self.state,
            **agreed,
            **closed,
        }

    def object(self) -> dict[str, Any]:
        """What query and close answer."""
        perception = self.request.user_recv_perception
        return (
            self.resource()
            | {"transfer_scene_id": self.request.transfer_scene_id}
            | ({"user_recv_perception": perception} if perception else {})
            | {"create_time": china_rfc3339(self.created_ms)}
        )


class Authorizations:
    """The endpoints below ``/v3/fund-app/mch-transfer/user-confirm-authorization``."""

    def __init__(self, world: World, notifier: Notifier) -> None:
        self._world = world
        self._notifier = notifier
        self._authorizations: dict[tuple[str, str], Authorization] = {}

    def clear(self) -> None:
        self._authorizations.clear()

    def create(self, account: Account, request: Request) -> Reply:
        wanted = read_body(request, AuthorizationRequest, account.mchid)
        url, allowed = wanted.authorization_notify_url, self._world.settings.allow_notify_hosts
        check_callable("/authorization_notify_url", url, allowed)
        check_openid(wanted.openid)
        check_sender(account, wanted.appid)
        check_scene(account, wanted)
        known = self._authorizations.get((account.mchid, wanted.out_authorization_no))
        if known is not None and known.request != wanted:
            raise _used(differing(known.request, wanted))
        return Reply((known or self._ask(account, wanted)).asked())

    def query(self, account: Account, request: Request) -> Reply:
        found = self._asked_for(account, request)
        display = request.query.get("is_display_authorization", "false")
        if display not in ("true", "false"):
            issue = "value is not one of the allowed"
            raise param_error("is_display_authorization", issue, value=display, location="query")
        if display == "false":
            return Reply(found.object())
        if found.state != IN_EFFECT:
            advice = f"{found.number} is {found.state}: only one in effect can be displayed. Leave is_display_authorization out."
            raise WxpayError("INVALID_REQUEST", "授权单未生效，不支持展示授权信息", advice=advice)
        return Reply(found.object() | {"package_info": found.package_info})

    def close(self, account: Account, request: Request) -> Reply:
        """Closing it again is fine."""
        found = self._asked_for(account, request)
        if found.alive:
            self._close(found, "CLOSE_VIA_MCH_API")
        return Reply(found.object())

    def settle(self, number: str, outcome: str, pid: str | None) -> dict[str, Any]:
        """For the control API: ``confirm``, ``close``, ``expire``, or a close_reason."""
        found = self._pick(number, pid)
        reason = {"close": "USER_CLOSE", "expire": OVERDUE}.get(outcome, outcome)
        if outcome != "confirm" and reason not in CLOSE_REASONS:
            raise SimulatorError(
                f"{outcome!r} is nothing that becomes of an authorisation: use confirm, close, expire or one of "
                f"{sorted(CLOSE_REASONS)}"
            )
        needed = WAITING if outcome == "confirm" or reason == OVERDUE else IN_EFFECT
        if found.state != needed:
            raise SimulatorError(
                f"authorisation {number!r} is {found.state}: {outcome} needs one that is {needed}", 409
            )
        if outcome == "confirm":
            self._confirm(found)
        else:
            self._close(found, reason)
        return found.resource()

    def in_effect(self, account: Account, wanted: AuthorizedTransfer) -> Authorization:
        """What a transfer names. Raises :class:`WxpayError` unless it is in effect, for that scene."""
        found = next((one for one in self._of(account) if _names(wanted, one)), None)
        if found is None or found.state != IN_EFFECT:
            state = found.state if found else "unknown"
            advice = f"The authorisation is {state}: create it, and let the user confirm it."
            raise WxpayError("INVALID_REQUEST", "用户免确认收款授权不存在或未生效", advice=advice)
        if found.request.transfer_scene_id != wanted.transfer_scene_id:
            advice = f"{found.number} is for scene {found.request.transfer_scene_id}, not {wanted.transfer_scene_id}."
            raise WxpayError("INVALID_REQUEST", "转账场景与用户授权的场景不一致", advice=advice)
        return found

    def check_free(self, account: Account, wanted: AuthorizationRequest) -> None:
        """Raises :class:`WxpayError` for a number that is taken, and where the user has too many."""
        known = self._authorizations.get((account.mchid, wanted.out_authorization_no))
        if known is not None:
            raise _used(["it is there already"])
        of_user = (wanted.openid, wanted.transfer_scene_id)
        alive = [
            one.number
            for one in self._of(account)
            if one.alive and (one.request.openid, one.request.transfer_scene_id) == of_user
        ]
        if len(alive) >= MOST_OF_A_USER:
            message = "用户在当前场景下的授权数量达到限制，不支持发起授权"
            advice = f"The user has {len(alive)} in scene {wanted.transfer_scene_id}: use or close one of {', '.join(alive)}."
            raise WxpayError("INVALID_REQUEST", message, advice=advice)

    def grant(self, account: Account, wanted: AuthorizationRequest) -> None:
        """The user agrees while taking a transfer. What has become impossible meanwhile is left undone, as is documented."""
        try:
            self.check_free(account, wanted)
        except WxpayError:
            return
        self._confirm(self._place(account, wanted))

    def _ask(self, account: Account, wanted: AuthorizationRequest) -> Authorization:
        self.check_free(account, wanted)
        asked = self._place(account, wanted)
        self._world.agenda.after(CONFIRM_S, lambda: self._overdue(asked))
        return asked

    def _place(self, account: Account, wanted: AuthorizationRequest) -> Authorization:
        placed = Authorization(
            account=account,
            request=wanted,
            package_info="0002-" + self._world.ids.alnum(86) + "==",
            created_ms=self._world.clock.now(),
        )
        self._authorizations[account.mchid, wanted.out_authorization_no] = placed
        return placed

    def _overdue(self, authorization: Authorization) -> None:
        if authorization.state == WAITING:
            self._close(authorization, OVERDUE)

    def _confirm(self, authorization: Authorization) -> None:
        authorization.state = AUTHORIZATION.check(authorization.state, IN_EFFECT)
        authorization.authorization_id = "2012" + self._world.ids.digits(23)
        authorization.authorized_ms = self._world.clock.now()
        self._notify(authorization, "CONFIRMED", "商家转账用户免确认收款授权确认通知")

    def _close(self, authorization: Authorization, reason: str) -> None:
        authorization.state = AUTHORIZATION.check(authorization.state, CLOSED)
        authorization.close_reason, authorization.closed_ms = reason, self._world.clock.now()
        self._notify(authorization, "CLOSED", "商家转账用户免确认收款授权关闭通知")

    def _notify(self, authorization: Authorization, event: str, summary: str) -> None:
        self._notifier.send(
            authorization.account,
            event=f"MCHTRANSFER.AUTHORIZATION.{event}",
            original_type="mch_payment",
            summary=summary,
            resource=authorization.resource(),
            url=authorization.request.authorization_notify_url,
            subject=authorization.number,
        )

    def _asked_for(self, account: Account, request: Request) -> Authorization:
        check_mode(account, partner=False)
        number = request.params["out_authorization_no"]
        found = self._authorizations.get((account.mchid, number))
        if found is None or self._forgotten(found):
            advice = f"{account.mchid} has no authorisation {number}; one that was not confirmed is kept for 30 days."
            raise WxpayError("NOT_FOUND", advice=advice)
        return found

    def _forgotten(self, authorization: Authorization) -> bool:
        past = self._world.clock.now() > authorization.closed_ms + KEPT_UNCONFIRMED_MS
        return authorization.close_reason == OVERDUE and past

    def _of(self, account: Account) -> list[Authorization]:
        return [one for one in self._authorizations.values() if one.account is account]

    def _pick(self, number: str, pid: str | None) -> Authorization:
        found = [
            one
            for one in self._authorizations.values()
            if one.number == number and pid in (None, one.account.pid)
        ]
        if len(found) != 1:
            raise SimulatorError(
                f"{len(found)} wxpay authorisations {number!r}: create it first, or name its merchant as pid",
                404,
            )
        return found[0]


def _names(wanted: AuthorizedTransfer, one: Authorization) -> bool:
    if wanted.out_authorization_no:
        return one.number == wanted.out_authorization_no
    return one.authorization_id == wanted.authorization_id


def _used(changes: list[str]) -> WxpayError:
    advice = f"Not as in the first request with this out_authorization_no: {', '.join(changes)}. Repeat it unchanged, or take a new number."
    return WxpayError("ALREADY_EXISTS", advice=advice)
