"""What stands before and after every endpoint: the PayMercAuth header, and the signature on the answer.

That fields are looked at before signatures is documented; the rest of the order is this simulator's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from multidict import CIMultiDict

from vkpay_simulator.exchange import Answer, Handler, Request
from vkpay_simulator.providers.huawei import signing
from vkpay_simulator.providers.huawei.accounts import Account, Accounts, Certificate
from vkpay_simulator.providers.huawei.diagnosis import diagnose
from vkpay_simulator.providers.huawei.errors import OK, HuaweiError, printable
from vkpay_simulator.providers.huawei.rules import Rules
from vkpay_simulator.providers.huawei.signing import HEADER_SIGN, sign_string

if TYPE_CHECKING:
    from vkpay_simulator.world import World

HEADER = "PayMercAuth"
WINDOW_MS = 10 * 60_000
TRACE_ID_LIFE_MS = 24 * 3_600_000
LONGEST_TRACE_ID = 32
LONGEST_CALLER_ID = 12
LONGEST_TIME = 16
EXAMPLE = '{"callerId":"…","traceId":"…","time":…,"authId":"…","bodySign":"…","headerSign":"…"}'

_MISSING = {
    "traceId": "MISSING_TRACER_ID",
    "headerSign": "MISSING_HEADER_SIGN",
    "callerId": "MISSING_CALLER_ID",
    "bodySign": "MISSING_BODY_SIGN",
    "authId": "MISSING_AUTH_ID",
    "time": "MISSING_TIME",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """The header's members, all there; ``members`` is the object as it came."""

    caller_id: str
    trace_id: str
    time: str
    auth_id: str
    body_sign: str
    header_sign: str
    members: Mapping[str, Any]


class Call(NamedTuple):
    """A request that may go on: who signed it, and the parsed body of a POST."""

    account: Account
    request: Request
    body: bytes


Work = Callable[[Call], dict[str, Any]]
"""An endpoint: the answer's business fields, or :class:`HuaweiError`."""


class Gate:
    """Authenticates requests, and signs answers."""

    def __init__(self, world: World, accounts: Accounts, rules: Rules) -> None:
        self._world = world
        self._accounts = accounts
        self._rules = rules
        self._seen: dict[tuple[str, str], int] = {}

    def clear(self) -> None:
        self._seen.clear()

    def guard(self, work: Work, product: str | None = None) -> Handler:
        """The endpoint as the outside sees it; ``product`` is what the merchant must have opened."""

        def handle(request: Request) -> Answer:
            try:
                call = self._authenticate(request)
                _check_product(call.account, product)
                _check_mode(call.account, partner="/partner/" in request.path)
                return self.answer({**OK, **work(call)})
            except HuaweiError as error:
                return self.refuse(error)

        return handle

    def refuse(self, error: HuaweiError) -> Answer:
        answer = self.answer(dict(error.body()))
        answer.explain = error.explanation
        return answer

    def answer(self, content: dict[str, Any]) -> Answer:
        """A signed answer; whatever it says, its HTTP status is 200."""
        headers = CIMultiDict({"Content-Type": "application/json;charset=UTF-8"})
        return Answer(body=self.signed(content), headers=headers)

    def signed(self, content: dict[str, Any]) -> bytes:
        """``content`` as JSON with its ``sign``, and with a field nobody knows where the rules want one."""
        if self._rules.extra_fields:
            content = {**content, "extInfo": {"source": "simulator", "retries": [1, 2]}}
        k = int(self._world.ids.hex(64), 16)
        signature = signing.sign(self._accounts.platform.key, sign_string(content), k)
        return msgspec.json.encode({**content, signing.SIGN: signature})

    def claimed(self, request: Request) -> Account | None:
        """The account the request says it is from, true or not."""
        try:
            members = signing.parse(_header(request))
        except ValueError:
            return None
        caller = members.get("callerId")
        return self._accounts.find(caller) if isinstance(caller, str) else None

    def _authenticate(self, request: Request) -> Call:
        auth = _read_auth(request)
        self._check_time(auth)
        account, certificate = self._named(auth)
        self._check_new(auth)
        body = request.body if request.method == "POST" else b""
        self._verify(request, auth, certificate)
        return Call(account, request, body)

    def _check_time(self, auth: Auth) -> None:
        now = self._world.signing_ms()
        digits = auth.time.isascii() and auth.time.isdigit() and len(auth.time) <= LONGEST_TIME
        if not digits or abs(now - int(auth.time)) > WINDOW_MS:
            raise HuaweiError(
                "INVALID_TIME",
                f"time is {printable(auth.time)}: milliseconds since the epoch, at most 10 minutes from the server's {now}. "
                "The server goes by real time, however far business time was moved, unless it was started with "
                "--sign-with-virtual-time.",
            )

    def _named(self, auth: Auth) -> tuple[Account, Certificate]:
        digits = auth.caller_id.isascii() and auth.caller_id.isdigit()
        account = self._accounts.find(auth.caller_id)
        if account is None or not digits or len(auth.caller_id) > LONGEST_CALLER_ID:
            raise HuaweiError(
                "INVALID_CALLER_ID",
                f"callerId {printable(auth.caller_id)} is no merchant here: take mchId of GET /_sim/merchants/{{pid}}, node huawei.*.",
            )
        certificate = account.certificates.get(auth.auth_id)
        if certificate is None:
            owner = self._accounts.owner_of(auth.auth_id)
            whose = f"belongs to {owner.merc_no}" if owner else "is no certificate here"
            raise HuaweiError(
                "INVALID_AUTH_ID",
                f"authId {printable(auth.auth_id)} {whose}: {account.merc_no} signs with {account.certificate.auth_id} (mchAuthId).",
            )
        if certificate.state != "valid":
            raise HuaweiError(
                "INVALID_PUB_KEY", f"Certificate {certificate.auth_id} is {certificate.state}: use another."
            )
        return account, certificate

    def _check_new(self, auth: Auth) -> None:
        now = self._world.signing_ms()
        while self._seen and next(iter(self._seen.values())) <= now - TRACE_ID_LIFE_MS:
            del self._seen[next(iter(self._seen))]
        key = (auth.caller_id, auth.trace_id)
        if key in self._seen:
            raise HuaweiError(
                "INVALID_DUPLICATE_REQUEST",
                f"traceId {printable(auth.trace_id)} was used before: each request has its own, a repeated one too.",
            )
        self._seen[key] = now

    def _verify(self, request: Request, auth: Auth, certificate: Certificate) -> None:
        header = sign_string(auth.members, HEADER_SIGN)
        if not signing.verifies(certificate.public, header, auth.header_sign):
            advice = diagnose(request, certificate, "headerSign", auth.header_sign, header, auth.members)
            raise HuaweiError("INVALID_SIGNATURE", advice)
        text = _body_text(request)
        if not signing.verifies(certificate.public, text, auth.body_sign):
            advice = diagnose(request, certificate, "bodySign", auth.body_sign, text, auth.members)
            raise HuaweiError("INVALID_SIGNATURE", advice)


