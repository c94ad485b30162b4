"""What stands before and after every endpoint of the App Store Server API: whose call it is, how many there were, and
the answer's form.

An error carries exactly ``application/json``: Apple's own Python client compares the whole header.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import parse_qs

import msgspec
from multidict import CIMultiDict

from vkpay_simulator.exchange import Answer, Handler, Request
from vkpay_simulator.jws import BadToken
from vkpay_simulator.providers.appleiap import signing
from vkpay_simulator.providers.appleiap.accounts import PREFIXES, App, Apps
from vkpay_simulator.providers.appleiap.errors import UNREADABLE, AppleError, unauthenticated
from vkpay_simulator.providers.appleiap.limits import Limits
from vkpay_simulator.providers.appleiap.models import PRODUCTION, SANDBOX, Store
from vkpay_simulator.providers.appleiap.signer import Signer

if TYPE_CHECKING:
    from vkpay_simulator.world import World

AUDIENCE = "appstoreconnect-v1"
LONGEST_LIFE_S = 3600
SKEW_S = 60
JSON = "application/json"
M = TypeVar("M", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call that was let in. ``query`` holds every value of a parameter, in their order."""

    app: App
    store: Store
    request: Request
    query: Mapping[str, list[str]]

    def param(self, name: str) -> str:
        return self.request.params[name]

    def one(self, name: str) -> str | None:
        """A parameter that stands once; of several the last counts."""
        return self.query[name][-1] if name in self.query else None

    def body(self, model: type[M]) -> M:
        """Raises :class:`AppleError` for a body that is no JSON object. What a field may hold is the endpoint's to say."""
        try:
            return msgspec.json.decode(self.request.body, type=model)
        except UNREADABLE as error:
            raise AppleError(4000000, f"The body cannot be read: {error}.") from error


class Reply(NamedTuple):
    """No body for ``None``."""

    body: dict[str, Any] | None
    status: int = 200


Work = Callable[[Call], Reply]


def environment_of(request: Request) -> str:
    """By the path, or by the name of the host where Apple's names lead here."""
    prefix = PREFIXES[SANDBOX]
    by_path = request.path == prefix or request.path.startswith(f"{prefix}/")
    return SANDBOX if by_path or "sandbox" in request.origin.partition("://")[2] else PRODUCTION


class Gate:
    """Authenticates, counts, answers."""

    def __init__(self, world: World, apps: Apps, limits: Limits, signer: Signer) -> None:
        self._world = world
        self._apps = apps
        self._limits = limits
        self._signer = signer

    def guard(self, operation: str, work: Work) -> Handler:
        """The endpoint as the outside sees it."""

        def handle(request: Request) -> Answer:
            self._signer.origin = request.origin
            try:
                call = self.admit(request)
                self._count(call, operation)
                return answer(work(call))
            except AppleError as error:
                return refusal(error)

        return handle

    def admit(self, request: Request) -> Call:
        """Raises :class:`AppleError` (401)."""
        app = self._authenticated(request)
        environment = environment_of(request)
        if environment == PRODUCTION and not app.released:
            raise unauthenticated(
                f"{app.bundle_id} was never released: until then only the sandbox knows it."
            )
        query = parse_qs(request.query_string, keep_blank_values=True)
        return Call(app=app, store=app.stores[environment], request=request, query=query)

    def _authenticated(self, request: Request) -> App:
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise unauthenticated("There is no Authorization: Bearer <token>.")
        try:
            token = signing.read_token(text.strip())
        except BadToken as error:
            raise unauthenticated(f"The token is none: {error}.") from error
        app = self._apps.by_key(token.header.kid)
        if app is None:
            raise unauthenticated(
                f"kid {token.header.kid!r} is no key here: take keyId of GET /_sim/merchants/{{pid}}."
            )
        if wrong := self._wrong(token, app):
            raise unauthenticated(wrong)
        return app

    def _wrong(self, token: signing.Token, app: App) -> str:
        claims, now = token.claims, self._world.signing_ms() / 1000
        if token.header.alg != "ES256":
            return f"alg is {token.header.alg!r}, not ES256."
        if not signing.holds(token, app.public_key):
            return f"The signature does not hold under the public key of {app.key_id}."
        if claims.aud != AUDIENCE:
            return f"aud is {claims.aud!r}, not {AUDIENCE}."
        if claims.iss != app.issuer_id:
            return f"iss is {claims.iss!r}, not the issuer id {app.issuer_id}."
        if claims.bid != app.bundle_id:
            return f"bid is {claims.bid!r}, not {app.bundle_id}."
        return _untimely(claims, now)

    def _count(self, call: Call, operation: str) -> None:
        now = self._world.signing_ms()
        again = self._limits.take(call.app.bundle_id, operation, now, sandbox=call.store.sandbox)
        if again is not None:
            raise too_many(again)


def _untimely(claims: signing.Claims, now: float) -> str:
    if claims.exp <= now - SKEW_S:
        return f"The token ended at {claims.exp:.0f}, the server's time is {now:.0f}: correct the clock."
    issued = claims.iat if claims.iat is not None else now
    if issued > now + SKEW_S:
        return f"iat {issued:.0f} is ahead of the server's time {now:.0f}: correct the clock."
    if claims.exp - issued > LONGEST_LIFE_S + SKEW_S:
        return f"The token is valid for {claims.exp - issued:.0f} s; at most {LONGEST_LIFE_S} are allowed."
    return ""


class TooMany(AppleError):
    """``again_ms`` is when the next call is taken."""

    def __init__(self, again_ms: int) -> None:
        super().__init__(4290000, f"Too many calls of this kind: the next is taken at {again_ms} (epoch ms).")
        self.again_ms = again_ms


def too_many(again_ms: int) -> AppleError:
    return TooMany(again_ms)


def answer(reply: Reply) -> Answer:
    if reply.body is None:
        return Answer(status=reply.status)
    headers = CIMultiDict({"Content-Type": JSON})
    return Answer(status=reply.status, body=msgspec.json.encode(reply.body), headers=headers)


def refusal(error: AppleError) -> Answer:
    if error.code is None:
        text = b"Unauthenticated\n\n" if error.status == 401 else b""
        headers = CIMultiDict({"Content-Type": "text/plain;charset=UTF-8"})
        return Answer(status=error.status, body=text, headers=headers, explain=error.advice)
    made = answer(Reply({"errorCode": error.code, "errorMessage": error.message}, error.status))
    if isinstance(error, TooMany):
        made.headers["Retry-After"] = str(error.again_ms)
    made.explain = error.advice or error.message
    return made
