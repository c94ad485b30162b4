"""A merchant's notify endpoint that keeps what it is sent, byte for byte, and hands it to the drivers.

``POST /notify/<provider>/<client>/<tag>`` is what the simulator calls, and with GET what a console checks an address with;
``GET /received/<provider>/<client>/<tag>?count=n`` waits for the n-th notification at that address and returns the latest.
``POST /reply/<provider>/<client>/<tag>`` says what to answer there instead of the provider's usual word.
"""

from __future__ import annotations

import base64
import json
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PATIENCE_S = 10
REPLIES = {
    "alipay": b"success",
    "appleiap": b"",
    "douyin": b'{"err_no":0,"err_tips":"success"}',
    "wxpay": b'{"code":"SUCCESS","message":"OK"}',
    "wxpay-virtual": b"success",
    "vkspay": b'{"code":"SUCCESS","msg":"SUCCESS"}',
}


class Receiver:
    """Listens on a free port of 127.0.0.1 until it is closed."""

    def __init__(self) -> None:
        self._arrived: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._replies: dict[str, bytes] = {}
        self._news = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def keep(self, target: str, headers: dict[str, str], body: bytes) -> bytes:
        """Keeps what came; what to answer."""
        path, _, query = target.partition("?")
        came = {"headers": headers, "body": base64.b64encode(body).decode(), "query": query}
        with self._news:
            self._arrived[path].append(came)
            self._news.notify_all()
        return self._replies.get(path, REPLIES[path.split("/")[0]])

    def latest(self, path: str, count: int) -> dict[str, Any] | None:
        with self._news:
            self._news.wait_for(lambda: len(self._arrived[path]) >= count, PATIENCE_S)
            arrived = self._arrived[path]
            return arrived[-1] if len(arrived) >= count else None

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.path.startswith("/reply/"):
                    receiver._replies[self.path.removeprefix("/reply/")] = body
                    return self._answer(200, b"{}")
                target = self.path.removeprefix("/notify/")
                return self._answer(200, receiver.keep(target, dict(self.headers.items()), body))

            def do_GET(self) -> None:
                address = urlsplit(self.path)
                if address.path.startswith("/notify/"):
                    receiver.keep(self.path.removeprefix("/notify/"), dict(self.headers.items()), b"")
                    return self._answer(200, parse_qs(address.query)["echostr"][0].encode())
                count = int(parse_qs(address.query)["count"][0])
                found = receiver.latest(address.path.removeprefix("/received/"), count)
                missing = f"fewer than {count} notifications reached {address.path}"
                return self._answer(200 if found else 404, json.dumps(found or missing).encode())

            def log_message(self, *_: object) -> None:
                pass

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler
