"""A push's bytes → a verified message: its signature, its cipher, JSON or XML.

https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias
from urllib.parse import parse_qsl

import msgspec
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from vkpay_async.errors import NotificationInvalid, SignatureInvalid
from vkpay_async.models import RawNotification, Value
from vkpay_async.providers.weixin.models import UNREADABLE
from vkpay_async.providers.wxpay_virtual.cipher import PushCipher
from vkpay_async.providers.wxpay_virtual.signing import push_signature, same

LARGEST = 64 * 1024
"""Bytes of a push. WeChat's have some hundred; more is somebody else's."""

DEEPEST = 4
_MOST_PARAMETERS = 20

Form: TypeAlias = Literal["json", "xml"]


class Message(Value, frozen=True, kw_only=True):
    """A push that is genuine. ``members`` are by their names in lower case, as libraries differ on them; ``shown`` is what
    WeChat wrote. ``sealed``: it was encrypted, so that its content is WeChat's as well, and not the query alone.
    """

    members: Mapping[str, Any]
    shown: Mapping[str, Any]
    form: Form
    sealed: bool


class Signed(Value, frozen=True, kw_only=True):
    """The parameters of a push's query that vouch for it."""

    signature: str
    msg_signature: str
    timestamp: str
    nonce: str
    echostr: str

    @classmethod
    def from_query(cls, query: str) -> Signed:
        """Raises :class:`NotificationInvalid`, also for a parameter that stands there twice."""
        try:
            pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
        except ValueError as error:
            raise NotificationInvalid(
                f"more than {_MOST_PARAMETERS} parameters: no push of WeChat's has so many"
            ) from error
        given = dict(pairs)
        if len(given) != len(pairs):
            raise NotificationInvalid("a parameter stands twice in the query: WeChat sends each once")
        return cls(**{name: given.get(name, "") for name in cls.__struct_fields__})


def checked_echo(raw: RawNotification, token: str) -> bytes:
    """What to answer when the console checks the address. Raises :class:`SignatureInvalid`."""
    signed = Signed.from_query(raw.query)
    _check(signed.signature, push_signature(token, signed.timestamp, signed.nonce), "signature")
    return signed.echostr.encode(errors="replace")


def message_of(raw: RawNotification, token: str, cipher: PushCipher | None) -> Message:
    """Verifies, decrypts and reads a push. Raises :class:`SignatureInvalid`, :class:`NotificationInvalid`."""
    if len(raw.body) > LARGEST:
        raise NotificationInvalid(f"a push of {len(raw.body)} bytes: WeChat's have at most {LARGEST}")
    signed = Signed.from_query(raw.query)
    # Checked before the body is looked at: a stranger's bytes are not worth parsing. An encrypted one is vouched for by
    # its own signature, which not every mode has beside the other.
    if not signed.msg_signature:
        _check(signed.signature, push_signature(token, signed.timestamp, signed.nonce), "signature")
    shown, form = _read(raw.body)
    members = _lowered(shown)
    encrypted = members.get("encrypt")
    if not signed.msg_signature and encrypted is None:
        return Message(members=members, shown=shown, form=form, sealed=False)
    if not isinstance(encrypted, str) or not signed.msg_signature:
        raise NotificationInvalid("half an encrypted push: one of Encrypt and msg_signature is missing")
    ours = push_signature(token, signed.timestamp, signed.nonce, encrypted)
    _check(signed.msg_signature, ours, "msg_signature")
    if cipher is None:
        raise NotificationInvalid(
            "the push is encrypted: set encoding_aes_key to the EncodingAESKey of the mini program's message push"
        )
    shown, form = _read(cipher.open(encrypted))
    return Message(members=_lowered(shown), shown=shown, form=form, sealed=True)


def _check(theirs: str, ours: str, name: str) -> None:
    if not theirs or not same(theirs, ours):
        raise SignatureInvalid(
            f"{name} of the push does not hold: check that token is the Token of the mini program's message push"
        )


def _read(body: bytes) -> tuple[dict[str, Any], Form]:
    if body.lstrip()[:1] == b"<":
        return _xml(body), "xml"
    try:
        return msgspec.json.decode(body, type=dict[str, Any]), "json"
    except UNREADABLE as error:
        raise NotificationInvalid(f"the push is neither JSON nor XML: {error}") from error


def _xml(body: bytes) -> dict[str, Any]:
    try:
        root = fromstring(body, forbid_dtd=True)
    except (DefusedXmlException, SyntaxError, ValueError, LookupError) as error:
        raise NotificationInvalid(f"the push's XML cannot be read: {type(error).__name__}") from error
    found = _element(root, DEEPEST)
    return found if isinstance(found, dict) else {}


def _element(element: Any, depth: int) -> dict[str, Any] | str:
    children = list(element)
    if not children:
        return element.text or ""
    if depth == 0:
        raise NotificationInvalid(f"the push's XML is nested more than {DEEPEST} deep")
    members: dict[str, Any] = {}
    for child in children:
        if child.tag in members:
            raise NotificationInvalid("an element stands twice in the push: WeChat sends each once")
        members[child.tag] = _element(child, depth - 1)
    return members


def _lowered(members: Mapping[str, Any], depth: int = DEEPEST) -> dict[str, Any]:
    """The same by names in lower case. Raises :class:`NotificationInvalid` where two become one, or without end."""
    if depth == 0:
        raise NotificationInvalid(f"the push is nested more than {DEEPEST} deep")
    lowered = {
        name.lower(): _lowered(value, depth - 1) if isinstance(value, Mapping) else value
        for name, value in members.items()
    }
    if len(lowered) != len(members):
        raise NotificationInvalid("a field stands twice in the push: WeChat sends each once")
    return lowered
