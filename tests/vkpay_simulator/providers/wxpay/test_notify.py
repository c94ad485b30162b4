"""What is sent for payments and refunds."""

import json

import pytest

from tests.vkpay_simulator.providers.wxpay.shop import NOTIFY, Shop

NO = "T20260101000001"


def test_payment(shop: Shop) -> None:
    shop.create("native")
    view = shop.sim.pay(NO)
    (delivery,) = shop.sent
    assert (delivery.provider, delivery.event, delivery.subject, delivery.url) == (
        "wxpay", "TRANSACTION.SUCCESS", NO, NOTIFY,
    )  # fmt: skip
    outgoing = delivery.build(0)
    body = json.loads(outgoing.body)
    assert {name: body[name] for name in body if name != "resource"} == {
        "id": delivery.id,
        "create_time": "2026-01-01T00:00:00+08:00",
        "resource_type": "encrypt-resource",
        "event_type": "TRANSACTION.SUCCESS",
        "summary": "支付成功",
    }
    assert body["resource"]["original_type"] == body["resource"]["associated_data"] == "transaction"
    assert len(delivery.id) == 36
    assert len(body["resource"]["nonce"]) == 12
    assert shop.opened(outgoing) == view.detail == shop.query().data


def test_sent_again_with_another_signature(shop: Shop) -> None:
    shop.paid()
    first, second = (shop.sent[0].build(attempt) for attempt in (0, 1))
    assert first.body == second.body
    assert [sent.headers["Request-ID"][-2:] for sent in (first, second)] == ["-0", "-0"]
    assert first.headers["Wechatpay-Signature"] != second.headers["Wechatpay-Signature"]
    assert shop.opened(first) == shop.opened(second)
    assert list(first.headers) == [
        "Content-Type", "Accept", "User-Agent", "Request-ID", "Wechatpay-Nonce", "Wechatpay-Signature",
        "Wechatpay-Timestamp", "Wechatpay-Serial", "Wechatpay-Signature-Type",
    ]  # fmt: skip


def test_schedule(shop: Shop) -> None:
    shop.paid()
    delivery = shop.sent[0]
    assert (len(delivery.pauses), sum(delivery.pauses), delivery.timeout_s) == (15, 86_640, 5.0)


@pytest.mark.parametrize(
    ("status", "accepted"), [(200, True), (204, True), (201, False), (302, False), (500, False)]
)
def test_acceptance(shop: Shop, status: int, accepted: bool) -> None:
    shop.paid()
    assert shop.sent[0].accepts(status, b"anything") is accepted


def test_the_key_is_that_of_the_merchant(shop: Shop, certs: Shop) -> None:
    shop.paid()
    certs.paid(out_trade_no="T20260101000002")
    assert shop.sent[0].build(0).headers["Wechatpay-Serial"].startswith("PUB_KEY_ID_")
    assert certs.sent[1].build(0).headers["Wechatpay-Serial"] == certs.account.platform[0].id


def test_nothing_without_v3_key(shop: Shop) -> None:
    shop.account.v3_key = None
    shop.paid()
    assert shop.sent == []


@pytest.mark.parametrize(
    ("status", "summary"), [("SUCCESS", "退款成功"), ("ABNORMAL", "退款异常"), ("CLOSED", "退款关闭")]
)
def test_refund(shop: Shop, status: str, summary: str) -> None:
    transaction = shop.paid()
    refund_id = shop.refund(notify_url=NOTIFY).data["refund_id"]
    shop.sim.settle_refund("R1", status)
    delivery = shop.sent[1]
    outgoing = delivery.build(0)
    assert (delivery.event, delivery.subject) == (f"REFUND.{status}", NO)
    assert json.loads(outgoing.body)["summary"] == summary
    assert len(delivery.pauses) == 15
    success = {"success_time": "2026-01-01T00:00:00+08:00"} if status == "SUCCESS" else {}
    assert (
        shop.opened(outgoing)
        == {
            "mchid": shop.account.mchid,
            "transaction_id": transaction["transaction_id"],
            "out_trade_no": NO,
            "refund_id": refund_id,
            "out_refund_no": "R1",
            "refund_status": status,
            "user_received_account": "支付用户零钱",
            "amount": {"total": 100, "refund": 40, "payer_total": 100, "payer_refund": 40},
        }
        | success
    )


async def test_no_refund_notification_without_address(shop: Shop) -> None:
    shop.paid()
    shop.refund()
    await shop.world.agenda.advance(1)
    assert len(shop.sent) == 1
