"""Notifications of both systems: what holds, what it says, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.vkpay_async.providers.douyin.conftest import (
    APP_ID,
    MCH_ID,
    NOW_MS,
    ORDER_ID,
    TOKEN,
    TRADE_ID,
    Keys,
    Make,
    exchange,
    no,
    ok,
    payment_message,
    raw_notification,
    refund_message,
    told,
    told_by_rsa,
    url_check,
)
from vkpay_async.config import Secret
from vkpay_async.errors import (
    InvalidArgument,
    NotificationInvalid,
    ResourceNotFound,
    SignatureInvalid,
)
from vkpay_async.models import Notification, RawNotification, RefundState, TradeState
from vkpay_async.providers.douyin.provider import DouyinProvider
from vkpay_async.providers.douyin.results import SettlementState

SETTLED = {
    "appid": APP_ID,
    "cp_settle_no": "S1",
    "status": "SUCCESS",
    "rake": "12",
    "commission": 0,
    "settle_detail": "商户号7-分成金额(分)1978",
    "settled_at": 1_700_000_000,
    "message": "SUCCESS",
    "order_id": ORDER_ID,
    "settle_no": "68",
    "settle_amount": 1978,
}


def heard(provider: DouyinProvider, raw: Any) -> Notification:
    notification: Notification = exchange()(provider.notification(raw))
    return notification


class TestPayment:
    def test_it_moves_an_order(self, provider: DouyinProvider) -> None:
        found = heard(provider, told("payment", payment_message()))
        assert (found.kind, found.event) == ("payment", "payment")
        trade = found.trade
        assert trade is not None
        assert (trade.out_trade_no, trade.state, trade.total_fee) == ("T1", TradeState.SUCCESS, 1990)
        assert (trade.transaction_id, trade.provider_order_no) == (ORDER_ID, ORDER_ID)
        assert (trade.appid, trade.mch_id, trade.success_time) == (APP_ID, MCH_ID, NOW_MS)
        assert trade.raw["way"] == "2"

    @pytest.mark.parametrize(("timestamp", "nonce"), [(1_700_000_000, 4321), ("1700000000", "AbC9")])
    def test_numbers_and_texts(self, provider: DouyinProvider, timestamp: Any, nonce: Any) -> None:
        raw = told("payment", payment_message(), timestamp=timestamp, nonce=nonce)
        assert heard(provider, raw).kind == "payment"

    def test_figures_may_come_as_texts(self, provider: DouyinProvider) -> None:
        message = payment_message(total_amount="1990", paid_at="1700000000", way=1, seller_uid="")
        trade = heard(provider, told("payment", message)).trade
        assert trade is not None
        assert (trade.total_fee, trade.success_time, trade.mch_id) == (1990, NOW_MS, None)

    def test_another_status_than_success_moves_nothing(self, provider: DouyinProvider) -> None:
        found = heard(provider, told("payment", payment_message(status="FAIL")))
        assert (found.kind, found.trade) == ("other", None)

    @pytest.mark.parametrize("name", ["cp_orderno", "total_amount", "order_id", "appid"])
    def test_what_it_must_say(self, provider: DouyinProvider, name: str) -> None:
        message = payment_message()
        del message[name]
        with pytest.raises(NotificationInvalid, match=name):
            heard(provider, told("payment", message))


class TestRefund:
    @pytest.mark.parametrize(
        ("word", "state", "time"),
        [("SUCCESS", RefundState.SUCCESS, NOW_MS + 1000), ("FAIL", RefundState.CLOSED, None)],
    )
    def test_its_end(self, provider: DouyinProvider, word: str, state: RefundState, time: int | None) -> None:
        found = heard(provider, told("refund", refund_message(status=word)))
        refund = found.refund
        assert (found.kind, refund is not None) == ("refund", True)
        assert refund is not None
        assert (refund.state, refund.success_time, refund.refund_fee) == (state, time, 500)
        assert (refund.out_refund_no, refund.refund_id) == ("T1-1", "7376826336364513999")
        assert (refund.out_trade_no, refund.provider_order_no) == ("", ORDER_ID)


class TestOthers:
    def test_a_settlement(self, provider: DouyinProvider) -> None:
        found = heard(provider, told("settle", SETTLED))
        assert (found.kind, found.event) == ("other", "settle")
        settlement = provider.settlement_of(found)
        assert (settlement.out_settle_no, settlement.state) == ("S1", SettlementState.SUCCESS)
        assert (settlement.settle_amount, settlement.rake, settlement.settle_id) == (1978, 12, "68")
        assert settlement.settled_time == NOW_MS

    @pytest.mark.parametrize(("kind", "msg"), [("withdraw", "{}"), ("new", "80850852"), ("", "[1]")])
    def test_whatever_else_is_told(self, provider: DouyinProvider, kind: str, msg: str) -> None:
        found = heard(provider, told(kind, msg))
        assert (found.kind, found.event, dict(found.raw)) == ("other", kind, {})
        with pytest.raises(InvalidArgument, match="not of a settlement"):
            provider.settlement_of(found)

    def test_each_attempt_at_the_same_news_has_the_same_id(self, provider: DouyinProvider) -> None:
        """Timestamp, nonce and signature are others each time; the type is not signed, and may be anything."""
        first, second = (
            heard(provider, told("settle", SETTLED, nonce=nonce)).id for nonce in ("4321", "4322")
        )
        assert first == second == heard(provider, told("settled", SETTLED)).id
        assert first != heard(provider, told("settle", SETTLED | {"rake": "13"})).id
        assert len(first) == 64

    def test_another_message_that_says_it_is_a_settlement(self, provider: DouyinProvider) -> None:
        found = heard(provider, told("settle", payment_message()))
        with pytest.raises(NotificationInvalid, match="names no settlement"):
            provider.settlement_of(found)

    def test_a_settlement_without_its_status(self, provider: DouyinProvider) -> None:
        found = heard(provider, told("settle", {"cp_settle_no": "S1"}))
        with pytest.raises(NotificationInvalid, match="status"):
            provider.settlement_of(found)


class TestSignature:
    @pytest.mark.parametrize(
        "changes",
        [
            {"msg_signature": "0" * 40},
            {"msg_signature": "签"},
            {"msg": json.dumps(payment_message(total_amount=1))},
            {"nonce": "4322"},
            {"timestamp": "1700000001"},
        ],
        ids=str,
    )
    def test_what_does_not_hold(self, provider: DouyinProvider, changes: dict[str, str]) -> None:
        envelope = json.loads(told("payment", payment_message()).body)
        with pytest.raises(SignatureInvalid, match="check token"):
            heard(provider, raw_notification(json.dumps(envelope | changes).encode()))

    def test_names_in_another_order_and_blanks_change_nothing(self, provider: DouyinProvider) -> None:
        envelope = json.loads(told("payment", payment_message()).body)
        body = json.dumps(dict(reversed(envelope.items())), indent=1).encode()
        assert heard(provider, raw_notification(body)).kind == "payment"

    def test_a_token_of_before(self, make: Make) -> None:
        raw = told("payment", payment_message(), token="the-old-one")
        with pytest.raises(SignatureInvalid, match="former_tokens"):
            heard(make(), raw)
        assert heard(make(former_tokens=[Secret("the-old-one")]), raw).kind == "payment"
        assert heard(make(former_tokens=[Secret("x")]), told("payment", payment_message())).kind == "payment"

    @pytest.mark.parametrize(
        ("timestamp", "nonce"),
        [
            ("17000000004", "{1"),
            ("1700000000 ", "1"),
            ("", "1"),
            ("1" * 13, "1"),
            ("1", "1" * 33),
            ("١", "1"),
        ],
    )
    def test_pieces_of_another_message_are_no_nonce(
        self, provider: DouyinProvider, timestamp: str, nonce: str
    ) -> None:
        """The four values stand in a row, so that a piece could be moved from one into the next."""
        with pytest.raises(SignatureInvalid, match="shape"):
            heard(provider, told("payment", payment_message(), timestamp=timestamp, nonce=nonce))

    def test_without_a_token_nothing_is_believed(self, make: Make) -> None:
        with pytest.raises(SignatureInvalid, match="token is not set"):
            heard(make(token=None), told("payment", payment_message()))

    def test_the_trade_systems_are_refused(self, provider: DouyinProvider, keys: Keys) -> None:
        with pytest.raises(SignatureInvalid, match="generation is ecpay"):
            heard(provider, told_by_rsa(keys, "payment", {}))


class TestUrlCheck:
    def test_the_echo_comes_back(self, provider: DouyinProvider) -> None:
        found = heard(provider, url_check(echostr="<b>1</b>"))
        assert (found.kind, found.event) == ("other", "url_check")
        assert found.reply is not None
        assert (found.reply.status, found.reply.body) == (200, b"<b>1</b>")
        assert found.reply.content_type == "text/plain; charset=utf-8"

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"signature": ""}, SignatureInvalid),
            ({"timestamp": "1700000001"}, SignatureInvalid),
            ({"msg": "x"}, SignatureInvalid),
            ({"echostr": "e" * 1025}, NotificationInvalid),
            ({str(number): "x" for number in range(20)}, NotificationInvalid),
        ],
    )
    def test_what_does_not_hold(
        self, provider: DouyinProvider, changes: dict[str, str], error: type[Exception]
    ) -> None:
        with pytest.raises(error):
            heard(provider, url_check(**changes))

    def test_a_query_that_is_no_text(self, provider: DouyinProvider) -> None:
        raw = RawNotification(path="/", headers={}, body=b"", method="GET", query="msg=%ff")
        with pytest.raises(NotificationInvalid):
            heard(provider, raw)


def trade_payment(**changes: Any) -> dict[str, Any]:
    return {
        "app_id": APP_ID,
        "out_order_no": "T1",
        "order_id": TRADE_ID,
        "status": "SUCCESS",
        "total_amount": 1990,
        "pay_channel": 1,
        "merchant_uid": MCH_ID,
        "event_time": NOW_MS,
        "message": "",
        **changes,
    }


class TestTradeSystem:
    def test_a_payment(self, trades: DouyinProvider, keys: Keys) -> None:
        found = heard(trades, told_by_rsa(keys, "payment", trade_payment()))
        assert (found.kind, found.event) == ("payment", "payment")
        trade = found.trade
        assert trade is not None
        assert (trade.out_trade_no, trade.state, trade.total_fee) == ("T1", TradeState.SUCCESS, 1990)
        assert (trade.transaction_id, trade.provider_order_no) == (TRADE_ID, None)
        assert (trade.appid, trade.mch_id, trade.success_time) == (APP_ID, MCH_ID, NOW_MS)

    @pytest.mark.parametrize("why", ["USER_CANCEL", "TIME_OUT"])
    def test_an_order_that_ended_without_payment(self, trades: DouyinProvider, keys: Keys, why: str) -> None:
        found = heard(trades, told_by_rsa(keys, "payment", trade_payment(status="CANCEL", message=why)))
        assert found.kind == "closed"
        assert found.trade is not None
        assert (found.trade.state, found.trade.description) == (TradeState.CLOSED, why)
        assert found.trade.success_time is None

    def test_a_status_of_tomorrow(self, trades: DouyinProvider, keys: Keys) -> None:
        found = heard(trades, told_by_rsa(keys, "payment", trade_payment(status="HELD")))
        assert (found.kind, found.trade) == ("other", None)

    def test_a_refunds_order_is_looked_up(self, trades: DouyinProvider, keys: Keys) -> None:
        message = {
            "app_id": APP_ID,
            "status": "SUCCESS",
            "order_id": TRADE_ID,
            "refund_id": "motb99",
            "out_refund_no": "T1-1",
            "refund_total_amount": "500",
            "event_time": NOW_MS,
        }
        order = {"order_id": TRADE_ID, "out_order_no": "T1", "pay_status": "SUCCESS"}
        run = exchange(ok(data=order))
        found = run(trades.notification(told_by_rsa(keys, "refund", message)))
        assert run.body == {"order_id": TRADE_ID}
        assert (found.kind, found.refund.out_trade_no, found.refund.out_refund_no) == (
            "refund",
            "T1",
            "T1-1",
        )
        assert (found.refund.state, found.refund.refund_fee) == (RefundState.SUCCESS, 500)
        by_user = told_by_rsa(keys, "refund", message | {"out_refund_no": "", "status": "FAIL"})
        found = exchange(ok(data=order))(trades.notification(by_user))
        assert (found.refund.out_refund_no, found.refund.state) == ("motb99", RefundState.CLOSED)
        with pytest.raises(ResourceNotFound):
            exchange(no(20000))(trades.notification(by_user))

    def test_whatever_else_is_told(self, trades: DouyinProvider, keys: Keys) -> None:
        asked = heard(trades, told_by_rsa(keys, "pre_create_refund", {"refund_id": "motb99"}))
        assert (asked.kind, asked.event, asked.raw) == (
            "other",
            "pre_create_refund",
            {"refund_id": "motb99"},
        )
        settled = {"out_settle_no": "S1", "status": "FAIL", "settle_id": "68", "event_time": NOW_MS}
        settlement = trades.settlement_of(heard(trades, told_by_rsa(keys, "settle", settled)))
        assert (settlement.out_settle_no, settlement.state, settlement.settle_id) == (
            "S1",
            SettlementState.FAIL,
            "68",
        )

    def test_a_number_that_is_not_signed_makes_no_new_news(self, trades: DouyinProvider, keys: Keys) -> None:
        raw = told_by_rsa(keys, "withdraw", {"out_order_id": "W1"})
        again = raw_notification(raw.body, dict(raw.headers) | {"byte-eventid": "event-2"})
        other = told_by_rsa(keys, "withdraw", {"out_order_id": "W2"})
        assert heard(trades, raw).id == heard(trades, again).id != heard(trades, other).id

    def test_what_does_not_hold(self, trades: DouyinProvider, keys: Keys) -> None:
        good = told_by_rsa(keys, "payment", trade_payment())
        stranger = told_by_rsa(keys, "payment", trade_payment(), key=keys.stranger)
        own = told_by_rsa(keys, "payment", trade_payment(), key=keys.app)
        headers = dict(good.headers)
        for raw in (
            stranger,
            own,
            raw_notification(good.body + b" ", headers),
            raw_notification(good.body, headers | {"byte-nonce-str": "x"}),
            raw_notification(good.body, headers | {"byte-timestamp": "1700000001"}),
            raw_notification(good.body, headers | {"byte-signature": "no base64"}),
            raw_notification(good.body, headers | {"byte-signature": "签"}),
            raw_notification(good.body, headers | {"byte-nonce-str": "\udc80"}),
            raw_notification(good.body, {"byte-signature": headers["byte-signature"]}),
        ):
            with pytest.raises(SignatureInvalid):
                heard(trades, raw)

    def test_a_message_of_the_other_kind(self, trades: DouyinProvider) -> None:
        with pytest.raises(SignatureInvalid, match="no Byte-Signature"):
            heard(trades, told("payment", payment_message()))

    def test_both_kinds_at_a_node_that_has_gone_over(self, both: DouyinProvider, keys: Keys) -> None:
        for raw in (told("payment", payment_message()), told_by_rsa(keys, "payment", trade_payment())):
            assert heard(both, raw).kind == "payment"


def test_the_replies(provider: DouyinProvider) -> None:
    assert json.loads(provider.accept().body) == {"err_no": 0, "err_tips": "success"}
    assert provider.accept().status == 200
    assert (provider.refuse().status, json.loads(provider.refuse().body)["err_no"]) == (500, 1)
    assert TOKEN not in repr(told("payment", payment_message()))
