"""alipay-sdk-python, Alipay's own, in key mode. Its connection function is replaced: it knows the ports 80 and 443 only."""

from __future__ import annotations

import base64
import logging
import sys
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import urlsplit

from alipay.aop.api.AlipayClientConfig import AlipayClientConfig
from alipay.aop.api.DefaultAlipayClient import DefaultAlipayClient
from alipay.aop.api.domain.AlipayTradePrecreateModel import AlipayTradePrecreateModel
from alipay.aop.api.request.AlipayTradePrecreateRequest import AlipayTradePrecreateRequest
from alipay.aop.api.response.AlipayTradePrecreateResponse import AlipayTradePrecreateResponse
from alipay.aop.api.util import WebUtils
from alipay.aop.api.util.SignatureUtils import get_sign_content, verify_with_rsa

from benchmarks.driven import Contexts, drive, each, in_threads

held = {}
contexts = Contexts()


def bare(pem):
    return "".join(line for line in pem.splitlines() if "-----" not in line)


def opened(material, base_url):
    settings = AlipayClientConfig()
    settings.server_url = f"{base_url}/gateway.do"
    settings.app_id = material["alipay_app_id"]
    settings.app_private_key = bare(material["private_pkcs1"])
    settings.alipay_public_key = bare(material["public_pem"])
    held.update(
        client=DefaultAlipayClient(settings, logging.getLogger("benchmarks.quiet")), material=material
    )
    address = urlsplit(base_url)
    kind = HTTPSConnection if address.scheme == "https" else HTTPConnection

    def connection(url, query, timeout):
        return f"{url}?{query}", kind(address.hostname, address.port, timeout=timeout)

    WebUtils.get_http_connection = connection


def precreate():
    model = AlipayTradePrecreateModel()
    model.out_trade_no, model.total_amount, model.subject = "T20260101000001", "1.00", "Tea, 500 g"
    request = AlipayTradePrecreateRequest(biz_model=model)
    request.notify_url = "https://pay.example.com/notify"
    response = AlipayTradePrecreateResponse()
    response.parse_response_content(held["client"].execute(request))
    assert response.is_success(), response.body


def calls(count, at_once):
    before = contexts.made
    found = in_threads(precreate, count, at_once)
    return {**found, "contexts": contexts.made - before}


def offline(body, headers, count):
    module = sys.modules[DefaultAlipayClient.__module__]
    original, module.do_post = module.do_post, lambda *_, **__: body.encode()
    try:
        return each(precreate, count)
    finally:
        module.do_post = original


def notified(fields, count):
    """A ready dict: the form has been read already."""
    key, signed = bare(held["material"]["public_pem"]), {**fields}
    sign = signed.pop("sign")
    signed.pop("sign_type")

    def verify():
        assert verify_with_rsa(key, get_sign_content(signed).encode(), sign)

    base64.b64decode(sign, validate=True)
    return each(verify, count)


if __name__ == "__main__":
    drive({"open": opened, "calls": calls, "offline": offline, "notified": notified})
