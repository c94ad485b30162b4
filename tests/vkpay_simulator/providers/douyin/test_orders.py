"""create_order and query_order, and what becomes of an order."""

from typing import Any

import pytest

from tests.vkpay_simulator.providers.douyin.merchant import DAY, NOTIFY_URL, Shop, Simulated, order
from vkpay_simulator.providers.base import SimulatorError


def test_an_order_is_made_opened_and_paid(shop: Shop) -> None:
    data = shop.created(cp_extra="x")
    assert len(data["order_id"]) == 19
    assert data["order_id"].isdecimal()
    assert data["order_token"].startswith("Cgw")
    assert len(data["order_token"]) > 120
    answer = shop.call("query_order", out_order_no="T1")
    assert (answer["err_no"], answer["out_order_no"], answer["order_id"]) == (0, "T1", data["order_id"])
    info = answer["payment_info"]
    assert (info["order_status"], info["way"], info["pay_time"]) == ("PROCESSING", 0, "")
    assert shop.simulated.control("tt-pay", orderInfo=data, way="alipay") == {"code": 0}
    info = shop.call("query_order", out_order_no="T1")["payment_info"]
    assert info == {
        "total_fee": 1000,
        "order_status": "SUCCESS",
        "pay_time": "2026-01-01 00:00:00",
        "way": 2,
        "channel_no": info["channel_no"],
        "channel_gateway_no": "",
        "seller_uid": shop.mch_id,
        "item_id": "",
        "cp_extra": "x",
    }
    assert info["channel_no"]


def test_repeating_a_number_gives_the_first_order_again(shop: Shop) -> None:
    first = shop.created(total=1000)
    assert shop.created(total=2000, subject="别的") == first
    assert shop.call("query_order", out_order_no="T1")["payment_info"]["total_fee"] == 1000


@pytest.mark.parametrize("ending", ["paid", "expired", "failed"])
async def test_a_number_that_is_used_up(shop: Shop, simulated: Simulated, ending: str) -> None:
    data = shop.created()
    if ending == "expired":
        await simulated.advance(600)
    else:
        simulated.control("tt-pay", **data, outcome="pay" if ending == "paid" else "fail")
    answer = shop.call("create_order", **order())
    assert (answer["err_no"], answer["data"]) == (2010, None)


async def test_an_order_expires_and_nobody_is_told(shop: Shop, simulated: Simulated) -> None:
    data = shop.created(valid_time=600)
    await simulated.advance(599)
    assert shop.status() == "PROCESSING"
    await simulated.advance(1)
    assert shop.status() == "TIMEOUT"
    with pytest.raises(SimulatorError, match="TIMEOUT"):
        simulated.douyin.pay("T1")
    assert simulated.control("tt-pay", **data) == {"code": 1}
    assert simulated.notified == []


@pytest.mark.parametrize(("asked", "seconds"), [(1, 300), (300, 300), (172_800, 172_800), (999_999, 172_800)])
async def test_the_time_to_pay_has_bounds(shop: Shop, simulated: Simulated, asked: int, seconds: int) -> None:
    shop.created(valid_time=asked)
    await simulated.advance(seconds - 1)
    assert shop.status() == "PROCESSING"
    await simulated.advance(1)
    assert shop.status() == "TIMEOUT"


@pytest.mark.parametrize(
    ("outcome", "code", "status"),
    [("pay", 0, "SUCCESS"), ("cancel", 4, "PROCESSING"), ("fail", 2, "FAIL"), ("unknown", 9, "PROCESSING")],
)
def test_what_the_buyer_does_at_the_cashier(shop: Shop, outcome: str, code: int, status: str) -> None:
    data = shop.created()
    assert shop.simulated.control("tt-pay", **data, outcome=outcome) == {"code": code}
    assert shop.status() == status
    assert len(shop.simulated.notified) == (outcome == "pay")


def test_a_cashier_that_cannot_be_opened(shop: Shop, simulated: Simulated) -> None:
    data = shop.created()
    for wrong in (
        data | {"order_id": "7376826336364513572"},
        data | {"order_token": "Cgw"},
        data | {"app_id": simulated.shop("partner").app_id},
    ):
        answer = simulated.control("tt-pay", **wrong)
        assert (answer["errNo"], answer["errorCode"]) == (10401, 157491)
    assert shop.status() == "PROCESSING"


def test_a_way_of_paying_that_the_order_hides(shop: Shop) -> None:
    shop.created(limit_pay_way="LIMIT_WX,LIMIT_DYZF")
    for channel in ("wxpay", "douyin"):
        with pytest.raises(SimulatorError, match="hides"):
            shop.simulated.douyin.pay("T1", channel=channel)
    assert shop.simulated.douyin.pay("T1", channel="alipay").state == "SUCCESS"


