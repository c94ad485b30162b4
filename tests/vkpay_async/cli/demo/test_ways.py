"""The table of ways, and what counts as a failure of each buyer."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from vkpay_async.cli.demo import harmony, purchases, ways
from vkpay_async.cli.demo.payments import payment_flows
from vkpay_async.cli.demo.report import StepFailed
from vkpay_async.cli.demo.ways import (
    WAYS,
    Sale,
    left_out,
    opens_page,
    pays_in_app,
    pays_on_huawei,
    showed_code,
)
from vkpay_async.models import TradeState
from vkpay_async.order_info import CodePayResult, OrderString, PageUrl
from vkpay_async.registry import pay_types


def test_every_pay_type_is_in_the_table_once() -> None:
    others = [purchases.PAY_TYPE, harmony.PAY_TYPE]
    assert sorted([way.pay_type for way in WAYS] + others) == sorted(pay_types())


def test_order_numbers_and_payment_codes_differ_and_fit_both_providers() -> None:
    sales: list[Sale] = [
        Sale(shop=_shop(), way=way, merchant=merchant) for way in WAYS for merchant in ("default", "certs")
    ]
    numbers = {sale.number for sale in sales}
    assert len(numbers) == len(sales)
    assert all(6 <= len(number) <= 32 and number.replace("_", "").isalnum() for number in numbers)
    codes = [sale.code["auth_code"] for sale in sales if sale.code]
    assert len(set(codes)) == len(codes) == 6
    assert {len(code) for code in codes} == {18}


@pytest.mark.parametrize(
    ("buyer", "info", "why"),
    [
        (opens_page, PageUrl(url="http://127.0.0.1/"), "answered 502"),
        (pays_in_app, OrderString(order_string="a=b"), "resultStatus 4000 isv.invalid-signature"),
        (pays_on_huawei, OrderString(order_string="{}"), "requestPayment said 1001930001 no sign"),
        (
            showed_code,
            CodePayResult(trade_state=TradeState.USERPAYING, trade_state_desc="password"),
            "USERPAYING",
        ),
    ],
)
async def test_a_buyer_who_cannot_pay_fails_the_step(buyer: Any, info: Any, why: str) -> None:
    sale = Sale(shop=_shop(), way=WAYS[0], merchant="default")
    with pytest.raises(StepFailed, match=why):
        await buyer(sale, info)


def test_a_way_whose_package_is_missing_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert left_out({"huawei_mp-harmony", "wxpay_h5"}) == []
    monkeypatch.setattr(ways, "find_spec", lambda _: None)
    assert left_out({"huawei_mp-harmony", "wxpay_h5"}) == [
        "huawei_mp-harmony is left out: pip install 'vkpay-async[huawei]'"
    ]
    played = {flow.pay_type for flow in payment_flows(_shop(), "default")}
    assert "huawei_mp-harmony" not in played
    assert "wxpay_h5" in played


def _shop() -> Any:
    async def open_page(_address: str) -> int:
        return 502

    async def take_order_string(_text: str) -> str:
        return "4000 isv.invalid-signature"

    async def request_payment(_text: str) -> str:
        return "1001930001 no sign"

    return SimpleNamespace(
        prefix="",
        simulator=SimpleNamespace(
            open=open_page, take_order_string=take_order_string, request_payment=request_payment
        ),
    )
