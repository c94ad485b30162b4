"""WeChat's objects in its own spelling. Times are in seconds."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec

from vkpay_async.providers.base import concealed

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding foreign bytes may raise; the last one for JSON nested without end."""

Text: TypeAlias = Annotated[str, msgspec.Meta(min_length=1)]


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """Base of what is read from an answer; unknown fields are left alone."""


class Verdict(Wire, frozen=True, kw_only=True):
    """What every answer may have; a success leaves both out, or says 0."""

    errcode: int = 0
    errmsg: str = ""


class SessionAnswer(Wire, frozen=True, kw_only=True):
    openid: Text
    session_key: Text
    unionid: str | None = None

    __repr__ = concealed


class AccessAnswer(Wire, frozen=True, kw_only=True):
    openid: Text
    access_token: Text
    expires_in: int | None = None
    refresh_token: str | None = None
    scope: str | None = None
    unionid: str | None = None

    __repr__ = concealed
