"""The general trade system: what the mini program is given, what is sent, and what is made of the answers."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from tests.vkpay_async.providers.douyin.conftest import (
    APP_ID,
    MCH_ID,
    NOTIFY_URL,
    NOW_MS,
    ORDER_ID,
    SECRET,
    TRADE_ID,
    Keys,
    Make,
    answer,
    exchange,
    no,
    ok,
    order,
    raw_response,
    ref,
    refund,
    refund_ref,
)
from vkpay_async.errors import (
    AuthenticationFailed,
    ConfigError,
    InvalidArgument,
    OrderStateConflict,
    ProviderOutcomeUnknown,
    ProviderUnavailable,
    ResourceNotFound,
    TransportError,
)
from vkpay_async.models import RefundState, TradeState
from vkpay_async.order_info import RequestOrderParams
from vkpay_async.providers.balance import AccountBalance
from vkpay_async.providers.douyin.provider import DouyinProvider
from vkpay_async.providers.douyin.results import Receiver, SettlementState

HOST = "https://open.douyin.com"
V1 = f"{HOST}/api/trade_basic/v1/developer"


def trade(status: str = "SUCCESS", **changes: Any) -> dict[str, Any]:
    return {
        "order_id": TRADE_ID,
        "out_order_no": "T1",
        "app_id": APP_ID,
        "pay_status": status,
        "pay_time": NOW_MS if status == "SUCCESS" else 0,
        "pay_channel": 1,
        "total_amount": 1990,
        "merchant_uid": MCH_ID,
        "item_order_list": [{"item_order_id": "i1", "sku_id": "1", "item_order_amount": 1990}],
        **changes,
    }


def made_refund(status: str = "SUCCESS", number: str = "T1-1", **changes: Any) -> dict[str, Any]:
    return {
        "refund_id": "motb99",
        "out_refund_no": number,
        "order_id": TRADE_ID,
        "refund_status": status,
        "refund_total_amount": 500,
        "refund_at": NOW_MS if status == "SUCCESS" else 0,
        "item_order_detail": [{"item_order_id": "i1", "refund_amount": 500}],
        **changes,
    }


class TestCreate:
    def test_what_the_mini_program_is_given(self, trades: DouyinProvider, keys: Keys) -> None:
        run = exchange()
        info = run(trades.create(order(time_expire=NOW_MS + 600_000)))
        assert run.requests == []
        assert isinstance(info, RequestOrderParams)
        assert info.provider_order_no is None
        client = info.to_client()
        assert client.keys() == {"data", "byteAuthorization"}
        assert json.loads(client["data"]) == {
            "skuList": [
                {
                    "skuId": "T1",
                    "price": 1990,
                    "quantity": 1,
                    "title": "茶叶 500 g",
                    "imageList": ["https://shop.test/tea.png"],
                    "type": 301,
                    "tagGroupId": "tag_group_1",
                }
            ],
            "outOrderNo": "T1",
            "totalAmount": 1990,
            "payExpireSeconds": 600,
            "payNotifyUrl": NOTIFY_URL,
            "orderEntrySchema": {"path": "pages/order", "params": '{"out_trade_no":"T1"}'},
        }
        head, _, signature = client["byteAuthorization"].rpartition(",signature=")
        assert head == (
            f"SHA256-RSA2048 appid={APP_ID},nonce_str={'N' * 32},timestamp=1700000000,key_version=2"
        )
        text = f"POST\n/requestOrder\n1700000000\n{'N' * 32}\n{client['data']}\n".encode()
        keys.app.public_key().verify(base64.b64decode(signature), text, padding.PKCS1v15(), hashes.SHA256())

    def test_goods_of_ones_own(self, make_trade: Make) -> None:
        sku = {"skuId": "7", "price": 1000, "quantity": 2, "title": "x", "type": 401}
        plain = make_trade(sku_image=None, sku_type=None, tag_group_id=None)
        other = {"skuList": [sku], "discountAmount": 10, "limitPayWayList": [1]}
        data = json.loads(exchange()(plain.create(order(other=other))).data)
        assert (data["skuList"], data["discountAmount"], data["limitPayWayList"]) == ([sku], 10, [1])

    @pytest.mark.parametrize("name", ["sku_image", "sku_type", "tag_group_id", "order_entry_path"])
    def test_what_every_order_says_of_its_goods(self, make_trade: Make, name: str) -> None:
        with pytest.raises(ConfigError, match=f"{name} is not set; it "):
            exchange()(make_trade(**{name: None}).create(order()))

    @pytest.mark.parametrize(
        ("fields", "why"),
        [
            ({"subject": "茶" * 86}, "subject has 258 bytes"),
            ({"notify_url": "http://shop.test/"}, "https://"),
            ({"other": {"totalAmount": 1}}, "totalAmount"),
            ({"other": {"skuList": [{"price": 1, "quantity": 1}]}}, "make 1 fen, and total_fee is 1990"),
            ({"other": {"skuList": [1]}}, "skuList is a list of one object"),
            ({"other": {"skuList": [{"price": 1990}]}}, "skuList is a list of one object"),
        ],
    )
    def test_what_only_the_mini_program_would_be_told(
        self, trades: DouyinProvider, fields: dict[str, Any], why: str
    ) -> None:
        with pytest.raises(InvalidArgument, match=why):
            exchange()(trades.create(order(**fields)))


class TestToken:
    def test_it_is_fetched_once_and_shared(self, trades: DouyinProvider) -> None:
        run = exchange(ok(data=trade()), ok(data=trade()))
        run(trades.query(ref()))
        run(trades.query(ref()))
        first, second, third = run.requests
        assert first.url == f"{HOST}/oauth/client_token/"
        assert json.loads(first.body) == {
            "client_key": APP_ID,
            "client_secret": SECRET,
            "grant_type": "client_credential",
        }
        assert (first.fetches_key, first.moves_money) == (True, False)
        assert [second.headers["access-token"], third.headers["access-token"]] == ["t1", "t1"]
        (value,) = run.values.values()
        assert (value.value, value.expires) == ("t1", NOW_MS + 7_200_000)

    @pytest.mark.parametrize("code", [28001003, 28001008])
    def test_one_that_is_refused_is_replaced_once(self, trades: DouyinProvider, code: int) -> None:
        run = exchange(no(code), ok(data=trade()))
        assert run(trades.query(ref())).state is TradeState.SUCCESS
        assert [request.headers.get("access-token") for request in run.requests] == [None, "t1", None, "t2"]
        stubborn = exchange(no(code), no(code))
        with pytest.raises(AuthenticationFailed, match="secret"):
            stubborn(trades.query(ref()))
        assert stubborn.tokens == 2

    @pytest.mark.parametrize(
        ("response", "error"),
        [
            (
                answer(data={"error_code": 10003, "description": "client_key"}, message="error"),
                AuthenticationFailed,
            ),
            (answer(data={"error_code": 0, "access_token": "", "expires_in": 1}), AuthenticationFailed),
            (answer(data={"error_code": 13000, "description": "?"}), ProviderUnavailable),
            (raw_response(b"<html>", 502), ProviderUnavailable),
            (answer(), ProviderUnavailable),
        ],
    )
    def test_none_is_to_be_had(self, trades: DouyinProvider, response: Any, error: type[Exception]) -> None:
        from vkpay_async.providers.base import run_offline

        with pytest.raises(error) as caught:
            run_offline(trades.refund(refund(refund_fee=1990)), lambda _: response)
        assert getattr(caught.value, "outcome_known", False), "nothing was sent but the question for a token"
        assert SECRET not in str(caught.value)


class TestQuery:
    @pytest.mark.parametrize(
        ("word", "state"),
        [
            ("SUCCESS", TradeState.SUCCESS),
            ("PROCESS", TradeState.NOTPAY),
            ("TIMEOUT", TradeState.CLOSED),
            ("FAIL", TradeState.CLOSED),
            ("SOMETHING", TradeState.UNKNOWN),
        ],
    )
    def test_states(self, trades: DouyinProvider, word: str, state: TradeState) -> None:
        run = exchange(ok(data=trade(word)))
        found = run(trades.query(ref()))
        assert (found.state, found.raw_state, found.out_trade_no) == (state, word, "T1")
        assert (found.transaction_id, found.provider_order_no) == (TRADE_ID, None)
        assert (found.total_fee, found.appid, found.mch_id) == (1990, APP_ID, MCH_ID)
        assert found.success_time == (NOW_MS if word == "SUCCESS" else None)
        assert (run.last.url, run.body) == (f"{V1}/order_query/", {"out_order_no": "T1"})

    def test_figures_may_come_as_texts(self, trades: DouyinProvider) -> None:
        """As Douyin's own SDK has them."""
        texts = trade(total_amount="1990", pay_time=str(NOW_MS), pay_channel="10")
        found = exchange(ok(data=texts))(trades.query(ref()))
        assert (found.total_fee, found.success_time) == (1990, NOW_MS)

    def test_an_order_that_the_mini_program_has_not_asked_for(self, trades: DouyinProvider) -> None:
        with pytest.raises(ResourceNotFound, match="tt.requestOrder"):
            exchange(no(20000))(trades.query(ref()))


