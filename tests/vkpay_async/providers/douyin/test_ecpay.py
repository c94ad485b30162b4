"""Guaranteed payment: what is sent, and what is made of the answers."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.vkpay_async.providers.douyin.conftest import (
    APP_ID,
    MCH_ID,
    NOTIFY_URL,
    NOW_MS,
    ORDER_ID,
    Make,
    exchange,
    no,
    ok,
    order,
    ref,
    refund,
    refund_ref,
)
from vkpay_async.config import Secret
from vkpay_async.errors import (
    ConfigError,
    InvalidArgument,
    OrderStateConflict,
    ProviderOutcomeUnknown,
    ResourceNotFound,
)
from vkpay_async.models import RefundState, TradeState
from vkpay_async.order_info import TtPayParams
from vkpay_async.providers.balance import AccountBalance
from vkpay_async.providers.douyin.provider import DouyinProvider
from vkpay_async.providers.douyin.results import (
    Receiver,
    SettlementState,
    UnsettledAmount,
)

HOST = "https://developer.toutiao.com"
V1 = f"{HOST}/api/apps/ecpay/v1"
PRE_ORDER = {"order_id": ORDER_ID, "order_token": "Cgw="}


def payment(status: str = "SUCCESS", **changes: Any) -> dict[str, Any]:
    return {
        "total_fee": 1990,
        "order_status": status,
        "pay_time": "2023-11-15 06:13:20" if status == "SUCCESS" else "",
        "way": 2,
        "channel_no": "42",
        "seller_uid": MCH_ID,
        "item_id": "",
        "cp_extra": "",
        **changes,
    }


class TestCreate:
    def test_a_pre_order(self, provider: DouyinProvider) -> None:
        run = exchange(ok(data=PRE_ORDER))
        info = run(provider.create(order()))
        assert info == TtPayParams(order_id=ORDER_ID, order_token="Cgw=")
        assert info.to_client() == PRE_ORDER
        assert info.provider_order_no == ORDER_ID
        assert (run.last.method, run.last.url) == ("POST", f"{V1}/create_order")
        assert run.last.headers == {"content-type": "application/json"}
        assert (run.last.operation, run.last.moves_money, run.last.repeatable) == (
            "douyin.create",
            False,
            True,
        )
        body = run.body
        assert body.pop("sign")
        assert body == {
            "app_id": APP_ID,
            "out_order_no": "T1",
            "total_amount": 1990,
            "subject": "茶叶 500 g",
            "body": "茶叶 500 g",
            "valid_time": 172_800,
            "notify_url": NOTIFY_URL,
        }

    def test_the_client_may_be_given_the_service_as_well(self, make: Make) -> None:
        info = exchange(ok(data=PRE_ORDER))(make(wrap_order_info=True).create(order()))
        assert info.to_client() == {"service": 5, "orderInfo": PRE_ORDER}

    @pytest.mark.parametrize(
        ("ahead_ms", "seconds"),
        [(300_000, 300), (300_001, 301), (1_000, 300), (172_800_000, 172_800), (200_000_000, 172_800)],
    )
    def test_the_time_to_pay(self, provider: DouyinProvider, ahead_ms: int, seconds: int) -> None:
        run = exchange(ok(data=PRE_ORDER))
        run(provider.create(order(time_expire=NOW_MS + ahead_ms)))
        assert run.body["valid_time"] == seconds

    def test_what_other_adds(self, make: Make) -> None:
        run = exchange(ok(data=PRE_ORDER))
        other = {
            "cp_extra": "x",
            "disable_msg": 0,
            "expand_order_info": {"original_delivery_fee": 15},
            "subject": "别的",
            "limit_pay_way": None,
        }
        run(make(thirdparty_id="tt9").create(order(body="两斤", other=other)))
        body = run.body
        assert (body["cp_extra"], body["disable_msg"], body["subject"], body["body"]) == (
            "x",
            0,
            "别的",
            "两斤",
        )
        assert body["expand_order_info"] == '{"original_delivery_fee":15}'
        assert body["thirdparty_id"] == "tt9"
        assert "limit_pay_way" not in body

    @pytest.mark.parametrize("name", ["out_order_no", "total_amount", "app_id", "thirdparty_id", "sign"])
    def test_what_other_must_not_touch(self, provider: DouyinProvider, name: str) -> None:
        with pytest.raises(InvalidArgument, match=name):
            exchange()(provider.create(order(other={name: "x"})))

    @pytest.mark.parametrize(
        ("fields", "why"),
        [
            ({"subject": "茶" * 43}, "subject has 43 characters, and Douyin takes 42"),
            ({"subject": "𠮷" * 33}, "subject has 132 bytes, and Douyin takes 128"),
            ({"body": "x" * 43}, "body has 43 characters"),
            ({"notify_url": "http://shop.test/"}, "must start with https://"),
            ({"notify_url": "https://shop.test/" + "n" * 250}, "notify_url has 268 characters"),
            ({"other": {"total_weight": 1.5}}, "total_weight is a fraction"),
            ({"other": {"x": object()}}, "cannot be written as JSON"),
        ],
    )
    def test_what_is_refused_before_anything_is_sent(
        self, provider: DouyinProvider, fields: dict[str, Any], why: str
    ) -> None:
        run = exchange()
        with pytest.raises(InvalidArgument, match=why):
            run(provider.create(order(**fields)))
        assert run.requests == []

    def test_a_simulator_may_be_told_of_any_address(self, make: Make) -> None:
        run = exchange(ok(data=PRE_ORDER))
        simulated = make(base_url="http://127.0.0.1:9200/")
        run(simulated.create(order(notify_url="http://127.0.0.1/pay")))
        assert run.last.url == "http://127.0.0.1:9200/api/apps/ecpay/v1/create_order"

    def test_the_sandbox(self, make: Make) -> None:
        run = exchange(ok(data=PRE_ORDER))
        run(make(sandbox=True, timeout=7000).create(order()))
        assert run.last.url == "https://open-sandbox.douyin.com/api/apps/ecpay/v1/create_order"
        assert run.last.timeout_ms == 7000


class TestQuery:
    @pytest.mark.parametrize(
        ("word", "state"),
        [
            ("SUCCESS", TradeState.SUCCESS),
            ("PROCESSING", TradeState.NOTPAY),
            ("TIMEOUT", TradeState.CLOSED),
            ("FAIL", TradeState.PAYERROR),
            ("SOMETHING", TradeState.UNKNOWN),
        ],
    )
    def test_states(self, provider: DouyinProvider, word: str, state: TradeState) -> None:
        run = exchange(ok(out_order_no="T1", order_id=ORDER_ID, payment_info=payment(word)))
        trade = run(provider.query(ref()))
        assert (trade.state, trade.raw_state, trade.out_trade_no) == (state, word, "T1")
        assert (trade.transaction_id, trade.provider_order_no) == (ORDER_ID, ORDER_ID)
        assert (trade.total_fee, trade.appid, trade.mch_id) == (1990, APP_ID, MCH_ID)
        assert trade.success_time == (NOW_MS if word == "SUCCESS" else None)
        assert trade.raw["payment_info"]["channel_no"] == "42"
        assert run.last.url == f"{V1}/query_order"
        assert run.body["out_order_no"] == "T1"

    def test_figures_may_come_as_texts(self, provider: DouyinProvider) -> None:
        info = payment(total_fee="1990", way="10", seller_uid="", pay_time="soon")
        trade = exchange(ok(payment_info=info))(provider.query(ref()))
        assert (trade.total_fee, trade.mch_id, trade.success_time) == (1990, None, None)
        assert (trade.out_trade_no, trade.transaction_id) == ("T1", None)

    def test_an_unknown_order(self, provider: DouyinProvider) -> None:
        with pytest.raises(ResourceNotFound) as caught:
            exchange(no(2000, "支付记录不存在"))(provider.query(ref()))
        assert (caught.value.code, caught.value.request_id) == ("2000", "20231115logid")
        assert "支付记录不存在" in str(caught.value)


class TestClose:
    @pytest.mark.parametrize("word", ["TIMEOUT", "FAIL"])
    def test_one_that_is_over_is_closed(self, provider: DouyinProvider, word: str) -> None:
        exchange(ok(payment_info=payment(word)))(provider.close(ref()))

    def test_one_that_can_be_paid_cannot_be_closed(self, provider: DouyinProvider) -> None:
        with pytest.raises(InvalidArgument, match="ends by itself; make it with a time_expire"):
            exchange(ok(payment_info=payment("PROCESSING")))(provider.close(ref()))

    def test_one_that_is_paid(self, provider: DouyinProvider) -> None:
        with pytest.raises(OrderStateConflict, match="refund it"):
            exchange(ok(payment_info=payment()))(provider.close(ref()))


class TestRefund:
    def test_accepted_is_not_done(self, provider: DouyinProvider) -> None:
        run = exchange(ok(refund_no="69"))
        made = run(provider.refund(refund()))
        assert (made.state, made.refund_id, made.refund_fee) == (RefundState.PROCESSING, "69", 500)
        assert (run.last.url, run.last.moves_money, run.last.repeatable) == (
            f"{V1}/create_refund",
            True,
            True,
        )
        body = run.body
        assert body.pop("sign")
        assert body == {
            "app_id": APP_ID,
            "out_order_no": "T1",
            "out_refund_no": "T1-1",
            "reason": "破损",
            "refund_amount": 500,
            "notify_url": NOTIFY_URL,
        }

    def test_a_reason_is_there_and_not_too_long(self, provider: DouyinProvider) -> None:
        for given, sent in ((None, "退款"), ("茶" * 150, "茶" * 100)):
            run = exchange(ok(refund_no="69"))
            run(provider.refund(refund(reason=given)))
            assert run.body["reason"] == sent

    @pytest.mark.parametrize(("left", "after"), [(499, 1), (500, None)])
    def test_after_settlement(self, make: Make, left: int, after: int | None) -> None:
        run = exchange(ok(data={"out_order_no": "T1", "unsettle_amount": left}), ok(refund_no="69"))
        run(make(refund_after_settlement=True).refund(refund()))
        assert run.requests[0].url == f"{V1}/unsettle_amount"
        assert run.body.get("all_settle") == after

    def test_whoever_says_so_is_not_asked(self, make: Make) -> None:
        run = exchange(ok(refund_no="69"))
        run(make(refund_after_settlement=True).refund(refund(other={"all_settle": 1})))
        assert run.body["all_settle"] == 1

    @pytest.mark.parametrize("fields", [{"out_refund_no": "R|1"}, {"other": {"refund_amount": 1}}])
    def test_what_is_refused_before_anything_is_sent(
        self, provider: DouyinProvider, fields: dict[str, Any]
    ) -> None:
        with pytest.raises(InvalidArgument):
            exchange()(provider.refund(refund(**fields)))

    def test_an_inner_failure_leaves_the_outcome_open(self, provider: DouyinProvider) -> None:
        with pytest.raises(ProviderOutcomeUnknown) as caught:
            exchange(no(1000))(provider.refund(refund()))
        assert not caught.value.outcome_known

    @pytest.mark.parametrize(
        ("word", "state", "time"),
        [
            ("SUCCESS", RefundState.SUCCESS, NOW_MS),
            ("FAIL", RefundState.CLOSED, None),
            ("PROCESSING", RefundState.PROCESSING, None),
            ("SOMETHING", RefundState.UNKNOWN, None),
        ],
    )
    def test_a_query(self, provider: DouyinProvider, word: str, state: RefundState, time: int | None) -> None:
        info = {"refund_no": "69", "refund_amount": 500, "refund_status": word, "refunded_at": 1_700_000_000}
        run = exchange(ok(refundInfo=info))
        found = run(provider.query_refund(refund_ref()))
        assert (found.state, found.raw_state, found.success_time) == (state, word, time)
        assert (found.refund_fee, found.refund_id, found.out_refund_no) == (500, "69", "T1-1")
        assert run.body["out_refund_no"] == "T1-1"

    def test_an_unknown_refund(self, provider: DouyinProvider) -> None:
        with pytest.raises(ResourceNotFound):
            exchange(no(3101))(provider.query_refund(refund_ref()))


class TestSettlement:
    def test_all_to_the_seller(self, provider: DouyinProvider) -> None:
        run = exchange(ok(settle_no="68"))
        made = run(provider.settle(out_settle_no="S1", out_trade_no="T1", finish=True, notify_url=NOTIFY_URL))
        assert (made.state, made.settle_id, made.out_trade_no) == (SettlementState.PROCESSING, "68", "T1")
        assert (run.last.url, run.last.moves_money) == (f"{V1}/settle", True)
        body = run.body
        assert body.pop("sign")
        assert body == {
            "app_id": APP_ID,
            "out_settle_no": "S1",
            "out_order_no": "T1",
            "settle_desc": "主动结算",
            "finish": "true",
            "notify_url": NOTIFY_URL,
        }

    def test_shares(self, provider: DouyinProvider) -> None:
        run = exchange(ok(settle_no="68"))
        receivers = [Receiver(merchant_uid="71", amount=60)]
        run(
            provider.settle(
                out_settle_no="S1", out_trade_no="T1", receivers=receivers, other={"cp_extra": "x"}
            )
        )
        assert run.body["settle_params"] == '[{"merchant_uid":"71","amount":60}]'
        assert run.body["cp_extra"] == "x"
        assert "finish" not in run.body

    @pytest.mark.parametrize(
        "fields",
        [
            {"out_settle_no": "S 1"},
            {"out_trade_no": ""},
            {"settle_desc": "x" * 81},
            {"settle_desc": ""},
            {"receivers": [Receiver(merchant_uid="7", amount=1)] * 5},
            {"receivers": [Receiver(merchant_uid="7", amount=0)]},
            {"receivers": [Receiver(merchant_uid="7" * 2048, amount=1)]},
            {"other": {"settle_params": "[]"}},
        ],
        ids=lambda fields: str(fields)[:40],
    )
    def test_what_is_refused_before_anything_is_sent(
        self, provider: DouyinProvider, fields: dict[str, Any]
    ) -> None:
        asked: dict[str, Any] = {"out_settle_no": "S1", "out_trade_no": "T1", **fields}
        with pytest.raises(InvalidArgument):
            exchange()(provider.settle(**asked))

    @pytest.mark.parametrize("word", ["SUCCESS", "FAIL", "PROCESSING", "SOMETHING"])
    def test_a_query(self, provider: DouyinProvider, word: str) -> None:
        info = {
            "settle_no": "68",
            "settle_amount": 1978,
            "settle_status": word,
            "settle_detail": "商户号7-分成金额(分)1978",
            "settled_at": 1_700_000_000,
            "rake": 12,
            "commission": 0,
        }
        run = exchange(ok(settle_info=info))
        found = run(provider.query_settle("S1"))
        assert found.state == (word if word != "SOMETHING" else SettlementState.UNKNOWN)
        assert (found.settle_amount, found.rake, found.commission) == (1978, 12, 0)
        assert (found.settled_time, found.detail) == (NOW_MS, "商户号7-分成金额(分)1978")
        assert run.last.url == f"{V1}/query_settle"

    def test_what_is_left(self, provider: DouyinProvider) -> None:
        detail = {"payment_rake": 12, "life_rake": 0, "commission": 3}
        run = exchange(ok(data={"out_order_no": "T1", "unsettle_amount": 1975, "detail": detail}))
        found = run(provider.unsettled_amount("T1"))
        expected = UnsettledAmount(
            out_trade_no="T1", amount=1975, payment_rake=12, life_rake=0, commission=3, raw=found.raw
        )
        assert found == expected


class TestBalance:
    @pytest.mark.parametrize("spelling", ["withdrawable_balacne", "withdrawable_balance"])
    def test_as_it_is_spelt_and_as_it_should_be(self, provider: DouyinProvider, spelling: str) -> None:
        run = exchange(ok(account_info={"online_balance": 1, spelling: 2, "freeze_balance": 3}))
        found = run(provider.account_balance("alipay"))
        assert found == AccountBalance(online_amount=1, withdrawable_amount=2, freeze_amount=3)
        assert run.last.url == f"{HOST}/api/apps/ecpay/saas/query_merchant_balance"
        assert (run.body["merchant_uid"], run.body["channel_type"]) == (MCH_ID, "alipay")

    def test_of_wechat_pay_unless_told_otherwise(self, provider: DouyinProvider) -> None:
        run = exchange(ok(account_info={"online_balance": 150, "withdrawable_balacne": 2000}))
        found = run(provider.account_balance())
        assert run.body["channel_type"] == "wx"
        assert found.to_client() == {"code": 0, "msg": "ok", "onlineAmount": 1.5, "withdrawableAmount": 20}

    def test_another_channel_is_not_asked_for(self, provider: DouyinProvider) -> None:
        with pytest.raises(InvalidArgument, match="one of Douyin's channels wx, alipay, hz, not 'bank'"):
            exchange()(provider.account_balance("bank"))

    def test_it_is_the_merchants(self, make: Make) -> None:
        with pytest.raises(ConfigError, match="mch_id is not set"):
            exchange()(make(mch_id=None).account_balance())


class TestRequest:
    def test_any_call(self, provider: DouyinProvider) -> None:
        """The example of vk-uni-pay's documents."""
        run = exchange(ok(settle_no="68"))
        data = {
            "out_settle_no": "S1",
            "out_order_no": "T1",
            "settle_desc": "d",
            "finish": "true",
            "n": {"a": 1},
        }
        found = run(provider.request("api/apps/ecpay/v1/settle", data))
        assert found == {"err_no": 0, "err_tips": "success", "settle_no": "68"}
        assert (run.last.operation, run.last.moves_money, run.last.repeatable) == (
            "douyin.settle",
            True,
            False,
        )
        assert run.body["n"] == '{"a":1}'

    @pytest.mark.parametrize(
        "action", ["/api/apps/ecpay/v1/query_settle", "api/apps/ecpay/v1/unsettle_amount"]
    )
    def test_what_only_reads(self, provider: DouyinProvider, action: str) -> None:
        run = exchange(ok())
        run(provider.request(action))
        assert (run.last.url, run.last.moves_money, run.last.repeatable) == (
            f"{HOST}/{action.lstrip('/')}",
            False,
            True,
        )

    def test_a_call_of_the_other_system(self, provider: DouyinProvider) -> None:
        with pytest.raises(ConfigError, match="generation is ecpay, and this call is the trade system's"):
            exchange()(provider.request("api/trade_basic/v1/developer/order_query/", {}))


class TestSettings:
    def test_the_salt_is_needed(self, make: Make) -> None:
        with pytest.raises(ConfigError, match="vkpay.toml: douyin.mp-toutiao: salt is not set"):
            make(salt=None)

    def test_an_address_that_is_none(self, make: Make) -> None:
        with pytest.raises(ConfigError, match="base_url must start with https://"):
            make(base_url="developer.toutiao.com")

    def test_what_a_node_shows(self, make: Make, node: Any) -> None:
        text = repr(msgspec.structs.replace(node, former_tokens=[Secret("an-old-one")]))
        for secret in ("for-tests", "an-old-one"):
            assert secret not in text

    @pytest.mark.parametrize("operation", ["transfer", "query_transfer", "cancel_transfer"])
    def test_there_are_no_transfers(self, provider: DouyinProvider, operation: str) -> None:
        with pytest.raises(InvalidArgument, match=f"Douyin has no {operation}: send money by"):
            getattr(provider, operation)(None)

    def test_who_is_asked(self, provider: DouyinProvider) -> None:
        assert (provider.name, provider.appid, provider.mch_id, provider.trust) == (
            "douyin",
            APP_ID,
            MCH_ID,
            None,
        )
