"""Cash orders: queries, delivery, refunds."""

import json
from typing import Any

import pytest

from tests.vkpay_simulator.providers.wxpay_virtual.shop import NO, Shop
from vkpay_simulator.actions import log_in
from vkpay_simulator.providers.base import SimulatorError

OK = b'{"ErrCode":0,"ErrMsg":"success"}'


def test_either_number_finds_an_order(shop: Shop) -> None:
    wx_order_id = shop.buy()["order"]["wx_order_id"]
    found = shop.call("query_order", {"openid": shop.openid, "wx_order_id": wx_order_id})
    assert found["order"] == shop.order()


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"order_id": "T2026010100000002"}, "数据不存在"),
        ({"order_id": "", "wx_order_id": "5"}, "数据不存在"),
        ({"order_id": ""}, "不能同时为空"),
    ],
)
def test_unknown_orders(shop: Shop, changed: dict[str, str], text: str) -> None:
    shop.buy()
    refused = shop.call("query_order", {"openid": shop.openid, "order_id": NO} | changed)
    assert refused["errcode"] == 268490002
    assert text in refused["errmsg"]


def test_the_order_of_another_user_or_app_is_as_none(shop: Shop) -> None:
    shop.buy()
    openid, _ = shop.login()
    assert shop.call("query_order", {"openid": openid, "order_id": NO})["errcode"] == 268490002
    wx_order_id = shop.order()["wx_order_id"]
    shop.app = shop.sim.accounts.of("certs")
    shop.token = shop.stable_token()["access_token"]
    login = log_in(shop.world, shop.app.appid)
    other = shop.code2session(login["code"])["openid"]
    assert shop.call("query_order", {"openid": other, "wx_order_id": wx_order_id})["errcode"] == 268490002


def test_delivery_goes_with_the_push(shop: Shop) -> None:
    shop.buy()
    assert shop.order()["status"] == 2
    (delivery,) = shop.sent
    delivery.build(0)
    assert shop.order()["status"] == 3
    assert not delivery.accepts(500, OK)
    assert shop.order()["status"] == 3
    assert delivery.accepts(200, OK)
    order = shop.order()
    assert (order["status"], order["provide_time"]) == (4, 1_767_196_800)


def test_a_push_that_nobody_took_leaves_the_order_paid(shop: Shop) -> None:
    shop.buy()
    (delivery,) = shop.sent
    delivery.build(0)
    delivery.state = "exhausted"
    assert shop.order()["status"] == 2


def provide(shop: Shop, **changed: Any) -> Any:
    return shop.call("notify_provide_goods", {"order_id": NO} | changed)["errcode"]


def test_delivery_by_hand(shop: Shop) -> None:
    assert provide(shop) == 268490002
    shop.buy(action="open")
    assert provide(shop) == 268490002
    shop.sim.pay(NO)
    assert provide(shop) == 0
    assert shop.order()["status"] == 4
    assert provide(shop) == 268490004
    assert shop.sent[0].accepts(200, OK)
    assert shop.order()["status"] == 4


async def test_a_refund_is_debited_and_then_with_the_user(shop: Shop) -> None:
    shop.buy()
    answer = shop.refund(biz_meta="why")
    assert (
        answer
        | {
            "errcode": 0,
            "refund_order_id": "R20260001",
            "pay_order_id": NO,
            "pay_wx_order_id": shop.order()["wx_order_id"],
        }
        == answer
    )
    assert len(answer["refund_wx_order_id"]) >= 20
    refund = shop.order("R20260001")
    assert (refund["status"], refund["order_type"], refund["refund_fee"], refund["biz_meta"]) == (
        1,
        1,
        990,
        "why",
    )
    assert (shop.order()["status"], shop.order()["left_fee"]) == (2, 0)
    await shop.world.advance(1)
    assert (shop.order("R20260001")["status"], shop.order()["status"]) == (5, 5)
    await shop.world.advance(2)
    refund = shop.order("R20260001")
    assert (refund["status"], refund["paid_time"], shop.order()["status"]) == (8, 1_767_196_803, 8)
    assert len(shop.sent) == 2


async def test_a_part_of_an_order(shop: Shop) -> None:
    shop.buy()
    assert shop.refund(400)["errcode"] == 0
    assert (shop.order()["status"], shop.order()["left_fee"]) == (2, 590)
    assert shop.refund(590, 590, "R20260002")["errcode"] == 268490014
    await shop.world.advance(3)
    assert shop.order()["status"] == 2
    assert shop.refund(590, 590, "R20260002")["errcode"] == 0
    await shop.world.advance(3)
    assert (shop.order()["status"], shop.order()["left_fee"]) == (8, 0)