class TestRefund:
    def test_a_whole_order(self, trades: DouyinProvider) -> None:
        run = exchange(ok(data={"refund_id": "motb99", "refund_audit_deadline": 1}))
        whole = refund(order=ref(transaction_id=TRADE_ID), refund_fee=1990)
        made = run(trades.refund(whole))
        assert (made.state, made.refund_id, made.transaction_id) == (
            RefundState.PROCESSING,
            "motb99",
            TRADE_ID,
        )
        assert (run.last.url, run.last.moves_money) == (f"{V1}/refund_create/", True)
        assert run.body == {
            "order_id": TRADE_ID,
            "out_refund_no": "T1-1",
            "refund_total_amount": 1990,
            "refund_all": True,
            "refund_reason": [{"code": 999, "text": "破损"}],
            "order_entry_schema": {"path": "pages/order", "params": '{"out_trade_no":"T1"}'},
            "notify_url": NOTIFY_URL,
            "cp_extra": "T1",
        }

    def test_the_orders_number_is_looked_up_where_it_is_not_known(self, trades: DouyinProvider) -> None:
        run = exchange(ok(data=trade()), ok(data={"refund_id": "motb99"}))
        run(trades.refund(refund(order=ref(), refund_fee=1990)))
        assert run.body["order_id"] == TRADE_ID
        assert "item_order_detail" not in run.body

    def test_a_part_is_taken_from_what_the_pieces_have_left(self, trades: DouyinProvider) -> None:
        pieces = [
            {"item_order_id": name, "item_order_amount": amount}
            for name, amount in (("i1", 600), ("i2", "700"), ("gone", 0), ("i3", 690), ("i4", 1))
        ]
        before = [
            made_refund("SUCCESS", "T1-0"),
            made_refund("FAIL", "T1-x"),
            made_refund(
                "PROCESSING", "T1-y", item_order_detail=[{"item_order_id": "i2", "refund_amount": 600}]
            ),
            made_refund("PROCESSING", "T1-1"),
        ]
        run = exchange(
            ok(data=trade(item_order_list=pieces)),
            ok(data={"refund_list": before}),
            ok(data={"refund_id": "r"}),
        )
        run(trades.refund(refund(refund_fee=500)))
        assert run.body["refund_all"] is False
        assert run.body["item_order_detail"] == [
            {"item_order_id": "i1", "refund_amount": 100},
            {"item_order_id": "i2", "refund_amount": 100},
            {"item_order_id": "i3", "refund_amount": 300},
        ]

    def test_more_than_is_left(self, trades: DouyinProvider) -> None:
        before = [
            made_refund("SUCCESS", "T1-0", item_order_detail=[{"item_order_id": "i1", "refund_amount": 1500}])
        ]
        run = exchange(ok(data=trade()), ok(data={"refund_list": before}))
        with pytest.raises(InvalidArgument, match="10 fen less left"):
            run(trades.refund(refund()))

    def test_a_number_that_was_used_tells_what_became_of_it(self, trades: DouyinProvider) -> None:
        """The try before may have been carried out without an answer."""
        whole = refund(order=ref(transaction_id=TRADE_ID), refund_fee=1990)
        same = made_refund("PROCESSING", refund_total_amount=1990)
        made = exchange(no(22004), ok(data={"refund_list": [same]}))(trades.refund(whole))
        assert (made.state, made.refund_id) == (RefundState.PROCESSING, "motb99")
        with pytest.raises(OrderStateConflict, match="22004"):
            exchange(no(22004), ok(data={"refund_list": [made_refund()]}))(trades.refund(whole))
        with pytest.raises(OrderStateConflict, match="22013"):
            exchange(no(22013))(trades.refund(whole))

    @pytest.mark.parametrize(
        "reply",
        [no(13000), raw_response(b"<html>", 502), raw_response(b"{}"), TransportError("no answer in time")],
    )
    def test_what_a_used_number_came_to_is_open_where_nobody_can_tell(
        self, trades: DouyinProvider, reply: Any
    ) -> None:
        """The refund may be there: what was reserved for it must not be promised again."""
        whole = refund(order=ref(transaction_id=TRADE_ID), refund_fee=1990)
        with pytest.raises(ProviderOutcomeUnknown, match="22004") as caught:
            exchange(no(22004), reply)(trades.refund(whole))
        assert not caught.value.outcome_known

    def test_a_used_number_under_which_there_is_nothing_was_refused(self, trades: DouyinProvider) -> None:
        whole = refund(order=ref(transaction_id=TRADE_ID), refund_fee=1990)
        with pytest.raises(OrderStateConflict, match="22004") as caught:
            exchange(no(22004), ok(data={"refund_list": []}))(trades.refund(whole))
        assert caught.value.outcome_known

    @pytest.mark.parametrize(
        ("word", "state", "time"),
        [
            ("SUCCESS", RefundState.SUCCESS, NOW_MS),
            ("FAIL", RefundState.CLOSED, None),
            ("PROCESSING", RefundState.PROCESSING, None),
            ("SOMETHING", RefundState.UNKNOWN, None),
        ],
    )
    def test_a_query(self, trades: DouyinProvider, word: str, state: RefundState, time: int | None) -> None:
        run = exchange(ok(data={"refund_list": [made_refund(word)]}))
        found = run(trades.query_refund(refund_ref()))
        assert (found.state, found.refund_fee, found.refund_id, found.success_time) == (
            state,
            500,
            "motb99",
            time,
        )
        assert (run.last.url, run.body) == (f"{V1}/refund_query/", {"out_refund_no": "T1-1"})

    def test_an_unknown_refund_is_an_empty_list(self, trades: DouyinProvider) -> None:
        with pytest.raises(ResourceNotFound, match="T1-1"):
            exchange(ok(data={"refund_list": []}))(trades.query_refund(refund_ref()))