def _header(request: Request) -> bytes:
    return request.headers.get(HEADER, "").encode(errors="surrogateescape")


def _read_auth(request: Request) -> Auth:
    if not request.headers.get(HEADER):
        raise HuaweiError("MISSING_AUTH_HEADER", f"Send the header {HEADER}: {EXAMPLE}")
    try:
        members = signing.parse(_header(request))
    except ValueError as error:
        raise HuaweiError(
            "INVALID_AUTH_HEADER", f"{HEADER} cannot be read: {error}. Send {EXAMPLE}"
        ) from None
    values = {}
    for name, code in _MISSING.items():
        value = members.get(name)
        if not isinstance(value, str) or not value:
            raise HuaweiError(code, f"{HEADER} has no {name}: send {EXAMPLE}")
        values[name] = value
    if len(values["traceId"]) > LONGEST_TRACE_ID:
        raise HuaweiError(
            "INVALID_TRACER_ID", f"traceId has {len(values['traceId'])} characters, 32 are the most."
        )
    return Auth(
        caller_id=values["callerId"],
        trace_id=values["traceId"],
        time=values["time"],
        auth_id=values["authId"],
        body_sign=values["bodySign"],
        header_sign=values["headerSign"],
        members=members,
    )


def _body_text(request: Request) -> bytes:
    """What bodySign is about: the fields of a POST, path and query of a GET as they stood on the request line."""
    if request.method == "GET":
        return request.target.encode(errors="surrogateescape")
    try:
        return sign_string(signing.parse(request.body))
    except ValueError as error:
        raise HuaweiError("INVALID_PARAMETER", f"The body cannot be read: {error}.") from None


def _check_product(account: Account, product: str | None) -> None:
    if product is not None and product not in account.products:
        raise HuaweiError(
            "INSUFFICIENT_PERMISSION",
            f"{account.merc_no} has not opened {product}; it has {', '.join(sorted(account.products)) or 'nothing'}.",
        )


def _check_mode(account: Account, *, partner: bool) -> None:
    """Partners use the partner paths, and nobody else does."""
    if partner == bool(account.subs):
        return
    if partner:
        advice = f"{account.merc_no} is a direct merchant: call the path without /partner."
    else:
        advice = f"{account.merc_no} is a service provider: call the path with /partner."
    raise HuaweiError("OPERATION_NOT_AUTHORIZED", advice)
