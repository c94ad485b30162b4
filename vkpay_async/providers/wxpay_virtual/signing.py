"""The three signatures: of a call, of the user's state, and of a push.

https://developers.weixin.qq.com/miniprogram/dev/platform-capabilities/business-capabilities/virtual-payment.html
"""

from __future__ import annotations

import hmac
from hashlib import sha1, sha256

CLIENT_URI = "requestVirtualPayment"


def pay_sig(app_key: str, uri: str, body: bytes) -> str:
    """支付签名, in lower-case hex. ``uri`` is a call's path without its query, or :data:`CLIENT_URI`."""
    return _hex(app_key, uri.encode() + b"&" + body)


def user_signature(session_key: str, body: bytes) -> str:
    """用户态签名. The session_key counts as text: it is not decoded, though it looks like base64."""
    return _hex(session_key, body)


def push_signature(token: str, timestamp: str, nonce: str, encrypted: str = "") -> str:
    """What ``signature`` of a push has to be; with its cipher text, ``msg_signature``."""
    parts = sorted((token, timestamp, nonce, encrypted))
    return sha1("".join(parts).encode(errors="replace")).hexdigest()


def same(theirs: str, ours: str) -> bool:
    """Compares without telling by the time it takes how much was right."""
    return hmac.compare_digest(theirs.encode(errors="replace"), ours.encode())


def _hex(key: str, message: bytes) -> str:
    return hmac.new(key.encode(), message, sha256).hexdigest()
