"""wechatpayv3, where it is installed, driven as its own README shows."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from benchmarks import parties


def wechatpayv3(base_url: str) -> Any | None:
    """Its synchronous client in public-key mode, or ``None`` when the package is not there."""
    try:
        from wechatpayv3 import WeChatPay, WeChatPayType
    except ImportError:
        return None
    client = WeChatPay(
        wechatpay_type=WeChatPayType.NATIVE,
        mchid=parties.MCH_ID,
        private_key=parties.merchant_pem(),
        cert_serial_no=parties.SERIAL,
        apiv3_key=parties.V3_KEY,
        appid=parties.APP_ID,
        notify_url="http://127.0.0.1/notify",
        public_key=parties.platform_public_pem(),
        public_key_id=parties.PUBLIC_KEY_ID,
        logger=logging.getLogger("benchmarks.quiet"),
    )
    client._core._gate_way = base_url
    return client


def callback(headers: dict[str, str], body: bytes) -> Callable[[], Any] | None:
    client = wechatpayv3("http://127.0.0.1")
    return None if client is None else lambda: client.callback(headers, body)
