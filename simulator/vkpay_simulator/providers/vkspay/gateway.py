"""``POST /api``: who may come in, and which method answers."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from multidict import CIMultiDict

from vkpay_simulator.exchange import Answer, Request
from vkpay_simulator.providers.vkspay.accounts import Account
from vkpay_simulator.providers.vkspay.errors import (
    BAD_SIGNATURE,
    BANNED,
    EXPIRED,
    NONCE_USED,
    Refusal,
    parameter,
)
from vkpay_simulator.providers.vkspay.fields import Fields
from vkpay_simulator.providers.vkspay.models import Call
from vkpay_simulator.providers.vkspay.parameters import parse_fields
from vkpay_simulator.providers.vkspay.rules import Rules
from vkpay_simulator.providers.vkspay.signing import sign, signed_text

if TYPE_CHECKING:
    from vkpay_simulator.world import World

OPERATION = "api"
VERSION = "2.0"
DRIFT_S = 600

_NONCE = re.compile(r"[1-9]{8}", re.ASCII)
_SECONDS = re.compile(r"\d{1,12}", re.ASCII)

Method = Callable[[Call], dict[str, Any]]


class Gateway:
    """Lets calls in that are signed and in time. HTTP is 200 always, which is designed."""

    def __init__(
        self, world: World, rules: Rules, accounts: Mapping[str, Account], methods: Mapping[str, Method]
    ) -> None:
        self._world = world
        self._rules = rules
        self._accounts = accounts
        self._methods = methods
        self._nonces: set[tuple[str, str]] = set()

    def clear(self) -> None:
        self._nonces.clear()

    def handle(self, request: Request) -> Answer:
        try:
            call, method = self._admitted(request)
            return answer(method(call))
        except Refusal as refused:
            return refuse(refused)

    def operation_of(self, request: Request) -> str:
        """The method's name, or ``api`` where it names none that there is."""
        try:
            name = parse_fields(request).get("method", "")
        except Refusal:
            return OPERATION
        return name if name in self._methods else OPERATION

    @staticmethod
    def number_in(request: Request) -> str | None:
        """The order's number that a request claims to be about, unchecked."""
        try:
            return parse_fields(request).get("out_trade_no") or None
        except Refusal:
            return None

    def _admitted(self, request: Request) -> tuple[Call, Method]:
        values = parse_fields(request)
        method = self._methods.get(values.get("method", ""))
        if method is None:
            raise parameter("method不存在", f"method is one of {', '.join(self._methods)}.")
        account = self._authenticated(values)
        self._check_form(account, values)
        if account.banned:
            raise Refusal("FAIL", BANNED, why=_banned(account))
        return Call(account=account, fields=Fields(values), values=values, origin=request.origin), method

    def _store(self, values: Mapping[str, str]) -> Account | None:
        number = values.get("merchantno", "")
        return next((one for one in self._accounts.values() if one.merchantno == number), None)

    def _authenticated(self, values: Mapping[str, str]) -> Account:
        account = self._store(values)
        if account is None:
            known = ", ".join(one.merchantno for one in self._accounts.values())
            raise Refusal("FAIL", BAD_SIGNATURE, why=f"No store has this merchantno: there are {known}.")
        sent, right = values.get("sign", ""), sign(values, account.key)
        if not hmac.compare_digest(sent.encode(), right.encode()):
            raise Refusal("FAIL", BAD_SIGNATURE, why=_why_unverified(values, sent, right))
        return account

    def _check_form(self, account: Account, values: Mapping[str, str]) -> None:
        if values.get("version") != VERSION:
            raise parameter("version错误", f'version is "{VERSION}".')
        nonce = values.get("signaturenonce", "")
        if not _NONCE.fullmatch(nonce):
            raise parameter("signaturenonce错误", "signaturenonce has 8 digits from 1 to 9.")
        self._check_time(values.get("timestamp", ""))
        seen = (account.merchantno, nonce)
        if self._rules.reject_replays and seen in self._nonces:
            raise Refusal("FAIL", NONCE_USED, why="The rule reject_replays is on, and this nonce was used.")
        self._nonces.add(seen)

    def _check_time(self, timestamp: str) -> None:
        if not _SECONDS.fullmatch(timestamp):
            raise parameter("timestamp错误", "timestamp is in whole seconds since the epoch.")
        late_s = self._world.signing_ms() // 1000 - int(timestamp)
        if abs(late_s) > DRIFT_S:
            raise Refusal(
                "FAIL",
                EXPIRED,
                why=f"timestamp is {late_s} s behind the gateway's clock, and may be {DRIFT_S}: it is in seconds.",
            )


def answer(content: Mapping[str, Any]) -> Answer:
    headers = CIMultiDict({"Content-Type": "application/json; charset=utf-8"})
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Answer(body=body.encode(), headers=headers)


def refuse(refused: Refusal) -> Answer:
    made = answer({"return_code": refused.code, "return_msg": refused.text})
    made.explain = refused.why
    return made


def _banned(account: Account) -> str:
    return (
        f"Store {account.merchantno} is banned, since {len(account.unreachable)} orders' notifications were not taken in: "
        f'POST /_sim/vkspay/account {{"pid": "{account.pid}", "banned": false}}.'
    )


def _why_unverified(values: Mapping[str, str], sent: str, right: str) -> str:
    if not sent:
        return "sign is missing."
    if sent.lower() == right:
        return "sign must be in lower case."
    return (
        f"sign must be the MD5 of this text, in which *** is the store's key: {signed_text(values)}&key=***"
    )