class TestSettlement:
    def settle(self, trades: DouyinProvider, **fields: Any) -> Any:
        return trades.settle(out_settle_no="S1", out_trade_no="T1", **fields)

    def test_an_order_is_settled(self, trades: DouyinProvider) -> None:
        run = exchange(ok(data={"settle_id": "68", "wallet_settle_id": "W"}))
        made = run(self.settle(trades, receivers=[Receiver(merchant_uid="71", amount=60)], finish=True))
        assert (made.state, made.settle_id) == (SettlementState.PROCESSING, "68")
        assert run.last.url == f"{V1}/settle_create/"
        assert run.body == {
            "app_id": APP_ID,
            "out_order_no": "T1",
            "out_settle_no": "S1",
            "settle_desc": "主动结算",
            "settle_params": '[{"merchant_uid":"71","amount":60}]',
        }

    def test_it_is_settled_once(self, trades: DouyinProvider) -> None:
        with pytest.raises(InvalidArgument, match="leave finish out"):
            exchange()(self.settle(trades, finish=False))

    def test_a_number_that_was_used_tells_what_became_of_it(self, trades: DouyinProvider) -> None:
        found = {"settle_id": "68", "settle_status": "SUCCESS", "settle_amount": "1978", "settle_at": NOW_MS}
        run = exchange(no(23111, status=400), ok(data=[found]))
        made = run(self.settle(trades))
        assert (made.state, made.settle_amount, made.settled_time) == (
            SettlementState.SUCCESS,
            1978,
            NOW_MS,
        )
        assert run.body == {"app_id": APP_ID, "out_settle_no": "S1"}

    def test_a_refusal_with_status_400(self, trades: DouyinProvider) -> None:
        with pytest.raises(OrderStateConflict, match="its settlement cycle is over") as caught:
            exchange(no(23107, "order not finish", 400))(self.settle(trades))
        assert (caught.value.code, caught.value.http_status) == ("23107", 400)

    def test_an_unknown_settlement_is_an_empty_list(self, trades: DouyinProvider) -> None:
        with pytest.raises(ResourceNotFound, match="S1"):
            exchange(ok(data=[]))(trades.query_settle("S1"))