def test_the_same_refund_again_is_the_same_refund(shop: Shop) -> None:
    shop.buy()
    first = shop.refund(400)
    assert shop.refund(400) == first
    assert shop.order()["left_fee"] == 590
    assert shop.refund(400, left=590)["errcode"] == 268490002
    assert shop.refund(300)["errcode"] == 268490002


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"left": 989}, 268490016),
        ({"fee": 0}, 268490002),
        ({"fee": 991}, 268490002),
        ({"number": NO}, 268490002),
        ({"number": "R|202600001"}, 268490002),
        ({"refund_reason": 3}, 268490002),
        ({"refund_reason": "6"}, 268490002),
        ({"req_from": "4"}, 268490002),
        ({"biz_meta": None}, 268490002),
        ({"biz_meta": "x" * 1025}, 268490002),
        ({"order_id": "T2026010100000002"}, 268490002),
        ({"openid": "o-nobody"}, 268490001),
    ],
)
def test_refused_refunds(shop: Shop, changed: dict[str, Any], code: int) -> None:
    shop.buy()
    assert shop.refund(**changed)["errcode"] == code
    assert shop.order()["left_fee"] == 990


def test_only_what_was_paid_is_refunded(shop: Shop) -> None:
    shop.buy(action="open")
    assert shop.refund()["errcode"] == 268490002


async def test_after_180_days_nothing_is_refunded(shop: Shop) -> None:
    shop.buy()
    await shop.world.advance(180 * 86400 + 1)
    shop.token = shop.stable_token()["access_token"]
    assert shop.refund()["errcode"] == 268490002


def test_a_refund_of_a_refund(shop: Shop) -> None:
    shop.buy()
    shop.refund()
    refused = shop.refund(number="R20260002", order_id="R20260001")
    assert (refused["errcode"], "订单类型错误" in refused["errmsg"]) == (268490002, True)


@pytest.mark.parametrize("seconds", [0, 1])
async def test_a_refund_that_fails_gives_the_rest_back(shop: Shop, seconds: int) -> None:
    shop.buy()
    provide(shop)
    shop.refund()
    await shop.world.advance(seconds)
    shop.sim.settle_refund("R20260001", "FAIL")
    assert shop.order("R20260001")["status"] == 7
    assert (shop.order()["status"], shop.order()["left_fee"]) == (4, 990)
    await shop.world.advance(3)
    assert shop.order("R20260001")["status"] == 7
    assert shop.refund(number="R20260002")["errcode"] == 0


def test_how_refunds_are_settled(shop: Shop) -> None:
    shop.buy()
    with pytest.raises(SimulatorError, match="create it first"):
        shop.sim.settle_refund("R20260001", "SUCCESS")
    shop.refund()
    with pytest.raises(SimulatorError, match="SUCCESS, FAIL"):
        shop.sim.settle_refund("R20260001", "ABNORMAL")
    assert shop.sim.settle_refund("R20260001", "SUCCESS")["status"] == 8
    with pytest.raises(SimulatorError, match="ended already"):
        shop.sim.settle_refund("R20260001", "SUCCESS")


async def test_money_moves_with_payments_and_refunds(shop: Shop) -> None:
    def amount() -> str:
        given: str = shop.call("query_biz_balance", {})["balance_available"]["amount"]
        return given

    shop.change(balance=0)
    shop.buy()
    assert amount() == "9.90"
    shop.refund(400)
    assert amount() == "5.90"
    shop.sim.settle_refund("R20260001", "FAIL")
    assert amount() == "9.90"


async def test_bills(shop: Shop) -> None:
    shop.buy()
    shop.refund()
    await shop.world.advance(3)
    asked = {"begin_ds": 20260101, "end_ds": 20260101}
    shop.token = shop.stable_token()["access_token"]
    assert shop.call("download_bill", asked, env=None)["errcode"] == 268490011
    await shop.world.advance(3)
    url = shop.call("download_bill", asked, env=None)["url"]
    file = shop.send(shop.request("GET", url.removeprefix("http://127.0.0.1:9200")))
    lines = file.body.decode().splitlines()
    assert [line.split(",")[:2] for line in lines] == [
        ["order_type", "order_id"],
        ["0", NO],
        ["1", "R20260001"],
    ]
    await shop.world.advance(1800)
    late = shop.send(shop.request("GET", url.removeprefix("http://127.0.0.1:9200")))
    assert (late.status, "half an hour" in late.explain) == (404, True)


async def test_a_bill_holds_what_was_paid_in_its_span_and_environment(shop: Shop) -> None:
    shop.buy(action="open", outTradeNo="T2026010100000002")
    shop.buy(env=1)
    await shop.world.advance(86400)
    shop.token = shop.stable_token()["access_token"]
    shop.buy()

    async def numbers(begin: int, end: int) -> list[str]:
        asked = {"begin_ds": begin, "end_ds": end}
        shop.call("download_bill", asked, env=None)
        await shop.world.advance(3)
        url = shop.call("download_bill", asked, env=None)["url"]
        file = shop.send(shop.request("GET", url.removeprefix("http://127.0.0.1:9200")))
        return [line.split(",")[1] for line in file.body.decode().splitlines()[1:]]

    assert await numbers(20260101, 20260101) == []
    assert await numbers(20260101, 20260102) == [NO]


