"""wechatpayv3's synchronous client in public-key mode, as its README shows it."""

from __future__ import annotations

import logging

import requests
from wechatpayv3 import WeChatPay, WeChatPayType

from benchmarks.driven import Contexts, drive, each, in_threads

ORDER = {"description": "Tea, 500 g", "out_trade_no": "T20260101000001", "amount": {"total": 100}}
held = {}


def opened(material, base_url):
    made = WeChatPay(
        wechatpay_type=WeChatPayType.NATIVE,
        mchid=material["mch_id"],
        private_key=material["private_pem"],
        cert_serial_no=material["serial"],
        apiv3_key=material["v3_key"],
        appid=material["app_id"],
        notify_url="https://pay.example.com/notify",
        public_key=material["public_pem"],
        public_key_id=material["public_key_id"],
        logger=logging.getLogger("benchmarks.quiet"),
    )
    made._core._gate_way = base_url
    held.update(client=made, material=material)


def pay():
    status, text = held["client"].pay(**ORDER)
    assert status == 200, text


def calls(count, at_once):
    before = contexts.made
    found = in_threads(pay, count, at_once)
    return {**found, "contexts": contexts.made - before}


def offline(body, headers, count):
    """The call without HTTP: below ``requests`` stands the answer."""
    answer = requests.Response()
    answer.status_code, answer._content = 200, body.encode()
    answer.headers.update(headers)
    original, requests.post = requests.post, lambda *_, **__: answer
    try:
        return each(pay, count)
    finally:
        requests.post = original


def notified(body, headers, count):
    body = body.encode()
    assert held["client"].callback(headers, body)["event_type"] == "TRANSACTION.SUCCESS"
    return each(lambda: held["client"].callback(headers, body), count)


def loaded(count):
    """A client from its PEM texts."""
    return each(lambda: opened(held["material"], "http://127.0.0.1"), count)


contexts = Contexts()
if __name__ == "__main__":
    drive({"open": opened, "calls": calls, "offline": offline, "notified": notified, "loaded": loaded})
