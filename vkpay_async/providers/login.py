"""Who a login code belongs to: what the providers' logins give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from vkpay_async.config.secret import Secret
from vkpay_async.errors import InvalidArgument, TransportError
from vkpay_async.models import Value

if TYPE_CHECKING:
    from vkpay_async.providers.base import Flow

T = TypeVar("T")

LONGEST_CODE = 512


class Login(Value, frozen=True, kw_only=True):
    """A user who has logged in. ``openid`` is theirs in this one app, ``unionid`` in all apps of one owner, where it is told."""

    openid: str
    unionid: str | None = None

    def to_client(self) -> dict[str, Any]:
        """What the user's own front end may know: no key and no token."""
        unionid = {"unionid": self.unionid} if self.unionid else {}
        return {"code": 0, "msg": "ok", "openid": self.openid, **unionid}


class SessionLogin(Login, frozen=True, kw_only=True):
    """A mini program's user (WeChat, Douyin). ``session_key`` decrypts what the client gets of them; a new login ends it."""

    session_key: Secret


class TokenLogin(Login, frozen=True, kw_only=True):
    """A user of a web page or an app (WeChat), or of Alipay. The tokens read what the user has agreed to.

    ``expires`` and ``refresh_expires`` are in milliseconds since the epoch. ``user_id`` is Alipay's 2088… number, where the
    app still gets it.
    """

    access_token: Secret
    expires: int | None = None
    refresh_token: Secret | None = None
    refresh_expires: int | None = None
    scope: str | None = None
    user_id: str | None = None


def checked_code(code: object, source: str) -> str:
    """``source`` says what gives a code. Raises :class:`InvalidArgument`, without one with code 1013."""
    if not isinstance(code, str) or not code.strip():
        raise InvalidArgument(f"code is missing: {source} gives it", code=1013)
    if len(code) > LONGEST_CODE or not code.isprintable():
        raise InvalidArgument(f"code is not one that {source} gives", code=1013)
    return code


def using_up(flow: Flow[T]) -> Flow[T]:
    """A call that takes a code, which works once. Where no answer comes, the error says so."""
    try:
        return (yield from flow)
    except TransportError as error:
        raise TransportError(f"{error.msg}, with a new code: this one may be used up") from error
