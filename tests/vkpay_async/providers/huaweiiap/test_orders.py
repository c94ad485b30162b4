"""Orders: made here, bought on a device, told by a notification, given back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.vkpay_async.providers.huaweiiap.conftest import (
    APP,
    NOW_MS,
    ORDER_ID,
    PURCHASE,
    REVOKED,
    TOKEN,
    TOLD,
    Huawei,
)
from vkpay_async.errors import InvalidArgument, NotificationMismatch, ResourceNotFound
from vkpay_async.models import (
    CreateOrder,
    OrderRef,
    PurchaseProof,
    RefundState,
    TradeState,
)
from vkpay_async.pay_type import ClientContext, pay_type_of
from vkpay_async.providers.base import Provider, SellsItself
from vkpay_async.providers.huaweiiap.provider import HuaweiIapProvider

ORDER = OrderRef(pay_type="huaweiiap_app-harmony", out_trade_no="T1", total_fee=600)
META = TOLD["notificationMetaData"]


def create(provider: HuaweiIapProvider, **options: Any) -> Any:
    order = CreateOrder(
        pay_type="huaweiiap_app-harmony",
        out_trade_no="T1",
        total_fee=600,
        subject="Coins",
        notify_url="https://m.example/n",
        options=options,
    )
    return provider.prepared(order)


def proof(text: str) -> PurchaseProof:
    return PurchaseProof(signed_transaction=text)


def test_names(provider: HuaweiIapProvider) -> None:
    as_protocol: Provider = provider
    assert (as_protocol.name, as_protocol.appid, as_protocol.mch_id) == ("huaweiiap", APP, None)
    assert as_protocol.trust is None
    assert isinstance(provider, SellsItself)
    assert (provider.accept().status, provider.refuse().status) == (200, 500)


@pytest.mark.parametrize(("platform", "fits"), [("app-harmony", True), ("app-plus", True), ("h5", False)])
def test_where_it_is_paid(platform: str, fits: bool) -> None:
    context = ClientContext(platform=platform)
    if fits:
        assert pay_type_of("huaweiiap", context) == "huaweiiap_app-harmony"
    else:
        with pytest.raises(InvalidArgument, match="cannot be paid"):
            pay_type_of("huaweiiap", context)


def test_an_order_is_only_registered(huawei: Huawei, provider: HuaweiIapProvider) -> None:
    info = huawei.run(provider.create(create(provider)))
    assert info.to_client() == {"developerPayload": "T1"}
    assert info.provider_order_no is None
    named = create(provider, productid="coins")
    assert named.expand_data == {"product_id": "coins", "quantity": 1}
    assert huawei.run(provider.create(named)).to_client() == {"developerPayload": "T1", "productId": "coins"}
    huawei.run(provider.close(ORDER))
    assert huawei.calls == []


@pytest.mark.parametrize("product", ["", 1])
def test_products_that_are_none(provider: HuaweiIapProvider, product: Any) -> None:
    with pytest.raises(InvalidArgument, match="productid"):
        create(provider, productid=product)


@pytest.mark.parametrize("operation", ["refund", "query_refund", "transfer", "trade_bill"])
def test_what_it_does_not_have(provider: HuaweiIapProvider, operation: str) -> None:
    with pytest.raises(InvalidArgument, match="Huawei in-app purchase has no"):
        getattr(provider, operation)(None)


def test_a_purchase_pays(huawei: Huawei, provider: HuaweiIapProvider) -> None:
    trade = huawei.run(provider.purchase(ORDER, proof(huawei.authority.sign(PURCHASE))))
    assert (trade.out_trade_no, trade.state, trade.total_fee) == ("T1", TradeState.SUCCESS, 600)
    assert (trade.transaction_id, trade.appid, trade.environment) == (ORDER_ID, APP, "NORMAL")
    assert (trade.product_id, trade.quantity, trade.success_time) == ("coins", 1, NOW_MS - 2000)
    assert trade.raw["purchaseToken"] == TOKEN
    assert huawei.calls == []


@pytest.mark.parametrize("signed", [NOW_MS - 10 * 60_000 - 1, None])
def test_an_old_text_is_asked_about(huawei: Huawei, provider: HuaweiIapProvider, signed: int | None) -> None:
    huawei.will_say(jwsPurchaseOrder=huawei.authority.sign(REVOKED))
    old = huawei.authority.sign(PURCHASE | {"signedTime": signed})
    trade = huawei.run(provider.purchase(ORDER, proof(old)))
    assert (trade.state, trade.description) == (TradeState.CLOSED, "订单已退款")


@pytest.mark.parametrize("changed", [{"quantity": 2}, {"currency": "USD"}])
def test_amounts_that_are_not_certain(
    huawei: Huawei, provider: HuaweiIapProvider, changed: dict[str, Any]
) -> None:
    trade = huawei.run(provider.purchase(ORDER, proof(huawei.authority.sign(PURCHASE | changed))))
    assert trade.total_fee is None


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"developerPayload": None}, "hand the order's developerPayload"),
        ({"developerPayload": ""}, "hand the order's developerPayload"),
        ({"productType": "2"}, "is a subscription's"),
        ({"productType": 2}, "is a subscription's"),
    ],
)
def test_purchases_that_pay_no_order(
    huawei: Huawei, provider: HuaweiIapProvider, changed: dict[str, Any], why: str
) -> None:
    with pytest.raises(NotificationMismatch, match=why):
        huawei.run(provider.purchase(ORDER, proof(huawei.authority.sign(PURCHASE | changed))))


def test_a_proof_of_another_kind(provider: HuaweiIapProvider) -> None:
    with pytest.raises(InvalidArgument, match="jwsPurchaseOrder"):
        next(provider.purchase(ORDER, PurchaseProof(transaction_id="1")))


def test_a_query(huawei: Huawei, provider: HuaweiIapProvider) -> None:
    with pytest.raises(ResourceNotFound, match="before it is bought"):
        huawei.run(provider.query(ORDER))
    paid = OrderRef(pay_type=ORDER.pay_type, out_trade_no="T1", transaction_id=ORDER_ID, total_fee=600)
    trade = huawei.run(provider.query(paid))
    assert (trade.state, trade.total_fee) == (TradeState.SUCCESS, 600)


def test_a_payment_is_told(huawei: Huawei, provider: HuaweiIapProvider) -> None:
    huawei.will_say(jwsPurchaseOrder=huawei.authority.sign(PURCHASE))
    heard = huawei.run(provider.notification(huawei.notification()))
    assert (heard.kind, heard.event, heard.id) == (
        "payment",
        "DID_NEW_TRANSACTION",
        TOLD["notificationRequestId"],
    )
    assert (heard.trade.out_trade_no, heard.trade.total_fee) == ("T1", 600)
    assert heard.raw["notificationMetaData"]["purchaseOrderId"] == ORDER_ID
    assert huawei.calls[0][1] == {"purchaseOrderId": ORDER_ID, "purchaseToken": TOKEN}


@pytest.mark.parametrize("kind", ["DID_NEW_TRANSACTION", "REVOKE"])
def test_a_refund_is_told_by_whatever_type(huawei: Huawei, provider: HuaweiIapProvider, kind: str) -> None:
    huawei.will_say(jwsPurchaseOrder=huawei.authority.sign(REVOKED))
    heard = huawei.run(provider.notification(huawei.notification(notificationType=kind)))
    assert heard.kind == "refund"
    refund = heard.refund
    assert (refund.out_trade_no, refund.state, refund.share) == ("T1", RefundState.SUCCESS, 100_000)
    assert refund.out_refund_no == f"{ORDER_ID}-{NOW_MS - 500}"
    assert (refund.transaction_id, refund.success_time) == (ORDER_ID, NOW_MS - 500)


@pytest.mark.parametrize(
    "changed",
    [
        {"notificationType": "REFUND_REQUEST"},
        {"notificationType": "RENEWAL_TIME_MODIFIED"},
        {"notificationType": "NEWER_THAN_THIS"},
        {"notificationMetaData": META | {"subscriptionId": "s"}},
        {"notificationMetaData": META | {"purchaseToken": None}},
        {"notificationType": "TEST", "notificationMetaData": {}},
    ],
)
def test_what_moves_no_order(huawei: Huawei, provider: HuaweiIapProvider, changed: dict[str, Any]) -> None:
    heard = huawei.run(provider.notification(huawei.notification(**changed)))
    assert (heard.kind, heard.trade, heard.refund) == ("other", None, None)
    assert huawei.calls == []


@pytest.mark.parametrize(
    "changed", [{"developerPayload": None}, {"developerPayload": '{"own":1}'}, {"productType": "2"}]
)
def test_purchases_that_nobody_ordered(
    huawei: Huawei, provider: HuaweiIapProvider, changed: dict[str, Any]
) -> None:
    huawei.will_say(jwsPurchaseOrder=huawei.authority.sign(PURCHASE | changed))
    assert huawei.run(provider.notification(huawei.notification())).kind == "other"


@pytest.mark.parametrize(
    "changed",
    [{"notificationMetaData": META | {"applicationId": "1"}}, {"notificationMetaData": {}}],
)
def test_another_apps(huawei: Huawei, provider: HuaweiIapProvider, changed: dict[str, Any]) -> None:
    with pytest.raises(NotificationMismatch, match="ours is"):
        huawei.run(provider.notification(huawei.notification(**changed)))


def test_the_sandbox(huawei: Huawei, make_provider: Callable[..., HuaweiIapProvider]) -> None:
    sandbox = {"notificationMetaData": META | {"environment": "SANDBOX"}}
    with pytest.raises(NotificationMismatch, match="accept_sandbox"):
        huawei.run(make_provider().notification(huawei.notification(**sandbox)))
    huawei.will_say(jwsPurchaseOrder=huawei.authority.sign(PURCHASE | {"environment": "SANDBOX"}))
    heard = huawei.run(make_provider(accept_sandbox=True).notification(huawei.notification(**sandbox)))
    assert heard.trade.environment == "SANDBOX"
