"""Which way of paying a client's platform gets: spec of vk-uni-pay, the row of vkspay."""

from __future__ import annotations

import pytest

from vkpay_async import InvalidArgument
from vkpay_async.pay_type import ClientContext, pay_type_of


@pytest.mark.parametrize(
    ("platform", "need_qrcode", "pay_type"),
    [
        ("h5", False, "vkspay_h5"),
        ("web", False, "vkspay_h5"),
        ("h5", True, "vkspay_h5"),
        ("h5-weixin", False, "vkspay_h5-weixin"),
        ("mp-weixin", False, "vkspay_mp-weixin"),
        ("mp-weixin", True, "vkspay_mp-weixin"),
        ("mp-alipay", False, "vkspay_mp-alipay"),
        ("app-plus", False, "vkspay_app-plus"),
        ("app", False, "vkspay_app-plus"),
        ("app-harmony", False, "vkspay_app-plus"),
        (None, True, "vkspay_h5"),
        ("iot", True, "vkspay_h5"),
    ],
)
def test_by_the_clients_platform(platform: str | None, need_qrcode: bool, pay_type: str) -> None:
    context = ClientContext(platform=platform)
    assert pay_type_of("vkspay", context, need_qrcode=need_qrcode) == pay_type


def test_a_payment_code_wins_and_a_platform_it_does_not_know_is_told() -> None:
    context = ClientContext(platform="mp-toutiao")
    assert pay_type_of("vkspay", context, auth_code="1345") == "vkspay_codepay"
    with pytest.raises(InvalidArgument, match="vkspay cannot be paid on platform 'mp-toutiao'"):
        pay_type_of("vkspay", context)
