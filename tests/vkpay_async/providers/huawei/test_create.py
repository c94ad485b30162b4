"""Prepayments and the text that the phone pays with."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.vkpay_async.providers.huawei.conftest import APP, AUTH, MERC, NOW_MS, Exchange, Platform, text_of
from vkpay_async.errors import InvalidArgument, LedgerUnavailable, OrderStateConflict
from vkpay_async.models import CreateOrder
from vkpay_async.order_info import OrderString
from vkpay_async.providers.base import OffLoop, Shared

HOST = "https://petalpay-developer.cloud.huawei.com.cn"


def order(**changed: Any) -> CreateOrder:
    fields: dict[str, Any] = {
        "pay_type": "huawei_mp-harmony",
        "out_trade_no": "T1",
        "total_fee": 1000,
        "subject": "茶 500 g",
        "notify_url": "https://m.example/vk-pay-notify/huawei_mp-harmony/T1",
    }
    return CreateOrder(**{**fields, **changed})


def test_a_prepayment(provider: Any, platform: Platform, run: Exchange) -> None:
    info = run(provider.create(order()), platform.answer(prepayId="12407091401520894056950001"))
    assert run.request.url == f"{HOST}/api/v2/aggr/preorder/create/fa"
    assert run.request.method == "POST"
    assert platform.read(run.request) == {
        "appId": APP,
        "mercNo": MERC,
        "mercOrderNo": "T1",
        "tradeSummary": "茶 500 g",
        "totalAmount": 1000,
        "currency": "CNY",
        "callbackUrl": "https://m.example/vk-pay-notify/huawei_mp-harmony/T1",
    }
    assert not run.request.moves_money
    assert isinstance(info, OrderString)
    assert info.provider_order_no is None


def test_the_text_for_the_phone(provider: Any, platform: Platform, run: Exchange) -> None:
    info = run(provider.create(order()), platform.answer(prepayId="12407091401520894056950001"))
    members = json.loads(info.to_client())
    signature = members.pop("sign")
    assert members == {
        "app_id": APP,
        "merc_no": MERC,
        "prepay_id": "12407091401520894056950001",
        "timestamp": str(NOW_MS),
        "noncestr": f"{2:032d}",
        "auth_id": AUTH,
    }
    platform.holds(signature, text_of(members))


@pytest.mark.parametrize("pay_type", ["huawei_app-harmony", "huawei_app-plus"])
def test_an_app_has_a_path_of_its_own(
    provider: Any, platform: Platform, run: Exchange, pay_type: str
) -> None:
    run(provider.create(order(pay_type=pay_type)), platform.answer(prepayId="1"))
    assert run.request.url == f"{HOST}/api/v2/aggr/preorder/create/app"


def test_a_sub_merchant(provider: Any, platform: Platform, run: Exchange) -> None:
    info = run(
        provider.create(order(sub_mchid="10200000001", sub_appid="57658802078530009")),
        platform.answer(prepayId="1"),
    )
    assert run.request.url == f"{HOST}/api/v2/partner/aggr/preorder/create/fa"
    body = platform.read(run.request)
    assert {name: body.get(name) for name in ("appId", "spAppId", "spMercNo", "subMercNo", "subAppId")} == {
        "appId": None,
        "spAppId": APP,
        "spMercNo": MERC,
        "subMercNo": "10200000001",
        "subAppId": "57658802078530009",
    }
    assert json.loads(info.order_string)["app_id"] == "57658802078530009"


def test_what_else_may_be_asked_for(provider: Any, platform: Platform, run: Exchange) -> None:
    asked = order(
        time_expire=1767200000123,
        profit_sharing=False,
        options={"biz_type": "100002"},
        other={"payload": "p", "goodsDetail": [{"quantity": 1, "unitPrice": 5, "goodsName": "tea"}]},
    )
    run(provider.create(asked), platform.answer(prepayId="1"))
    body = platform.read(run.request)
    assert body["expireTime"] == "2026-01-01T00:53:20.123+0800"
    assert body["allocationType"] == "NO_ALLOCATION"
    assert body["bizType"] == "100002"
    assert body["payload"] == "p"


def test_profit_sharing(provider: Any, platform: Platform, run: Exchange) -> None:
    run(provider.create(order(profit_sharing=True)), platform.answer(prepayId="1"))
    assert platform.read(run.request)["allocationType"] == "DELAY_ORDER_ALLOCATION"


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"subject": ""}, "subject has 0 characters"),
        ({"subject": "x" * 129}, "subject has 129 characters"),
        ({"out_trade_no": "T" * 47}, "1 to 46 letters"),
        ({"out_trade_no": "T|1"}, "letters, digits, _ - only"),
        ({"time_expire": NOW_MS + 181 * 86_400_000}, "more than 180 days"),
        ({"other": {"totalAmount": 1}}, "other.totalAmount"),
        ({"other": {"mercNo": "1"}}, "other.mercNo"),
        ({"other": {"payer": {"realName": "x"}}}, "realName is only sent encrypted"),
        ({"other": {"list": [{"credentialIdNo": "x"}]}}, "credentialIdNo is only sent encrypted"),
    ],
)
def test_what_is_refused_before_anything_is_sent(
    provider: Any, run: Exchange, changed: dict[str, Any], text: str
) -> None:
    with pytest.raises(InvalidArgument, match=text):
        run(provider.create(order(**changed)))
    assert run.requests == []


def test_what_cannot_be_written_as_json(provider: Any, run: Exchange) -> None:
    with pytest.raises(InvalidArgument, match="cannot be written as JSON"):
        run(provider.create(order(other={"x": object()})))


def test_the_sandbox(make_provider: Any, platform: Platform, run: Exchange) -> None:
    info = run(make_provider(sandbox=True).create(order()), platform.answer(prepayId="1"))
    assert run.request.url.startswith("https://petalpay-developer-sandbox.cloud.huawei.com.cn/api/")
    members = json.loads(info.order_string)
    assert json.loads(members["reserved"]) == {"sandbox_flag": True}
    platform.holds(members.pop("sign"), text_of(members))


def test_a_path_before_the_api(make_provider: Any, platform: Platform, run: Exchange) -> None:
    provider = make_provider(base_url="http://127.0.0.1:9200/hw/")
    run(provider.request("GET", "/api/v2/x?a=1"), platform.answer())
    assert run.request.url == "http://127.0.0.1:9200/hw/api/v2/x?a=1"
    platform.read(run.request)


@pytest.mark.parametrize("code", ["CHECK_TRANSACTION_ORDER_STATUS", "CHECK_ORDER_STATUS"])
def test_asked_for_again_an_order_keeps_its_prepayment(
    provider: Any, platform: Platform, run: Exchange, clock: Any, code: str
) -> None:
    first = run(provider.create(order()), platform.answer(prepayId="1"))
    clock.ms += 9 * 60_000 - 1
    second = run(provider.create(order(time_expire=clock.ms + 60_000)), platform.refusal(code))
    before, after = json.loads(first.order_string), json.loads(second.order_string)
    assert before["prepay_id"] == after["prepay_id"]
    assert before["noncestr"] != after["noncestr"]
    platform.holds(after.pop("sign"), text_of(after))


@pytest.mark.parametrize(
    "changed", [{"total_fee": 999}, {"out_trade_no": "T2"}, {"pay_type": "huawei_app-harmony"}]
)
def test_another_order_has_none(
    provider: Any, platform: Platform, run: Exchange, changed: dict[str, Any]
) -> None:
    run(provider.create(order()), platform.answer(prepayId="1"))
    with pytest.raises(OrderStateConflict, match="with a new out_trade_no"):
        run(provider.create(order(**changed)), platform.refusal("CHECK_TRANSACTION_ORDER_STATUS"))


def test_an_old_prepayment_is_not_given_out(
    provider: Any, platform: Platform, run: Exchange, clock: Any
) -> None:
    run(provider.create(order()), platform.answer(prepayId="1"))
    clock.ms += 9 * 60_000
    with pytest.raises(OrderStateConflict):
        run(provider.create(order()), platform.refusal("CHECK_TRANSACTION_ORDER_STATUS"))


def test_another_conflict_is_one(provider: Any, platform: Platform, run: Exchange) -> None:
    run(provider.create(order()), platform.answer(prepayId="1"))
    with pytest.raises(OrderStateConflict, match="NEED_CHANGE_ORDER"):
        run(provider.create(order()), platform.refusal("NEED_CHANGE_ORDER"))


def test_a_payment_is_not_lost_with_the_database(provider: Any, platform: Platform) -> None:
    flow = provider.create(order())
    step, answers = next(flow), iter([platform.answer(prepayId="1")])
    with pytest.raises(StopIteration) as done:
        while True:
            if isinstance(step, Shared):
                step = flow.throw(LedgerUnavailable("the database cannot be used"))
            else:
                step = flow.send(step.work() if isinstance(step, OffLoop) else next(answers))
    assert json.loads(done.value.value.order_string)["prepay_id"] == "1"
