"""Values: what they show, and what they are for a front end."""

from __future__ import annotations

import pytest

from vkpay_async import NotifyReply, PaidOrder, Refund, RefundState, TradeState, Transfer, TransferState
from vkpay_async.models import CreateOrder, JsonObject, OrderRef, RawNotification, TransferRef
from vkpay_async.order import Order

ORDER = Order(
    out_trade_no="A1",
    type="goods",
    pay_type="wxpay_h5",
    total_fee=1000,
    app_auth_token="hush",
    custom={"goods_id": 7},
)


@pytest.mark.parametrize(
    "value",
    [
        ORDER,
        ORDER.ref(),
        CreateOrder(
            pay_type="wxpay_codepay",
            out_trade_no="A1",
            total_fee=1,
            subject="s",
            notify_url="n",
            auth_code="hush",
            app_auth_token="hush",
        ),
        TransferRef(out_bill_no="B1", app_auth_token="hush"),
        RawNotification(path="/x", headers={"authorization": "hush"}, body=b"hush"),
        NotifyReply(status=200, body=b"hush", content_type="text/plain"),
    ],
)
def test_what_is_not_for_a_log_is_not_shown(value: object) -> None:
    assert "hush" not in repr(value) + str(value)
    assert "=***" in repr(value)


def test_the_rest_is_shown() -> None:
    ref = OrderRef(pay_type="wxpay_h5", out_trade_no="A1")
    assert repr(ref).startswith(
        "OrderRef(pay_type='wxpay_h5', out_trade_no='A1', transaction_id=None, total_fee=0,"
    )
    assert "app_auth_token=None" in repr(ref)


def test_a_json_object_is_decoded_when_it_is_looked_into() -> None:
    value = JsonObject(b'{"a":1,"b":{"c":[2]}}')
    assert repr(value) == "JsonObject(21 bytes)"
    assert (value["a"], list(value), len(value)) == (1, ["a", "b"], 2)
    assert dict(value) == {"a": 1, "b": {"c": [2]}}
    assert value.json == b'{"a":1,"b":{"c":[2]}}'


@pytest.mark.parametrize(("status", "paid"), [(-1, False), (0, False), (1, True), (2, True), (3, True)])
def test_an_order_is_paid_whatever_became_of_it(status: int, paid: bool) -> None:
    order = Order(out_trade_no="A1", type="t", pay_type="p", total_fee=10, refund_fee=3, status=status)
    assert (order.paid, order.refundable) == (paid, 7)


def test_a_handler_finds_custom_beside_the_orders_own_fields() -> None:
    order = PaidOrder(out_trade_no="A1", type="goods", pay_type="p", total_fee=10, custom={"goods_id": 7})
    assert (order.data["goods_id"], order.data["total_fee"], order.data["custom"]) == (7, 10, {"goods_id": 7})


def test_an_order_for_a_front_end_has_no_token() -> None:
    client = ORDER.to_client()
    assert "app_auth_token" not in client
    assert (client["total_fee"], client["custom"], client["status"]) == (1000, {"goods_id": 7}, 0)
    assert None not in client.values()


PAID = {TradeState.SUCCESS, TradeState.FINISHED, TradeState.REFUND}


@pytest.mark.parametrize("state", TradeState)
def test_which_trades_brought_money_in(state: TradeState) -> None:
    assert state.paid is (state in PAID)


def test_a_transfer_without_options_has_none_for_the_front_end() -> None:
    transfer = Transfer(out_bill_no="B1", state=TransferState.SUCCESS, raw_state="SUCCESS", raw={"a": 1})
    assert transfer.to_client() == {"code": 0, "msg": "SUCCESS", "result": {"a": 1}}


def test_a_refund_gives_its_keys_twice() -> None:
    refund = Refund(
        out_trade_no="A1", out_refund_no="A1-1", state=RefundState.SUCCESS, raw_state="SUCCESS", refund_fee=1
    )
    client = refund.to_client()
    assert {key: client[key] for key in client["result"]} == client["result"]