class TestOlderOrders:
    """Those of guaranteed payment, at a node that has gone over to the trade system."""

    def test_they_are_asked_for_where_they_were_made(self, both: DouyinProvider) -> None:
        info = {"order_status": "SUCCESS", "total_fee": 1990}
        run = exchange(ok(payment_info=info, order_id=ORDER_ID))
        run(both.query(ref(transaction_id=ORDER_ID)))
        assert run.last.url == "https://developer.toutiao.com/api/apps/ecpay/v1/query_order"
        run = exchange(ok(refund_no="69"))
        run(both.refund(refund()))
        assert run.last.url.endswith("/api/apps/ecpay/v1/create_refund")
        run = exchange(ok(settle_no="68"))
        run(both.settle(out_settle_no="S1", out_trade_no="T1", generation="ecpay"))
        assert run.last.url.endswith("/api/apps/ecpay/v1/settle")

    def test_new_ones_are_the_trade_systems(self, both: DouyinProvider) -> None:
        assert isinstance(exchange()(both.create(order())), RequestOrderParams)
        run = exchange(ok(data=trade()))
        run(both.query(ref(transaction_id=TRADE_ID)))
        assert run.last.url == f"{V1}/order_query/"

    @pytest.mark.parametrize(
        ("second", "paid"), [(ok(data=trade()), True), (ok(data=trade("PROCESS")), False), (no(20000), False)]
    )
    def test_one_that_was_made_again_may_have_been_paid_here(
        self, both: DouyinProvider, second: Any, paid: bool
    ) -> None:
        first = ok(payment_info={"order_status": "PROCESSING", "total_fee": 1990}, order_id=ORDER_ID)
        found = exchange(first, second)(both.query(ref(provider_order_no=ORDER_ID)))
        assert found.state.paid is paid
        assert found.transaction_id == (TRADE_ID if paid else ORDER_ID)

    def test_without_the_salt_they_cannot_be_served(self, trades: DouyinProvider) -> None:
        with pytest.raises(ConfigError, match="salt is not set"):
            exchange()(trades.unsettled_amount("T1"))


