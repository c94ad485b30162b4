"""Callbacks: what they say, the schedule, and what counts as an answer."""

import json
from itertools import accumulate
from typing import Any

import pytest

from tests.vkpay_simulator.providers.huawei.shop import NOTIFY_URL, Shop, Simulated
from vkpay_simulator.providers.huawei.notify import accepts


def test_a_paid_order_is_told_of(simulated: Simulated, shop: Shop) -> None:
    paid = shop.paid(payload="p")
    (delivery,) = simulated.notified
    assert (delivery.event, delivery.subject, delivery.url) == ("TRX_SUCCESS", "T1", NOTIFY_URL)
    told = simulated.opened(delivery)
    known = (
        "mercNo",
        "appId",
        "sysTransOrderNo",
        "mercOrderNo",
        "orderStatus",
        "totalAmount",
        "payload",
        "payer",
    )
    assert {name: told[name] for name in known} == {name: paid[name] for name in known}
    own = {name: told[name] for name in ("callbackTime", "dataType", "signType", "certNo")}
    assert own == {
        "callbackTime": "2026-01-01 00:00:00",
        "dataType": "plain",
        "signType": "SM2",
        "certNo": simulated.huawei.accounts.platform.cert_no,
    }
    assert told["callbackId"] == delivery.id
    assert len(delivery.id) == 27
    assert "resultCode" not in told


def test_a_re_sent_callback_keeps_its_id_and_is_signed_anew(simulated: Simulated, shop: Shop) -> None:
    shop.paid()
    (delivery,) = simulated.notified
    first, second = (json.loads(delivery.build(attempt).body) for attempt in (0, 1))
    assert first.pop("sign") != second.pop("sign")
    assert first == second


def test_another_platform_key_signs_from_now_on(simulated: Simulated, shop: Shop) -> None:
    shop.paid()
    simulated.control("account", pid="default", renew_platform=True)
    told = simulated.shop().verified(simulated.notified[0].build(0).body)
    assert told["certNo"] == simulated.huawei.accounts.platform.cert_no
    with pytest.raises(AssertionError):
        shop.verified(simulated.notified[0].build(0).body)


def test_the_schedule_is_48_hours(simulated: Simulated, shop: Shop) -> None:
    shop.paid()
    (delivery,) = simulated.notified
    at = list(accumulate(delivery.pauses))
    assert at[:4] == [20, 40, 60, 260]
    assert at[19] == 60 + 17 * 200
    assert 45 * 3600 < at[-1] <= 48 * 3600
    assert delivery.timeout_s == 3


def test_another_schedule(simulated: Simulated, shop: Shop) -> None:
    simulated.control("rules", pauses=[1, 2.5])
    shop.paid()
    assert simulated.notified[0].pauses == (1, 2.5)


@pytest.mark.parametrize(
    ("status", "body", "taken"),
    [
        (200, b'{"resultCode":"000000","resultDesc":"Success."}', True),
        (200, b'{ "resultDesc": "", "resultCode": "000000" }', True),
        (201, b'{"resultCode":"000000"}', False),
        (200, b'{"resultCode":"999999"}', False),
        (200, b'{"resultCode":0}', False),
        (200, b"success", False),
        (200, b"", False),
        (200, b"[]", False),
        (200, b'{"resultCode":' + b"[" * 100_000, False),
    ],
    ids=range(9),
)
def test_what_counts_as_an_answer(status: int, body: bytes, taken: bool) -> None:
    assert accepts(status, body) is taken


@pytest.mark.parametrize("kind", ["answer", "callback"])
def test_a_spoilt_signature(simulated: Simulated, shop: Shop, kind: str) -> None:
    prepaid = shop.prepay().answer
    simulated.huawei.pay("T1")
    outgoing = simulated.notified[0].build(0)
    spoilt = (
        simulated.huawei.spoil_signature(prepaid).body
        if kind == "answer"
        else simulated.huawei.spoil_outgoing(outgoing).body
    )
    body = prepaid.body if kind == "answer" else outgoing.body
    assert json.loads(spoilt).keys() == json.loads(body).keys()
    with pytest.raises(AssertionError):
        shop.verified(spoilt)


def test_what_is_not_signed_cannot_be_spoilt(simulated: Simulated, shop: Shop) -> None:
    answer = shop.prepay().answer
    answer.body = b"PK"
    assert simulated.huawei.spoil_signature(answer).body == b"PK"


def test_fields_that_no_document_knows(simulated: Simulated, shop: Shop) -> None:
    simulated.control("rules", extra_fields=True)
    paid: dict[str, Any] = shop.paid()
    assert paid["extInfo"] == simulated.told()[0]["extInfo"] == {"source": "simulator", "retries": [1, 2]}
