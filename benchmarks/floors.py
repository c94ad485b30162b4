"""The same work by hand, with keys loaded once and nothing that a careful programmer would leave out.

Each says what it does and why nothing that does that can be expected to cost less. What it leaves out is what an SDK is
for: other providers, other outcomes, errors that say what to do, retries, a ledger.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote_plus, unquote

import aiohttp
import msgspec
from aiohttp import web
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks import parties

PKCS1, SHA256 = padding.PKCS1v15(), hashes.SHA256()
LIMIT_S = 15
CODE_URL = "/v3/pay/transactions/native"


def signature(key: RSAPrivateKey, message: bytes) -> str:
    return base64.b64encode(key.sign(message, PKCS1, SHA256)).decode()


def verified(key: RSAPublicKey, signed: str, message: bytes) -> None:
    key.verify(base64.b64decode(signed), message, PKCS1, SHA256)


class _CodeUrl(msgspec.Struct):
    code_url: str


class WeChatCaller:
    """A WeChat Pay call: one RSA signature, one request on a kept aiohttp connection, one verification, one decoding.

    The protocol asks for the first and the third, aiohttp is the HTTP that an asyncio application has, and msgspec is the
    fastest JSON there is with types. It can create one kind of order, and takes only the good answer.
    """

    order = {
        "appid": parties.APP_ID,
        "mchid": parties.MCH_ID,
        "description": "Tea, 500 g",
        "out_trade_no": "T20260101000001",
        "notify_url": "https://pay.example.com/pay/vk-pay-notify/wxpay_h5/T20260101000001",
        "amount": {"total": 100, "currency": "CNY"},
    }

    def __init__(self, base_url: str) -> None:
        self._url = base_url + CODE_URL
        self._public = parties.PLATFORM.public_key()
        self._decode = msgspec.json.Decoder(_CodeUrl).decode
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self) -> str:
        body, headers = self.request(secrets.token_hex(16))
        async with self._opened().post(self._url, data=body, headers=headers) as response:
            return self.answer(await response.read(), response.headers)

    def request(self, nonce: str) -> tuple[bytes, dict[str, str]]:
        body, timestamp = msgspec.json.encode(self.order), str(int(time.time()))
        message = f"POST\n{CODE_URL}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"
        return body, {
            "Authorization": (
                f'WECHATPAY2-SHA256-RSA2048 mchid="{parties.MCH_ID}",nonce_str="{nonce}",timestamp="{timestamp}",'
                f'serial_no="{parties.SERIAL}",signature="{signature(parties.MERCHANT, message)}"'
            ),
            "Wechatpay-Serial": parties.PUBLIC_KEY_ID,
            "Content-Type": "application/json",
            "Accept": "application/json",
            "User-Agent": "floor",
        }

    def answer(self, body: bytes, headers: Any) -> str:
        timestamp = headers["Wechatpay-Timestamp"]
        message = f"{timestamp}\n{headers['Wechatpay-Nonce']}\n".encode() + body + b"\n"
        assert abs(time.time() - int(timestamp)) < 300
        verified(self._public, headers["Wechatpay-Signature"], message)
        return self._decode(body).code_url

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0)  # by default the 101st waits, and others overtake it
            timeout = aiohttp.ClientTimeout(total=LIMIT_S)
            self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)
        return self._session


class AlipayCaller(WeChatCaller):
    """An Alipay precreate: the same for a gateway that signs a form's parameters, and the inner object of its answer."""

    content = {
        "out_trade_no": "T20260101000001",
        "total_amount": "1.00",
        "subject": "Tea, 500 g",
    }
    _BEFORE, _AFTER = b'{"alipay_trade_precreate_response":', b',"sign":"'

    def __init__(self, base_url: str) -> None:
        super().__init__(base_url)
        self._url = f"{base_url}/gateway.do"

    def request(self, nonce: str) -> tuple[bytes, dict[str, str]]:
        fields = {
            "app_id": parties.ALIPAY_APP_ID,
            "biz_content": msgspec.json.encode(self.content).decode(),
            "charset": "utf-8",
            "format": "JSON",
            "method": "alipay.trade.precreate",
            "notify_url": "https://pay.example.com/pay/vk-pay-notify/alipay_h5/T20260101000001",
            "sign_type": "RSA2",
            "timestamp": time.strftime("%Y-%m-%d %H:%M:%S"),
            "version": "1.0",
        }
        text = "&".join(f"{name}={value}" for name, value in fields.items())  # in the order of their names
        fields["sign"] = signature(parties.MERCHANT, text.encode())
        body = "&".join(f"{name}={quote_plus(value)}" for name, value in fields.items()).encode()
        return body, {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"}

    def answer(self, body: bytes, headers: Any) -> str:
        assert body.startswith(self._BEFORE)
        content, _, rest = body[len(self._BEFORE) :].partition(self._AFTER)
        verified(self._public, rest.partition(b'"')[0].decode(), content)
        found = msgspec.json.decode(content)
        assert found["code"] == "10000"
        qr_code: str = found["qr_code"]
        return qr_code


class Hand:
    """A WeChat notification: one verification, one AES-GCM decryption, two decodings. No receiver can do with less."""

    def __init__(self) -> None:
        self._public = parties.PLATFORM.public_key()
        self._gcm = AESGCM(parties.V3_KEY.encode())

    def read(self, headers: Any, body: bytes) -> dict[str, Any]:
        message = f"{headers['Wechatpay-Timestamp']}\n{headers['Wechatpay-Nonce']}\n".encode() + body + b"\n"
        verified(self._public, headers["Wechatpay-Signature"], message)
        resource = msgspec.json.decode(body)["resource"]
        sealed = base64.b64decode(resource["ciphertext"])
        plain = self._gcm.decrypt(resource["nonce"].encode(), sealed, resource["associated_data"].encode())
        trade: dict[str, Any] = msgspec.json.decode(plain)
        return trade


class AlipayHand:
    """An Alipay notification: a form is taken apart, its fields are put in order, one verification."""

    def __init__(self) -> None:
        self._public = parties.PLATFORM.public_key()

    def read(self, headers: Any, body: bytes) -> dict[str, str]:
        fields = {}
        for pair in body.decode().replace("+", " ").split("&"):
            name, _, value = pair.partition("=")
            fields[name] = unquote(value) if "%" in value else value
        signed, _ = fields.pop("sign"), fields.pop("sign_type")
        text = "&".join(f"{name}={fields[name]}" for name in sorted(fields))
        verified(self._public, signed, text.encode())
        return fields


class GroupCommit:
    """Rows on disk (SQLite, synchronous=FULL) before anybody is told: while one commit runs, the next batch gathers.

    One flusher, one thread, no timer: whoever comes alone waits for nobody, and at load one fsync serves many. It keeps the
    row, and neither finds an order nor moves it.
    """

    def __init__(self, database: str) -> None:
        self._database = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
        for statement in (
            "PRAGMA journal_mode=WAL",
            "PRAGMA synchronous=FULL",
            "CREATE TABLE IF NOT EXISTS heard (number TEXT, what TEXT, body BLOB, PRIMARY KEY (number, what))",
        ):
            self._database.execute(statement)
        self._gathered: list[tuple[tuple[Any, ...], asyncio.Future[None]]] = []
        self._flushing: asyncio.Task[None] | None = None

    async def insert(self, *row: Any) -> None:
        """Ends when the row is on disk."""
        written = asyncio.get_running_loop().create_future()
        self._gathered.append((row, written))
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush())
        await written

    async def _flush(self) -> None:
        while self._gathered:
            batch, self._gathered = self._gathered, []
            await asyncio.to_thread(self._commit, [row for row, _ in batch])
            for _, written in batch:
                written.set_result(None)
        self._flushing = None

    def _commit(self, rows: list[tuple[Any, ...]]) -> None:
        self._database.execute("BEGIN IMMEDIATE")
        self._database.executemany("INSERT OR IGNORE INTO heard VALUES (?, ?, ?)", rows)
        self._database.execute("COMMIT")


