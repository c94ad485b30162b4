"""Retention messaging: images, messages and where they are shown, approved at once.

https://developer.apple.com/documentation/retentionmessaging
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import msgspec

from vkpay_simulator.providers.appleiap import lookups
from vkpay_simulator.providers.appleiap.errors import AppleError
from vkpay_simulator.providers.appleiap.gate import Call, Reply
from vkpay_simulator.providers.appleiap.numbers import Numbers
from vkpay_simulator.providers.appleiap.queries import UUID

PNG = b"\x89PNG\r\n\x1a\n"
SIZES = frozenset({"FULL_SIZE", "BULLET_POINT"})
LONGEST = {"header": (66, 4000162), "body": (144, 4000163), "alt": (150, 4000175), "bullet": (66, 4000219)}
MOST_BULLETS, LONGEST_URL = 5, 256
APPROVED = "APPROVED"
CONFIG = {
    "maxConcurrentRequests": 10,
    "totalRequests": 100,
    "totalDuration": 60_000,
    "responseTimeThreshold": 400,
    "successRateThreshold": 98,
}


class Image(msgspec.Struct, kw_only=True, rename="camel"):
    image_identifier: str = ""
    alt_text: str = ""


class Bullet(msgspec.Struct, kw_only=True, rename="camel"):
    text: str = ""
    image_identifier: str | None = None
    alt_text: str = ""


class Message(msgspec.Struct, kw_only=True, rename="camel"):
    header: str = ""
    body: str = ""
    image: Image | None = None
    header_position: str | None = None
    bullet_points: list[Bullet] = []

    @property
    def images(self) -> list[str]:
        own = [self.image.image_identifier] if self.image else []
        return own + [one.image_identifier for one in self.bullet_points if one.image_identifier]


class MessageName(msgspec.Struct, kw_only=True, rename="camel"):
    message_identifier: str = ""


class RealtimeUrl(msgspec.Struct, kw_only=True):
    realtime_url: str = msgspec.field(default="", name="realtimeURL")


class TestOf(msgspec.Struct, kw_only=True, rename="camel"):
    original_transaction_id: str = ""


@dataclass(slots=True)
class Kept:
    """What one app has set up in one environment."""

    images: dict[str, str] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    defaults: dict[tuple[str, str], str] = field(default_factory=dict)
    url: str | None = None
    tests: list[str] = field(default_factory=list)


class Retention:
    """Each public method but ``clear`` is an endpoint."""

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers
        self._kept: dict[tuple[str, str], Kept] = {}

    def clear(self) -> None:
        self._kept.clear()

    def upload_image(self, call: Call) -> Reply:
        kept, number = self._of(call), _uuid(call, "image")
        size = call.one("imageSize") or "FULL_SIZE"
        if size not in SIZES:
            raise AppleError(4000216)
        if call.request.headers.get("Content-Type") != "image/png" or not call.request.body.startswith(PNG):
            raise AppleError(4000161, "Send a PNG with Content-Type: image/png.")
        if number in kept.images:
            raise AppleError(4090000)
        kept.images[number] = size
        return Reply(None)

    def delete_image(self, call: Call) -> Reply:
        kept, number = self._of(call), _uuid(call, "image")
        if number not in kept.images:
            raise AppleError(4040014)
        if any(number in message.images for message in kept.messages.values()):
            raise AppleError(4030019)
        del kept.images[number]
        return Reply(None)

    def images(self, call: Call) -> Reply:
        found = self._of(call).images.items()
        return Reply(
            {
                "imageIdentifiers": [
                    {"imageIdentifier": number, "imageState": APPROVED, "imageSize": size}
                    for number, size in found
                ]
            }
        )

    def upload_message(self, call: Call) -> Reply:
        kept, number = self._of(call), _uuid(call, "message")
        message = call.body(Message)
        _check_message(message)
        if unknown := [one for one in message.images if one.lower() not in kept.images]:
            raise AppleError(4040014, f"There is no image {unknown[0]}: upload it first.")
        if number in kept.messages:
            raise AppleError(4090001)
        kept.messages[number] = message
        return Reply(None)

    def delete_message(self, call: Call) -> Reply:
        kept, number = self._of(call), _uuid(call, "message")
        if kept.messages.pop(number, None) is None:
            raise AppleError(4040015)
        return Reply(None)

    def messages(self, call: Call) -> Reply:
        found = [
            {"messageIdentifier": number, "messageState": APPROVED} for number in self._of(call).messages
        ]
        return Reply({"messageIdentifiers": found})

    def set_default(self, call: Call) -> Reply:
        kept, number = self._of(call), call.body(MessageName).message_identifier.lower()
        if number not in kept.messages:
            raise AppleError(4040015)
        kept.defaults[_place(call)] = number
        return Reply(None)

    def default(self, call: Call) -> Reply:
        number = self._of(call).defaults.get(_place(call))
        if number is None:
            raise AppleError(4040020)
        return Reply({"messageIdentifier": number})

    def delete_default(self, call: Call) -> Reply:
        if self._of(call).defaults.pop(_place(call), None) is None:
            raise AppleError(4040020)
        return Reply(None)

    def set_url(self, call: Call) -> Reply:
        url = call.body(RealtimeUrl).realtime_url
        if not url or len(url) > LONGEST_URL or urlsplit(url).scheme not in ("http", "https"):
            raise AppleError(4000215)
        self._of(call).url = url
        return Reply(None)

    def url(self, call: Call) -> Reply:
        url = self._of(call).url
        if url is None:
            raise AppleError(4040021)
        return Reply({"realtimeURL": url})

    def delete_url(self, call: Call) -> Reply:
        kept = self._of(call)
        if kept.url is None:
            raise AppleError(4040021)
        kept.url = None
        return Reply(None)

    def begin_test(self, call: Call) -> Reply:
        number = call.body(TestOf).original_transaction_id
        lookups.original(call, number, malformed=4000211)
        request = self._numbers.uuid()
        self._of(call).tests.append(request)
        return Reply({"config": CONFIG, "requestId": request})

    def test(self, call: Call) -> Reply:
        kept, number = self._of(call), call.param("request")
        if number not in kept.tests:
            raise AppleError(4040018)
        times = {"average": 20, "p50": 18, "p90": 30, "p95": 35, "p99": 50}
        return Reply(
            {
                "config": CONFIG,
                "target": kept.url or "",
                "result": "PASS",
                "successRate": 100,
                "numPending": 0,
                "responseTimes": times,
                "failures": {},
            }
        )

    def _of(self, call: Call) -> Kept:
        return self._kept.setdefault((call.app.bundle_id, call.store.environment), Kept())


def _place(call: Call) -> tuple[str, str]:
    return call.param("product"), call.param("locale")


def _check_message(message: Message) -> None:
    texts: list[tuple[str, str]] = [("header", message.header), ("body", message.body)]
    texts += [("bullet", one.text) for one in message.bullet_points]
    texts += [("alt", one.alt_text) for one in message.bullet_points]
    if message.image is not None:
        texts.append(("alt", message.image.alt_text))
    for kind, text in texts:
        longest, code = LONGEST[kind]
        if len(text) > longest:
            raise AppleError(code, f"{longest} characters are allowed.")
    if len(message.bullet_points) > MOST_BULLETS:
        raise AppleError(4000218)
    if message.header_position == "ABOVE_IMAGE" and message.image is None:
        raise AppleError(4000224)


def _uuid(call: Call, name: str) -> str:
    number = call.param(name)
    if not UUID.fullmatch(number):
        raise AppleError(4000000, f"{number[:40]!r} is no UUID.")
    return number.lower()