def test_an_unknown_order(shop: Shop, simulated: Simulated) -> None:
    assert shop.call("query_order", out_order_no="T1") == {"err_no": 2000, "err_tips": "支付记录不存在"}
    shop.created()
    assert simulated.shop("partner").status() == "2000"
    simulated.control("rules", unopened_is_unknown=True)
    assert shop.status() == "2000"
    simulated.douyin.scan("T1")
    assert shop.status() == "PROCESSING"


@pytest.mark.parametrize(
    "fields",
    [
        {"out_order_no": ""},
        {"out_order_no": "T 1"},
        {"out_order_no": "T" * 65},
        {"out_order_no": 1},
        {"total_amount": 0},
        {"total_amount": 10_000_000_001},
        {"total_amount": "1000"},
        {"total_amount": 10.5},
        {"total_amount": True},
        {"subject": ""},
        {"subject": "茶" * 43},
        {"body": "𠮷" * 33},
        {"valid_time": "600"},
        {"notify_url": "http://example.com/notify"},
        {"notify_url": "https://example.com:8443/notify"},
        {"notify_url": "https://example.com:x/notify"},
        {"total_amount": None},
        {"notify_url": "https://example.com/" + "n" * 256},
        {"disable_msg": 2},
        {"limit_pay_way": "LIMIT_ALL"},
        {"expand_order_info": "[1]"},
    ],
    ids=lambda fields: f"{next(iter(fields))}={next(iter(fields.values()))!s:.20}",
)
def test_fields_that_do_not_do(shop: Shop, fields: dict[str, Any]) -> None:
    answer = shop.call("create_order", **order() | fields)
    assert (answer["err_no"], answer["data"]) == (2010, None)
    assert next(iter(fields)) in answer["err_tips"]
    assert shop.created()


def test_fields_that_just_do(shop: Shop) -> None:
    shop.created(
        "0-9_*" + "a" * 59,
        10_000_000_000,
        subject="茶" * 42,
        notify_url="https://example.com/notify",
        expand_order_info='{"original_delivery_fee":15,"actual_delivery_fee":10}',
        limit_pay_way="LIMIT_ALI",
        store_uid="7",
        msg_page="pages/order",
        disable_msg=1,
    )


def test_what_is_given_back_is_cut(shop: Shop) -> None:
    shop.created(cp_extra="x" * 3000)
    assert shop.call("query_order", out_order_no="T1")["payment_info"]["cp_extra"] == "x" * 2048


def test_the_view_of_an_order(shop: Shop, simulated: Simulated) -> None:
    order_id = shop.created()["order_id"]
    (view,) = simulated.douyin.orders()
    assert (view.provider, view.pid, view.product, view.state) == ("douyin", "default", "ecpay", "CREATED")
    assert (view.transaction_id, view.total_fee, view.notify_url) == (order_id, 1000, NOTIFY_URL)
    assert simulated.douyin.scan("T1").state == "PROCESSING"
    assert simulated.douyin.cancel("T1").state == "PROCESSING"
    paid = simulated.douyin.pay("T1", channel="douyin")
    assert (paid.state, paid.paid_ms, paid.detail["way"]) == ("SUCCESS", simulated.world.clock.now(), 10)


def test_a_number_of_two_merchants(simulated: Simulated) -> None:
    for pid in ("default", "partner"):
        simulated.shop(pid).created()
    with pytest.raises(SimulatorError, match="default, partner"):
        simulated.douyin.pay("T1")
    assert simulated.douyin.pay("T1", pid="partner").pid == "partner"
    with pytest.raises(SimulatorError, match="request-order"):
        simulated.douyin.pay("T2")
    with pytest.raises(SimulatorError, match="alipay"):
        simulated.douyin.pay("T1", pid="default", channel="cash")
    with pytest.raises(SimulatorError, match="no diamonds"):
        simulated.douyin.pay("T1", pid="default", channel="diamond")


async def test_one_made_on_a_saturday_morning_stays_three_weeks(shop: Shop, simulated: Simulated) -> None:
    simulated.control("account", pid="default", sandbox=True)
    await simulated.advance(2 * DAY + 5 * 3600)
    shop.paid()
    await simulated.advance(21 * DAY - 3601)
    assert shop.status() == "SUCCESS"
    await simulated.advance(1)
    assert shop.status() == "2000"


async def test_a_sandbox_keeps_orders_for_two_weeks(shop: Shop, simulated: Simulated) -> None:
    """Made on a Thursday: gone on the third Saturday, at 04:00."""
    simulated.control("account", pid="default", sandbox=True)
    shop.paid()
    await simulated.advance(16 * DAY + 4 * 3600 - 1)
    assert shop.status() == "SUCCESS"
    await simulated.advance(1)
    assert shop.status() == "2000"