def test_a_balance(trades: DouyinProvider) -> None:
    run = exchange(ok(account_info={"online_balance": 1, "withdrawable_balacne": 2}))
    found = run(trades.account_balance("hz"))
    assert found == AccountBalance(online_amount=1, withdrawable_amount=2)
    assert run.last.url == f"{HOST}/api/apps/ecpay/saas/query_merchant_balance/"
    assert run.body == {"app_id": APP_ID, "merchant_uid": MCH_ID, "channel_type": "hz"}


@pytest.mark.parametrize(
    ("action", "reads"),
    [
        ("api/trade_basic/v1/developer/refund_audit_callback/", False),
        ("/api/trade_basic/v1/developer/tag_query/", True),
        ("api/apps/ecpay/saas/query_merchant_balance/", True),
    ],
)
def test_any_call(trades: DouyinProvider, action: str, reads: bool) -> None:
    run = exchange(ok(data={"a": 1}))
    assert run(trades.request(action, {"refund_id": "1", "nested": {"a": [1]}}))["data"] == {"a": 1}
    assert run.last.url == f"{HOST}/{action.lstrip('/')}"
    assert run.body["nested"] == {"a": [1]}
    assert run.last.headers["access-token"] == "t1"
    assert (run.last.moves_money, run.last.repeatable) == (not reads, reads)


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"secret": None}, "secret"),
        ({"app_private_key": None}, "app_private_key"),
        ({"douyin_public_key": None}, "douyin_public_key"),
    ],
)
def test_what_the_trade_system_needs(make_trade: Make, changes: dict[str, Any], missing: str) -> None:
    with pytest.raises(ConfigError, match=f"{missing} is not set"):
        make_trade(**changes)


def test_a_key_that_is_none(make_trade: Make) -> None:
    from vkpay_async.config import Material

    with pytest.raises(ConfigError, match="douyin_public_key cannot be used"):
        make_trade(douyin_public_key=Material("key.pem"))
