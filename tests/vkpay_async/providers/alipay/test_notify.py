"""Notifications: read as bytes, believed when signed, typed by what they report."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qsl

import pytest

from vkpay_async.errors import NotificationInvalid, SignatureInvalid
from vkpay_async.models import Notification, NotifyReply, RefundState, TradeState
from vkpay_async.providers.alipay.about import AlipayNode
from vkpay_async.providers.alipay.provider import AlipayProvider

GIVEN_BACK = {"gmt_refund": "2023-11-15 06:14:00.123", "refund_fee": "15.00", "out_biz_no": "R1"}


@pytest.fixture
def read(provider: AlipayProvider, exchange: Any) -> Any:
    def run(raw: Any, provider: AlipayProvider = provider) -> Notification:
        event: Notification = exchange()(provider.notification(raw))
        return event

    return run


def test_payment(read: Any, server: Any, paid: dict[str, str], provider: AlipayProvider) -> None:
    event = read(server.notification(paid))
    assert (event.kind, event.id, event.event) == ("payment", paid["notify_id"], "TRADE_SUCCESS")
    assert (event.refund, event.transfer) == (None, None)
    trade = event.trade
    assert (trade.state, trade.total_fee, trade.success_time) == (TradeState.SUCCESS, 1990, 1_699_999_999_000)
    assert (trade.out_trade_no, trade.transaction_id) == ("T20231115", "2023111522001446880200000001")
    assert (trade.appid, trade.mch_id, trade.openid) == (
        provider.appid,
        "2088101122136241",
        "2088102177846880",
    )
    assert event.raw["subject"] == trade.raw["subject"] == "茶叶 500 g"
    assert "sign" not in event.raw


def test_gbk(read: Any, server: Any, paid: dict[str, str]) -> None:
    raw = server.notification({**paid, "subject": "乌龙茶 1+1=2 & 50%"}, charset="GBK")
    assert read(raw).raw["subject"] == "乌龙茶 1+1=2 & 50%"


@pytest.mark.parametrize(
    ("changes", "kind", "state"),
    [
        ({"trade_status": "TRADE_FINISHED"}, "payment", TradeState.FINISHED),
        ({"trade_status": "TRADE_CLOSED", "gmt_payment": ""}, "closed", TradeState.CLOSED),
        ({"refund_fee": "0.00"}, "payment", TradeState.SUCCESS),
    ],
)
def test_other_ends_of_a_trade(
    read: Any, server: Any, paid: dict[str, str], changes: dict[str, str], kind: str, state: TradeState
) -> None:
    event = read(server.notification({**paid, **changes}))
    assert (event.kind, event.trade.state) == (kind, state)


@pytest.mark.parametrize("word", ["WAIT_BUYER_PAY", "TRADE_DREAMING"])
def test_states_that_nothing_follows_from(read: Any, server: Any, paid: dict[str, str], word: str) -> None:
    event = read(server.notification({**paid, "trade_status": word, "gmt_payment": "soon"}))
    assert (event.kind, event.event, event.trade) == ("other", word, None)


@pytest.mark.parametrize(
    ("changes", "fee", "number"),
    [
        (GIVEN_BACK, 1500, "R1"),
        ({**GIVEN_BACK, "send_back_fee": "5.00"}, 500, "R1"),
        ({**GIVEN_BACK, "trade_status": "TRADE_CLOSED", "refund_fee": "19.90"}, 1990, "R1"),
        ({"refund_fee": "19.90", "trade_status": "TRADE_CLOSED"}, 1990, "T20231115"),
        ({"gmt_refund": "2023-11-15 06:14:00.123"}, 0, "T20231115"),
    ],
)
def test_refund(
    read: Any, server: Any, paid: dict[str, str], changes: dict[str, str], fee: int, number: str
) -> None:
    event = read(server.notification({**paid, **changes}))
    assert (event.kind, event.trade) == ("refund", None)
    refund = event.refund
    assert (refund.state, refund.refund_fee, refund.total_fee) == (RefundState.SUCCESS, fee, 1990)
    assert (refund.out_trade_no, refund.out_refund_no) == ("T20231115", number)
    assert refund.success_time == (1_700_000_040_123 if "gmt_refund" in changes else None)


def test_the_seller_behind_a_service_provider(read: Any, server: Any, paid: dict[str, str]) -> None:
    partner = {**paid, "auth_app_id": "2021000000000099"}
    trade = read(server.notification(partner)).trade
    assert (trade.mch_id, trade.sub_mchid) == (None, "2088101122136241")
    refund = read(server.notification({**partner, **GIVEN_BACK})).refund
    assert refund.mch_id is None
    assert read(server.notification({**paid, **GIVEN_BACK})).refund.mch_id == "2088101122136241"


def test_message_of_another_kind(read: Any, server: Any) -> None:
    fields = {
        "msg_method": "alipay.fund.trans.order.changed",
        "biz_content": '{"out_biz_no":"B1","status":"SUCCESS"}',
        "app_id": "2021000000000001",
        "notify_id": "N1",
        "version": "1.1",
    }
    event = read(server.notification(fields))
    assert (event.kind, event.id, event.event) == ("other", "N1", "alipay.fund.trans.order.changed")
    assert event.raw["biz_content"].startswith('{"out_biz_no"')


@pytest.mark.parametrize(
    "signed_without", [(), ("sign_type",), ("alipay_cert_sn",), ("sign_type", "alipay_cert_sn")]
)
def test_which_fields_are_signed_depends_on_the_sender(
    read: Any, server: Any, paid: dict[str, str], signed_without: tuple[str, ...]
) -> None:
    fields = {**paid, "alipay_cert_sn": "f" * 32}
    assert read(server.notification(fields, signed_without=signed_without)).kind == "payment"


def test_escapes_that_only_have_to_be_undone(
    read: Any, server: Any, paid: dict[str, str], raw_of: Any
) -> None:
    body = server.notification(paid).body
    lower = body.replace(b"%3A", b"%3a").replace(b"notify_id=", b"notify%5Fid=")
    assert read(raw_of(lower)).id == paid["notify_id"]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"total_amount": "0.01"}, "does not hold"),
        ({"sign": ""}, "not signed"),
        ({"sign": "bm8="}, "does not hold"),
        ({"sign": "签"}, "does not hold"),
        ({"sign_type": "RSA"}, "sign_type is not RSA2"),
        ({"sign_type": ""}, "sign_type is not RSA2"),
        ({"extra": "1"}, "does not hold"),
    ],
)
def test_what_is_not_signed_is_not_believed(
    read: Any, server: Any, paid: dict[str, str], form_of: Any, raw_of: Any, change: dict[str, str], text: str
) -> None:
    fields = dict(parse_qsl(server.notification(paid).body.decode(), keep_blank_values=True))
    assert read(form_of(fields)).kind == "payment"
    with pytest.raises(SignatureInvalid, match=text):
        read(form_of({**fields, **change}))


@pytest.mark.parametrize("body", [b"", b"{}", b"<xml/>", b"\xff\xfe", b"a=1", b"%", b"sign_type=RSA2"])
def test_what_is_no_notification(read: Any, raw_of: Any, body: bytes) -> None:
    with pytest.raises(SignatureInvalid, match="not signed"):
        read(raw_of(body))


@pytest.mark.parametrize("twice", [b"&total_amount=0.01", b"&total%5Famount=0.01", b"&&"])
def test_a_field_that_stands_twice(
    read: Any, server: Any, paid: dict[str, str], raw_of: Any, twice: bytes
) -> None:
    with pytest.raises(NotificationInvalid, match="twice"):
        read(raw_of(server.notification(paid).body + twice))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"total_amount": "1e1"}, "yuan"),
        ({"total_amount": ""}, "yuan"),
        ({"refund_fee": "much"}, "yuan"),
    ],
)
def test_signed_but_unreadable(
    read: Any, server: Any, paid: dict[str, str], changes: dict[str, str], text: str
) -> None:
    with pytest.raises(NotificationInvalid, match=text):
        read(server.notification({**paid, **changes}))


def test_signed_but_without_its_order(read: Any, server: Any, paid: dict[str, str]) -> None:
    del paid["out_trade_no"]
    with pytest.raises(NotificationInvalid, match="out_trade_no"):
        read(server.notification(paid))


@pytest.mark.parametrize(
    ("charset", "said", "text"), [("utf-16", "utf-16", "neither utf-8 nor gbk"), ("gbk", "utf-8", "names")]
)
def test_a_charset_that_cannot_be(
    read: Any, server: Any, paid: dict[str, str], charset: str, said: str, text: str
) -> None:
    codec = "gbk" if charset == "gbk" else "utf-8"
    raw = server.notification({**paid, "charset": said}, charset=codec)
    with pytest.raises(NotificationInvalid, match=text):
        read(raw)


def test_certificate_named_in_the_notification(
    cert_provider: AlipayProvider, read: Any, server: Any, pki: Any, paid: dict[str, str]
) -> None:
    raw = server.notification(
        {**paid, "alipay_cert_sn": pki.alipay.sn}, signed_without=("sign_type", "alipay_cert_sn")
    )
    assert read(raw, cert_provider).kind == "payment"
    assert read(server.notification(paid), cert_provider).kind == "payment"


@pytest.fixture
def clock() -> list[int]:
    return [1_700_000_000_000]


@pytest.fixture
def ticking(make: Any, cert_node: AlipayNode, clock: list[int]) -> AlipayProvider:
    provider: AlipayProvider = make(cert_node, now_ms=lambda: clock[0])
    return provider


def test_a_new_certificate_is_downloaded_for_a_notification(
    ticking: AlipayProvider, read: Any, server: Any, pki: Any, paid: dict[str, str], exchange: Any
) -> None:
    server.signer = pki.rotated
    raw = server.notification({**paid, "alipay_cert_sn": pki.rotated.sn})
    content = {"code": "10000", "alipay_cert_content": base64.b64encode(pki.rotated.pem.encode()).decode()}
    run = exchange(lambda _: server.answer("alipay_open_app_alipaycert_download_response", content))
    assert run(ticking.notification(raw)).kind == "payment"
    assert read(raw, ticking).kind == "payment"


def test_strangers_cannot_make_us_download_all_day(
    ticking: AlipayProvider, clock: list[int], server: Any, paid: dict[str, str], exchange: Any
) -> None:
    def attempt() -> int:
        run = exchange(lambda _: server.answer("error_response", {"code": "40004", "msg": "no"}))
        with pytest.raises(SignatureInvalid):
            run(ticking.notification(server.notification({**paid, "alipay_cert_sn": "f" * 32})))
        return len(run.requests)

    assert attempt() == 1
    assert attempt() == 0
    clock[0] += 60_000
    assert attempt() == 1


def test_replies(provider: AlipayProvider) -> None:
    content_type = "text/plain; charset=utf-8"
    assert provider.accept() == NotifyReply(status=200, body=b"success", content_type=content_type)
    assert provider.refuse() == NotifyReply(status=500, body=b"fail", content_type=content_type)
