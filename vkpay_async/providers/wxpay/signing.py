"""What is signed, and with which words the signature is sent.

https://pay.weixin.qq.com/doc/v3/merchant/4012365342
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from vkpay_async.crypto.rsa import decrypt_oaep, sign_sha256
from vkpay_async.providers.base import Env

SCHEME = "WECHATPAY2-SHA256-RSA2048"


def request_message(method: str, target: str, timestamp: str, nonce: str, body: bytes) -> bytes:
    """The text a request's signature is about. ``target`` is path and query as on the request line."""
    return b"%b%b\n" % (f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode(), body)


def answer_message(timestamp: str, nonce: str, body: bytes) -> bytes:
    """The text that an answer's or a notification's signature is about. ``body`` is what stood on the wire."""
    return b"%b%b\n" % (f"{timestamp}\n{nonce}\n".encode(), body)


def client_message(appid: str, timestamp: str, nonce: str, package: str) -> bytes:
    """The text that the front end's payment call is signed over."""
    return f"{appid}\n{timestamp}\n{nonce}\n{package}\n".encode()


class MerchantKey:
    """The merchant's private key, and the names under which its signatures are known."""

    __slots__ = ("_key", "mch_id", "serial_no")

    def __init__(self, *, mch_id: str, serial_no: str, key: RSAPrivateKey) -> None:
        self.mch_id = mch_id
        self.serial_no = serial_no
        self._key = key

    def sign(self, message: bytes) -> str:
        return sign_sha256(self._key, message)

    def decrypt(self, ciphertext: str) -> str:
        """A sensitive text of an answer. Raises ``ValueError`` when it was meant for another key."""
        return decrypt_oaep(self._key, ciphertext)

    def authorization(self, method: str, target: str, body: bytes, env: Env) -> str:
        """The ``Authorization`` header of a request with exactly these bytes as its body."""
        timestamp, nonce = seconds(env), env.nonce()
        signature = self.sign(request_message(method, target, timestamp, nonce, body))
        return (
            f'{SCHEME} mchid="{self.mch_id}",nonce_str="{nonce}",timestamp="{timestamp}",'
            f'serial_no="{self.serial_no}",signature="{signature}"'
        )


def seconds(env: Env) -> str:
    """The time as it is written into signatures."""
    return str(env.now_ms() // 1000)
