"""python-alipay-sdk in key mode, as its README shows it."""

from __future__ import annotations

import alipay
from alipay import AliPay
from alipay.utils import AliPayConfig

from benchmarks.driven import Contexts, drive, each, in_threads

held = {}
contexts = Contexts()


def opened(material, base_url):
    made = AliPay(
        appid=material["alipay_app_id"],
        app_notify_url="https://pay.example.com/notify",
        app_private_key_string=material["private_pem"],
        alipay_public_key_string=material["public_pem"],
        config=AliPayConfig(timeout=15),
    )
    made._gateway = f"{base_url}/gateway.do"
    held["client"] = made


def precreate():
    found = held["client"].api_alipay_trade_precreate(
        subject="Tea, 500 g", out_trade_no="T20260101000001", total_amount="1.00"
    )
    assert found["code"] == "10000", found


def calls(count, at_once):
    before = contexts.made
    found = in_threads(precreate, count, at_once)
    return {**found, "contexts": contexts.made - before}


def offline(body, headers, count):
    class Answer:
        def read(self):
            return body.encode()

    original, alipay.urlopen = alipay.urlopen, lambda *_, **__: Answer()
    try:
        return each(precreate, count)
    finally:
        alipay.urlopen = original


def notified(fields, count):
    """A ready dict: the form has been read already."""

    def verify():
        copy = dict(fields)
        assert held["client"].verify(copy, copy.pop("sign"))

    return each(verify, count)


if __name__ == "__main__":
    drive({"open": opened, "calls": calls, "offline": offline, "notified": notified})
