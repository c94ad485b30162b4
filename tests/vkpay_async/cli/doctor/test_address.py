"""Addresses."""

from __future__ import annotations

from typing import Any

import pytest

from vkpay_async import config_from_dict
from vkpay_async.cli.doctor.address import check_base_url, check_notify_url

NODE = {"app_id": "wx1", "mch_id": "19"}


def notify(url: Any, **node: Any) -> tuple[str, str]:
    config = config_from_dict({"notify_url": url, "wxpay": {"h5": {**NODE, **node}}})
    check = check_notify_url(config, config.merchant(None))
    assert bool(check.advice) == (check.state != "ok")
    return check.state, check.detail


@pytest.mark.parametrize(
    ("url", "state", "said"),
    [
        ("https://shop.example.com/pay", "ok", "https://shop.example.com/pay"),
        ({"default": "https://shop.example.com/pay"}, "ok", "https://shop.example.com/pay"),
        ("https://8.8.8.8/pay", "ok", "https://8.8.8.8/pay"),
        ("http://shop.example.com/pay", "warning", "not encrypted"),
        ("https://127.0.0.1:8000/pay", "warning", "this machine or a private network"),
        ("https://[::1]/pay", "warning", "this machine or a private network"),
        ("https://192.168.1.7/pay", "warning", "this machine or a private network"),
        ("https://localhost/pay", "warning", "this machine or a private network"),
        ("https://pay.shop.local/pay", "warning", "this machine or a private network"),
        ("https://shop.example.com/pay?a=1", "problem", "query"),
        ("https://shop.example.com/pay?", "problem", "query"),
        ("https://shop.example.com/pay#a", "problem", "fragment"),
        ("https:///pay", "problem", "no host"),
        ("https://[::1/pay", "problem", "Invalid IPv6 URL"),
        ("shop.example.com", "problem", "does not start with http"),
        (None, "problem", "is not set"),
    ],
)
def test_notify_url(url: Any, state: str, said: str) -> None:
    found = notify(url)
    assert found[0] == state
    assert said in found[1]


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:9200", "http://localhost:9200", "http://[::1]:9200"])
def test_a_simulator_reaches_this_machine(base_url: str) -> None:
    assert notify("http://127.0.0.1:8000/pay", base_url=base_url)[0] == "ok"
    config = config_from_dict({"wxpay": {"h5": {**NODE, "base_url": base_url}}})
    assert check_base_url(config.node(None, "wxpay", "h5"), "wxpay.h5").state == "ok"


@pytest.mark.parametrize(
    ("node", "state", "detail"),
    [
        ({}, "ok", "https://openapi.alipay.com"),
        ({"sandbox": True}, "ok", "https://openapi-sandbox.dl.alipaydev.com"),
        (
            {"base_url": "http://gateway.example.com"},
            "warning",
            "http://gateway.example.com is not encrypted",
        ),
    ],
)
def test_where_calls_go(node: dict[str, Any], state: str, detail: str) -> None:
    config = config_from_dict({"alipay": {"h5": {"app_id": "2021", **node}}})
    check = check_base_url(config.node(None, "alipay", "h5"), "alipay.h5")
    assert (check.state, check.detail) == (state, detail)
