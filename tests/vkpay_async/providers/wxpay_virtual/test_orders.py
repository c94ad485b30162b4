"""How orders and refunds stand, and giving money back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.vkpay_async.providers.wxpay_virtual.conftest import (
    APPID,
    NUMBER,
    OPENID,
    cash_order,
    order_ref,
    refund_order,
)
from vkpay_async.errors import (
    InvalidArgument,
    OrderStateConflict,
    ProviderError,
    ProviderOutcomeUnknown,
    ResourceNotFound,
    TransportError,
    ValidationFailed,
)
from vkpay_async.models import RefundRef, RefundRequest, RefundState, TradeState
from vkpay_async.providers.base import Shared

REFUND_NO = "R20260001"
MISSING = {"errcode": 268490002, "errmsg": "数据不存在 rid: 1-2-3"}
REFUNDED = {
    "errcode": 0,
    "errmsg": "ok",
    "refund_order_id": REFUND_NO,
    "refund_wx_order_id": "7000000000000000000001",
    "pay_order_id": NUMBER,
}


def refusal(code: int, errmsg: str = "x") -> dict[str, Any]:
    return {"errcode": code, "errmsg": errmsg}


def request_of(**changed: Any) -> RefundRequest:
    fields: dict[str, Any] = {
        "order": order_ref(),
        "out_refund_no": REFUND_NO,
        "refund_fee": 400,
        "total_fee": 990,
        "reason": "one box broken",
    }
    return RefundRequest(**(fields | changed))


REF = RefundRef(order=order_ref(), out_refund_no=REFUND_NO)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (0, TradeState.NOTPAY),
        (1, TradeState.NOTPAY),
        (2, TradeState.SUCCESS),
        (3, TradeState.SUCCESS),
        (4, TradeState.SUCCESS),
        (5, TradeState.REFUND),
        (6, TradeState.CLOSED),
        (7, TradeState.SUCCESS),
        (8, TradeState.REFUND),
        (9, TradeState.SUCCESS),
        (10, TradeState.SUCCESS),
        (11, TradeState.UNKNOWN),
    ],
)
def test_states_of_orders(provider: Any, run: Any, status: int, state: TradeState) -> None:
    trade = run(provider.query(order_ref()), cash_order(status=status))
    assert (trade.state, trade.raw_state) == (state, str(status))
    assert bool(trade.transaction_id) is state.paid
    assert bool(trade.success_time) is state.paid


@pytest.mark.parametrize(
    ("changed", "state"),
    [
        ({"left_fee": 590}, TradeState.REFUND),
        ({"left_fee": 0}, TradeState.REFUND),
        ({"left_fee": 990}, TradeState.SUCCESS),
        ({"left_fee": None}, TradeState.SUCCESS),
        ({"paid_fee": 900, "left_fee": 900}, TradeState.SUCCESS),
        ({"paid_fee": 900, "left_fee": 800}, TradeState.REFUND),
        ({"paid_fee": 0, "left_fee": 990}, TradeState.SUCCESS),
        ({"paid_fee": None, "order_fee": None}, TradeState.SUCCESS),
    ],
)
def test_an_order_of_which_less_is_left_than_was_paid(
    provider: Any, run: Any, changed: dict[str, Any], state: TradeState
) -> None:
    assert run(provider.query(order_ref()), cash_order(**changed)).state is state


def test_a_trade(provider: Any, run: Any, wechat: Any) -> None:
    answer = cash_order()
    trade = run(provider.query(order_ref()), answer)
    assert (trade.out_trade_no, trade.transaction_id, trade.total_fee, trade.openid) == (
        NUMBER, "4200000001", 990, OPENID,
    )  # fmt: skip
    assert (trade.appid, trade.mch_id, trade.success_time) == (APPID, "1600000001", 1_767_196_800_000)
    assert dict(trade.raw) == answer["order"]
    assert wechat.sent == [("/xpay/query_order", {"openid": OPENID, "env": 0, "order_id": NUMBER})]


@pytest.mark.parametrize(
    ("changed", "number"),
    [
        ({"wxpay_order_id": ""}, "5000000000000000000001"),
        ({"wxpay_order_id": None}, "5000000000000000000001"),
        ({"wxpay_order_id": "", "wx_order_id": ""}, None),
    ],
)
def test_the_number_that_stands_for_wechat_pays(
    provider: Any, run: Any, changed: dict[str, Any], number: str | None
) -> None:
    assert run(provider.query(order_ref()), cash_order(**changed)).transaction_id == number


def test_an_order_is_asked_after_in_its_own_environment(provider: Any, run: Any, wechat: Any) -> None:
    run(provider.query(order_ref(expand_data={"sandbox": True})), cash_order())
    run(provider.query(order_ref(expand_data={})), cash_order())
    assert [body["env"] for _, body in wechat.sent] == [1, 0]


def test_an_order_that_is_not_there(provider: Any, run: Any) -> None:
    with pytest.raises(ResourceNotFound, match="the client has not asked for it, or sandbox differs"):
        run(provider.query(order_ref()), MISSING)


def test_another_mistake_in_a_field_is_not_taken_for_a_missing_order(provider: Any, run: Any) -> None:
    with pytest.raises(ValidationFailed):
        run(provider.query(order_ref()), refusal(268490002, "签名字段[pay_sig]为空"))


def test_an_order_without_a_user(provider: Any, run: Any) -> None:
    for flow in (
        provider.query(order_ref(openid=None)),
        provider.query_refund(RefundRef(order=order_ref(openid=None), out_refund_no=REFUND_NO)),
        provider.refund(request_of(order=order_ref(openid=None))),
    ):
        with pytest.raises(InvalidArgument, match="no openid") as caught:
            run(flow)
        assert caught.value.code == 1006


def test_the_number_of_a_refund_is_none_of_a_payment(provider: Any, run: Any) -> None:
    with pytest.raises(InvalidArgument, match="number of a refund"):
        run(provider.query(order_ref()), cash_order(order_type=1))
    with pytest.raises(InvalidArgument, match="number of a payment"):
        run(provider.query_refund(REF), cash_order())


def test_closing_says_what_to_do_instead(provider: Any) -> None:
    with pytest.raises(InvalidArgument, match="has no close.*30 minutes.*new out_trade_no"):
        provider.close(order_ref())


@pytest.mark.parametrize("operation", ["transfer", "query_transfer", "cancel_transfer", "trade_bill"])
def test_what_there_is_not(provider: Any, operation: str) -> None:
    with pytest.raises(InvalidArgument, match=f"WeChat virtual payment has no {operation}: "):
        getattr(provider, operation)(None)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (0, RefundState.PROCESSING),
        (1, RefundState.PROCESSING),
        (5, RefundState.PROCESSING),
        (6, RefundState.CLOSED),
        (7, RefundState.CLOSED),
        (8, RefundState.SUCCESS),
        (9, RefundState.PROCESSING),
        (10, RefundState.PROCESSING),
        (3, RefundState.UNKNOWN),
    ],
)
@pytest.mark.parametrize("order_type", [1, 8])
def test_states_of_refunds(
    provider: Any, run: Any, wechat: Any, status: int, state: RefundState, order_type: int
) -> None:
    refund = run(provider.query_refund(REF), refund_order(status=status, order_type=order_type))
    assert (refund.state, refund.raw_state) == (state, str(status))
    assert (refund.out_trade_no, refund.out_refund_no, refund.refund_fee) == (NUMBER, REFUND_NO, 400)
    assert bool(refund.success_time) is (state is RefundState.SUCCESS)
    assert wechat.sent[-1][1]["order_id"] == REFUND_NO


def test_a_refund(provider: Any, run: Any, wechat: Any) -> None:
    refund = run(provider.refund(request_of()), cash_order(), REFUNDED)
    assert (refund.state, refund.refund_fee, refund.refund_id) == (
        RefundState.PROCESSING, 400, "7000000000000000000001",
    )  # fmt: skip
    assert wechat.sent == [
        ("/xpay/query_order", {"openid": OPENID, "env": 0, "order_id": NUMBER}),
        (
            "/xpay/refund_order",
            {
                "openid": OPENID,
                "order_id": NUMBER,
                "refund_order_id": REFUND_NO,
                "refund_fee": 400,
                "biz_meta": "one box broken",
                "refund_reason": "3",
                "req_from": "2",
                "env": 0,
                "left_fee": 990,
            },
        ),
    ]
    assert [call.moves_money for call in wechat.calls] == [False, True]


@pytest.mark.parametrize(
    ("changed", "left"),
    [
        ({"left_fee": 590}, 590),
        ({"left_fee": None}, 990),
        ({"left_fee": None, "paid_fee": 900}, 900),
        ({"left_fee": None, "paid_fee": None, "order_fee": None}, 0),
    ],
)
def test_what_is_left_is_asked_for(
    provider: Any, run: Any, wechat: Any, changed: dict[str, Any], left: int
) -> None:
    run(provider.refund(request_of()), cash_order(**changed), REFUNDED)
    assert wechat.sent[1][1]["left_fee"] == left


def test_what_may_be_said_of_a_refund(provider: Any, run: Any, wechat: Any) -> None:
    other = {"refund_reason": "1", "req_from": "3", "biz_meta": "m" * 2000}
    run(provider.refund(request_of(other=other)), cash_order(), REFUNDED)
    body = wechat.sent[1][1]
    assert (body["refund_reason"], body["req_from"], body["biz_meta"]) == ("1", "3", "m" * 1024)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"out_refund_no": "R1"}, "8–32 letters"),
        ({"out_refund_no": "R" * 33}, "8–32 letters"),
        ({"out_refund_no": "R|20260001"}, "8–32 letters"),
        ({"other": {"refund_reason": "6"}}, "refund_reason must be"),
        ({"other": {"refund_reason": 3}}, "refund_reason must be"),
        ({"other": {"req_from": "0"}}, "req_from must be"),
        ({"other": {"left_fee": 1}}, "other.left_fee has no place"),
    ],
)
def test_refused_before_anything_is_sent(
    provider: Any, run: Any, wechat: Any, changed: dict[str, Any], text: str
) -> None:
    with pytest.raises(InvalidArgument, match=text):
        run(provider.refund(request_of(**changed)))
    assert wechat.calls == wechat.token_calls == []


def test_the_rest_changed_meanwhile(provider: Any, run: Any, wechat: Any) -> None:
    """Another refund came between: the rest is asked for once more."""
    answers = (cash_order(), refusal(268490016), MISSING, cash_order(left_fee=590), REFUNDED)
    assert run(provider.refund(request_of()), *answers).state is RefundState.PROCESSING
    assert [body["left_fee"] for path, body in wechat.sent if path.endswith("refund_order")] == [990, 590]


def test_the_rest_goes_on_changing(provider: Any, run: Any) -> None:
    answers = (cash_order(), refusal(268490016), MISSING) * 2
    with pytest.raises(OrderStateConflict, match="repeat the refund"):
        run(provider.refund(request_of()), *answers)


@pytest.mark.parametrize("code", [268490002, 268490004, 268490014, 268490016])
def test_a_refund_that_was_made_before_is_found_by_its_number(
    provider: Any, run: Any, wechat: Any, code: int
) -> None:
    """A first call got no answer; the second names another rest, and is refused."""
    refund = run(
        provider.refund(request_of()), cash_order(left_fee=590), refusal(code), refund_order(status=5)
    )
    assert (refund.state, refund.out_refund_no, refund.refund_fee) == (RefundState.PROCESSING, REFUND_NO, 400)
    assert [path for path, _ in wechat.sent] == [
        "/xpay/query_order", "/xpay/refund_order", "/xpay/query_order",
    ]  # fmt: skip


def test_another_refund_under_the_number_is_not_ours(provider: Any, run: Any) -> None:
    answers = (cash_order(), refusal(268490002, "refund_order_id重复"), refund_order(refund_fee=300))
    with pytest.raises(ValidationFailed, match="refund_order_id重复"):
        run(provider.refund(request_of()), *answers)


@pytest.mark.parametrize(
    ("code", "error"),
    [(268490014, OrderStateConflict), (268490002, ValidationFailed), (268490004, OrderStateConflict)],
)
def test_a_refusal_stands_where_the_refund_was_not_made(
    provider: Any, run: Any, code: int, error: type[ProviderError]
) -> None:
    with pytest.raises(error) as caught:
        run(provider.refund(request_of()), cash_order(), refusal(code), MISSING)
    assert caught.value.outcome_known


@pytest.mark.parametrize("code", [268490003, 268490005, 268490013, 268490015, 268490001])
def test_a_refusal_that_says_enough_is_not_asked_after(
    provider: Any, run: Any, wechat: Any, code: int
) -> None:
    with pytest.raises(ProviderError) as caught:
        run(provider.refund(request_of()), cash_order(), refusal(code))
    assert caught.value.code == str(code)
    assert len(wechat.calls) == 2


@pytest.mark.parametrize("answer", [refusal(-1), refusal(268490015), b"{"])
def test_a_refund_that_cannot_be_asked_after_is_open(provider: Any, run: Any, answer: Any) -> None:
    with pytest.raises(ProviderOutcomeUnknown, match="query_refund with the same number"):
        run(provider.refund(request_of()), cash_order(), refusal(268490002), answer)


def test_no_answer_to_the_question_after_a_refund_leaves_it_open(provider: Any, wechat: Any) -> None:
    flow = provider.refund(request_of())
    assert isinstance(next(flow), Shared)
    assert flow.send("token-1").operation == "wxpay-virtual.query"
    assert isinstance(flow.send(wechat.respond(cash_order())), Shared)
    assert flow.send("token-1").moves_money
    assert isinstance(flow.send(wechat.respond(refusal(268490002))), Shared)
    assert flow.send("token-1").operation == "wxpay-virtual.query_refund"
    with pytest.raises(ProviderOutcomeUnknown):
        flow.throw(TransportError("cannot connect; nothing was done: try again"))


@pytest.mark.parametrize("answer", [refusal(-1), b"{", {"errcode": 0}, {"errcode": 0, "refund_order_id": 5}])
def test_an_answer_that_says_nothing_leaves_a_refund_open(provider: Any, run: Any, answer: Any) -> None:
    with pytest.raises(ProviderOutcomeUnknown, match="query_refund"):
        run(provider.refund(request_of()), cash_order(), answer)


def test_delivery(provider: Any, run: Any, wechat: Any) -> None:
    assert run(provider.provide_goods(order_ref()), {"errcode": 0}) is None
    assert run(provider.provide_goods(order_ref()), refusal(268490004)) is None
    assert wechat.sent[0] == ("/xpay/notify_provide_goods", {"order_id": NUMBER, "env": 0})
    with pytest.raises(ValidationFailed):
        run(provider.provide_goods(order_ref()), refusal(268490002))
    with pytest.raises(OrderStateConflict):
        run(provider.provide_goods(order_ref()), refusal(268490013))
