"""What stands before and after every endpoint: whose token it is, whether it fits the body, and the answer's form."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from multidict import CIMultiDict

from vkpay_simulator import jws
from vkpay_simulator.exchange import Answer, Handler, Request
from vkpay_simulator.jws import BadToken
from vkpay_simulator.providers.huaweiiap.accounts import App, Apps
from vkpay_simulator.providers.huaweiiap.errors import (
    FAILED,
    MESSAGES,
    NOT_ACTIVATED,
    UNAUTHENTICATED,
    UNREADABLE,
    IapError,
)

if TYPE_CHECKING:
    from vkpay_simulator.world import World

AUDIENCE = "iap-v1"
LONGEST_LIFE_S = 3600
SKEW_S = 60
B = TypeVar("B", bound=msgspec.Struct)
Work = Callable[[App, B], dict[str, Any]]


class Header(msgspec.Struct, kw_only=True):
    alg: str = ""
    kid: str = ""


class Claims(msgspec.Struct, kw_only=True):
    """Times in seconds."""

    iss: str = ""
    aud: str = ""
    iat: float = 0
    exp: float = 0
    aid: str = ""
    digest: str = ""


class Gate:
    """Authenticates, reads, answers."""

    def __init__(self, world: World, apps: Apps) -> None:
        self._world = world
        self._apps = apps

    def guard(self, model: type[B], work: Work[B]) -> Handler:
        """The endpoint as the outside sees it."""

        def handle(request: Request) -> Answer:
            try:
                app = self._authenticated(request)
                if not app.activated:
                    raise IapError(NOT_ACTIVATED, f"IAP is switched off for the app of {app.pid}.")
                return answered(
                    {"responseCode": "0", "responseMessage": "success"} | work(app, _read(request, model))
                )
            except IapError as error:
                return refused(error)

        return handle

    def claimed(self, request: Request) -> App | None:
        """Whose call it would be, if its token held."""
        try:
            parts = _token(request)
            return self._apps.by_key(msgspec.json.decode(parts.header, type=Header).kid)
        except (IapError, *UNREADABLE):
            return None

    def _authenticated(self, request: Request) -> App:
        parts = _token(request)
        try:
            header = msgspec.json.decode(parts.header, type=Header)
            claims = msgspec.json.decode(parts.claims, type=Claims)
        except UNREADABLE as error:
            raise _unauthenticated(f"The token cannot be read: {error}.") from error
        app = self._apps.by_key(header.kid)
        if app is None:
            raise _unauthenticated(
                f"kid {header.kid!r} is no key here: take keyId of GET /_sim/merchants/{{pid}}."
            )
        if header.alg != "ES256" or not jws.holds(parts.signed, parts.signature, app.public_key):
            raise _unauthenticated(f"The token is not signed by the key {app.key_id} under ES256.")
        if wrong := self._wrong(claims, app, request.body):
            raise _unauthenticated(wrong)
        return app

    def _wrong(self, claims: Claims, app: App, body: bytes) -> str:
        now = self._world.signing_ms() / 1000
        if claims.aud != AUDIENCE:
            return f"aud is {claims.aud!r}, not {AUDIENCE}."
        if claims.iss != app.issuer_id:
            return f"iss is {claims.iss!r}, not the issuer id {app.issuer_id}."
        if claims.aid != app.app_id:
            return f"aid is {claims.aid!r}, not the APP ID {app.app_id}."
        if claims.digest != sha256(body).hexdigest():
            return "digest is not the hex SHA-256 of the body as it was sent."
        if claims.exp <= now - SKEW_S or claims.iat > now + SKEW_S:
            return (
                f"The token holds from {claims.iat:.0f} to {claims.exp:.0f}, the server's time is {now:.0f}."
            )
        if claims.exp - claims.iat > LONGEST_LIFE_S:
            return f"The token holds {claims.exp - claims.iat:.0f} s; at most {LONGEST_LIFE_S} are allowed."
        return ""


def answered(fields: dict[str, Any]) -> Answer:
    headers = CIMultiDict({"Content-Type": "application/json;charset=UTF-8"})
    return Answer(body=msgspec.json.encode(fields), headers=headers)


def refused(error: IapError) -> Answer:
    if error.code == UNAUTHENTICATED:
        return Answer(status=401, explain=error.advice)
    made = answered({"responseCode": error.code, "responseMessage": MESSAGES[error.code]})
    made.explain = error.advice
    return made


def _unauthenticated(advice: str) -> IapError:
    return IapError(UNAUTHENTICATED, advice)


def _token(request: Request) -> jws.Parts:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise _unauthenticated("There is no Authorization: Bearer <token>.")
    try:
        return jws.parts_of(text.strip())
    except BadToken as error:
        raise _unauthenticated(f"The token is none: {error}.") from error


def _read(request: Request, model: type[B]) -> B:
    try:
        return msgspec.json.decode(request.body or b"{}", type=model)
    except UNREADABLE as error:
        raise IapError(FAILED, f"The body does not fit: {error}.") from error