Keep = Callable[[str, str, bytes], Awaitable[None]]
"""Ends when what was heard of a number is where it is to be: number, what, body."""


def receiver(prefix: str, keep: Keep | None = None) -> web.Application:
    """Receives notifications of WeChat Pay and Alipay over aiohttp below ``prefix``; each is kept before it is answered.

    Without ``keep`` it is the ceiling of every receiver on this HTTP server, with :class:`GroupCommit` it is the ceiling of
    those that acknowledge only what they can still tell after a power cut.
    """
    wechat, alipay = Hand(), AlipayHand()

    async def from_wechat(request: web.Request) -> web.Response:
        body = await request.read()
        found = wechat.read(request.headers, body)
        if keep is not None:
            await keep(*heard(found), body)
        return web.Response(body=b'{"code":"SUCCESS"}', content_type="application/json")

    async def from_alipay(request: web.Request) -> web.Response:
        body = await request.read()
        found = alipay.read(request.headers, body)
        if keep is not None:
            await keep(*heard(found), body)
        return web.Response(body=b"success", content_type="text/plain")

    app = web.Application()
    app.router.add_post(prefix + "/vk-pay-notify/wxpay_h5/{number}", from_wechat)
    app.router.add_post(prefix + "/vk-pay-notify/alipay_h5/{number}", from_alipay)
    return app