async def test_downloads_of_orders(shop: Shop) -> None:
    shop.buy()
    asked = {"begin_ds": 20260101, "end_ds": 20260102, "order_type": 1}
    task_id = shop.call("start_download_order", asked)["task_id"]
    assert shop.call("query_download_order", {"task_id": task_id})["status"] == 1
    await shop.world.advance(3)
    ready = shop.call("query_download_order", {"task_id": task_id})
    assert (ready["status"], ready["expire_at"]) == (2, 1_767_198_603)
    path = ready["download_url"].removeprefix("http://127.0.0.1:9200")
    assert NO in shop.send(shop.request("GET", path)).body.decode()
    assert shop.call("query_download_order", {"task_id": "x"})["errcode"] == 268490002
    assert shop.call("start_download_order", asked | {"end_ds": 20251231})["errcode"] == 268490002


def test_the_money_is_withdrawn(shop: Shop) -> None:
    shop.change(balance=1000)
    made = shop.call("create_withdraw_order", {"withdraw_no": "W20260001", "withdraw_amount": "9.5"})
    assert made["errcode"] == 0
    again = shop.call("create_withdraw_order", {"withdraw_no": "W20260001", "withdraw_amount": "9.5"})
    assert again["wx_withdraw_no"] == made["wx_withdraw_no"]
    other = shop.call("create_withdraw_order", {"withdraw_no": "W20260001", "withdraw_amount": "9"})
    assert other["errcode"] == 268490002
    found = shop.call("query_withdraw_order", {"withdraw_no": "W20260001"})
    assert (found["status"], found["withdraw_amount"]) == (1, "9.50")
    too_much = shop.call("create_withdraw_order", {"withdraw_no": "W20260002", "withdraw_amount": "0.51"})
    assert too_much["errcode"] == 268490006
    assert shop.call("create_withdraw_order", {"withdraw_no": "W20260002"})["errcode"] == 0
    assert shop.call("query_biz_balance", {})["balance_available"] == {
        "amount": "0.00",
        "currency_code": "CNY",
    }
    assert shop.call("create_withdraw_order", {"withdraw_no": "W20260003"})["errcode"] == 268490006


async def test_a_withdrawal_arrives_or_comes_back(shop: Shop) -> None:
    for number in ("W20260001", "W20260002"):
        shop.call("create_withdraw_order", {"withdraw_no": number, "withdraw_amount": "1"})
    shop.post("/_sim/wxpay-virtual/fail-withdrawal", {"withdraw_no": "W20260002"})
    await shop.world.advance(60)
    one, two = (
        shop.call("query_withdraw_order", {"withdraw_no": number}) for number in ("W20260001", "W20260002")
    )
    assert (one["status"], one["withdraw_success_timestamp"]) == (2, "1767196860")
    assert (two["status"], bool(two["fail_reason"])) == (3, True)
    refused = shop.post("/_sim/wxpay-virtual/fail-withdrawal", {"withdraw_no": "W20260001"})
    assert "create it first" in refused["error"]
    assert shop.call("query_withdraw_order", {"withdraw_no": "W20260009"})["errcode"] == 268490002


def test_complaints(shop: Shop) -> None:
    shop.buy()
    made = shop.post("/_sim/wxpay-virtual/complaint", {"out_trade_no": NO, "detail": "nothing came"})
    asked = {"begin_date": "2026-01-01", "end_date": "2026-01-02", "offset": 0, "limit": 10}
    assert shop.call("get_complaint_list", asked) | {"total": 1, "complaints": [made]} == shop.call(
        "get_complaint_list", asked
    )
    one = {"complaint_id": made["complaint_id"]}
    assert shop.call("get_complaint_detail", one)["complaint"] == made
    assert shop.call("get_negotiation_history", one | {"offset": 0, "limit": 1})["history"] == []
    for name, state in (("response_complaint", "PROCESSING"), ("complete_complaint", "PROCESSED")):
        assert shop.call(name, one)["errcode"] == 0
        assert shop.call("get_complaint_detail", one)["complaint"]["complaint_state"] == state
    assert shop.call("get_complaint_detail", {"complaint_id": "x"})["errcode"] == 268490002
    event = shop.opened(shop.sent[1].build(0))
    assert (event["Event"], event["ComplaintId"], event["MchOrderId"]) == (
        "xpay_complaint_notify", made["complaint_id"], NO,
    )  # fmt: skip


def test_what_is_not_simulated_says_so(shop: Shop) -> None:
    answer = shop.answer("query_adver_funds", {})
    assert json.loads(answer.body)["errcode"] == 268490002
    assert "not simulated" in answer.explain
