"""What every Python driver needs, from the standard library alone: it runs in each client's own environment.

The job comes as JSON on standard input; a result goes out as one line of JSON. The simulator is reached only
over HTTP: the provider's own API through the client under test, the buyer's side through ``/_sim``.
"""

from __future__ import annotations

import base64
import json
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any
from urllib.parse import parse_qsl, urlsplit

RETURN_URL = "http://127.0.0.1:1/back?mine=1"


@dataclass(frozen=True)
class Delivered:
    """A notification as it reached the receiver."""

    headers: dict[str, str]
    body: bytes
    query: dict[str, str] = field(default_factory=dict)


class Judge:
    """One client's run."""

    def __init__(self, distribution: str) -> None:
        job = json.load(sys.stdin)
        self.client: str = job["client"]
        self.base_url: str = job["base_url"]
        self.merchants: dict[str, Any] = job["merchants"]
        self._notify_url: str = job["notify_url"]
        self._prefix: str = job["prefix"]
        self._numbers = 0
        self._print(version=version(distribution))

    @contextmanager
    def proves(self, *operations: str) -> Iterator[None]:
        """What the block does is the proof; any exception in it is the failure."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 (whatever goes wrong is the result)
            self._record(operations, False, f"{type(error).__name__}: {error}")
        else:
            self._record(operations, True, "")

    @contextmanager
    def cannot(self, operation: str, reason: str) -> Iterator[None]:
        """The client itself is wrong here; the block shows that the simulator sees it."""
        with self.proves(operation):
            yield
        self._print(operation=operation, defect=reason)

    def number(self, kind: str = "") -> str:
        """A fresh merchant's number: letters and digits, the same in every run."""
        self._numbers += 1
        return f"{self._prefix}{kind}{self._numbers:06d}"

    def notify_url(self, tag: str) -> str:
        return f"{self._notify_url}/{self.client}/{tag}"

    def received(self, tag: str, count: int = 1) -> Delivered:
        """The latest notification at that address, as soon as there have been ``count``."""
        address = self._notify_url.replace("/notify", "/received", 1)
        found = _json(f"{address}/{self.client}/{tag}?count={count}")
        query = dict(parse_qsl(found["query"], keep_blank_values=True))
        return Delivered(headers=found["headers"], body=base64.b64decode(found["body"]), query=query)

    def reply_with(self, tag: str, body: str) -> None:
        """What the receiver answers at that address from now on."""
        address = self._notify_url.replace("/notify", "/reply", 1)
        _json(f"{address}/{self.client}/{tag}", body.encode())

    def control(self, path: str, body: dict[str, Any]) -> Any:
        """A call of the control API, e.g. ``control("pay", {"out_trade_no": …})``."""
        return _json(f"{self.base_url}/_sim/{path}", body)

    def order(self, out_trade_no: str) -> Any:
        """An order as the simulator has it."""
        return _json(f"{self.base_url}/_sim/orders/{out_trade_no}")

    def pay(self, out_trade_no: str) -> None:
        self.control("pay", {"out_trade_no": out_trade_no})

    def advance(self, seconds: int) -> None:
        self.control("clock", {"advance_seconds": seconds})

    def spoil_next_answer(self, out_trade_no: str) -> None:
        self.control("faults", {"fault": "bad_signature", "match": {"out_trade_no": out_trade_no}})

    def spoil_next_notification(self, out_trade_no: str) -> None:
        match = {"operation": "*.notify", "out_trade_no": out_trade_no}
        self.control("faults", {"fault": "bad_signature", "match": match})

    def app_pay(self, order_string: str) -> str:
        """Hands an order string to the phone's Alipay, which pays; the app gets this signed JSON text back."""
        done = self.control("alipay/app-pay", {"order_string": order_string})
        expect(done["resultStatus"], "9000")
        return str(done["result"])

    def pay_at_cashier(self, page: str) -> dict[str, str]:
        """Presses the page's button; the query of the address that the browser is sent back to."""
        action = "".join(re.findall(r'action="([^"]*)"', page))
        demand(bool(action), page)
        opener = urllib.request.build_opener(_Staying)
        try:
            opener.open(f"{self.base_url}{action}", b"choice=pay", timeout=10)
        except urllib.error.HTTPError as sent_back:
            expect(sent_back.code, 302)
            return dict(parse_qsl(urlsplit(sent_back.headers["Location"]).query))
        raise AssertionError("the cashier sent nobody back")

    def _record(self, operations: tuple[str, ...], ok: bool, detail: str) -> None:
        for operation in operations:
            self._print(operation=operation, ok=ok, detail=detail)

    def _print(self, **fields: Any) -> None:
        print(json.dumps({"client": self.client, **fields}), flush=True)


def expect(found: Any, wanted: Any) -> None:
    """Raises :class:`AssertionError` that shows both sides."""
    if found != wanted:
        raise AssertionError(f"expected {wanted!r}, got {found!r}")


def demand(holds: bool, shown: Any) -> None:
    """Raises :class:`AssertionError` with what was seen when a condition does not hold."""
    if not holds:
        raise AssertionError(f"unexpected: {shown!r}")


@contextmanager
def refused(error: type[Exception], says: str = "") -> Iterator[None]:
    """The block has to end in the client's own error."""
    try:
        yield
    except error as caught:
        demand(says in str(caught), str(caught))
    else:
        raise AssertionError(f"no {error.__name__} was raised")


class _Staying(urllib.request.HTTPRedirectHandler):
    """A browser that does not follow redirects."""

    def redirect_request(self, *_: Any) -> None:
        return None


def open_page(url: str) -> str:
    """Opens a page as a browser would and gives its HTML back."""
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 (loopback)
        return str(answer.read().decode())


def _json(url: str, body: dict[str, Any] | bytes | None = None) -> Any:
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 (loopback)
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:  # noqa: S310 (loopback)
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{url}: {error.code} {error.read().decode()}") from error