def heard(found: Mapping[str, Any]) -> tuple[str, str]:
    """Of which order, and what is told once."""
    refund = found.get("out_refund_no") or found.get("out_biz_no")
    return found["out_trade_no"], refund or found.get("transaction_id") or found["trade_no"]


def gateway(merchant: RSAPublicKey, platform: RSAPrivateKey) -> web.Application:
    """Answers queries as WeChat Pay does: verifies the merchant's signature, signs its own answer.

    A simulator has no choice about either. This one knows no order and keeps no journal: every question has one answer.
    """
    body = msgspec.json.encode(parties.transaction("T20260101000001"))

    async def answer(request: web.Request) -> web.Response:
        parts = dict(
            part.split("=", 1) for part in request.headers["Authorization"].partition(" ")[2].split(",")
        )
        given = {name: value.strip('"') for name, value in parts.items()}
        message = f"{request.method}\n{request.raw_path}\n{given['timestamp']}\n{given['nonce_str']}\n\n"
        verified(merchant, given["signature"], message.encode())
        timestamp, nonce = str(int(time.time())), secrets.token_hex(16)
        signed = signature(platform, f"{timestamp}\n{nonce}\n".encode() + body + b"\n")
        headers = {
            "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Serial": parties.PUBLIC_KEY_ID,
            "Wechatpay-Signature": signed,
        }
        return web.Response(body=body, content_type="application/json", headers=headers)

    app = web.Application()
    app.router.add_get("/v3/pay/transactions/out-trade-no/{number}", answer)
    return app


async def send(url: str, platform: RSAPrivateKey, numbers: list[str], at_once: int) -> None:
    """Sends a notification for each number: encrypts, signs, posts over kept connections. No order, journal or schedule."""
    gcm, waiting = AESGCM(parties.V3_KEY.encode()), iter(numbers)

    async def post(session: aiohttp.ClientSession, number: str) -> None:
        nonce, timestamp = secrets.token_hex(6), str(int(time.time()))
        plain = msgspec.json.encode(parties.transaction(number))
        sealed = gcm.encrypt(nonce.encode(), plain, b"transaction")
        body = msgspec.json.encode(parties.envelope(nonce, base64.b64encode(sealed).decode()))
        headers = {
            "Content-Type": "application/json",
            "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Serial": parties.PUBLIC_KEY_ID,
            "Wechatpay-Signature": signature(platform, f"{timestamp}\n{nonce}\n".encode() + body + b"\n"),
        }
        async with session.post(f"{url}/{number}", data=body, headers=headers) as response:
            assert response.status in (200, 204)
            await response.read()

    async def worker(session: aiohttp.ClientSession) -> None:
        for number in waiting:
            await post(session, number)

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(worker(session) for _ in range(at_once)))
