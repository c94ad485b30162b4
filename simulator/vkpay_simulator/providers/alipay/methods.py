"""Every method under ``/gateway.do`` with what it needs."""

from __future__ import annotations

import base64
from typing import Any

from vkpay_simulator.providers.alipay.admission import Method, refusal
from vkpay_simulator.providers.alipay.barcode import Barcode
from vkpay_simulator.providers.alipay.bills import Bills
from vkpay_simulator.providers.alipay.cashier import Cashier
from vkpay_simulator.providers.alipay.fields import Fields
from vkpay_simulator.providers.alipay.logins import Logins
from vkpay_simulator.providers.alipay.models import Call
from vkpay_simulator.providers.alipay.orders import Content, Orders, success
from vkpay_simulator.providers.alipay.refunds import Refunds
from vkpay_simulator.providers.alipay.transfers import Transfers

FACE_TO_FACE = frozenset({"FACE_TO_FACE_PAYMENT"})
CREATE = FACE_TO_FACE | {"JSAPI_PAY"}
TRANSFER = frozenset({"STD_RED_PACKET", "TRANS_ACCOUNT_NO_PWD"})

# What live answers carry beside the codes of a business refusal.
NO_MONEY_MOVED = {
    "buyer_pay_amount": "0.00",
    "invoice_amount": "0.00",
    "point_amount": "0.00",
    "receipt_amount": "0.00",
}
NOTHING_REFUNDED = {"refund_fee": "0.00", "send_back_fee": "0.00"}


def number(biz: dict[str, Any]) -> dict[str, str]:
    """The merchant's number, where the request had one."""
    return {"out_trade_no": str(biz["out_trade_no"])} if "out_trade_no" in biz else {}


def number_and_zeros(biz: dict[str, Any]) -> dict[str, str]:
    return number(biz) | NO_MONEY_MOVED


def number_and_retry(biz: dict[str, Any]) -> dict[str, str]:
    return number(biz) | {"retry_flag": "N"}


def zero_fees(_biz: dict[str, Any]) -> dict[str, str]:
    return NOTHING_REFUNDED


def download_certificate(call: Call) -> Content:
    """An Alipay certificate of the app by its SN, for clients that met a new SN in an answer."""
    sn = Fields(call.biz).text("alipay_cert_sn", 32)
    pem = call.app.certificates.issued.get(sn or "") if call.app.certificates else None
    if pem is None:
        raise refusal("isv.alipay-cert-not-exist")
    return success(alipay_cert_content=base64.b64encode(pem.encode()).decode())


def not_over_http(_call: Call) -> Content:
    """An order string goes to the phone; the gateway has no use for it."""
    raise refusal("isv.invalid-method")


def method_table(
    orders: Orders,
    barcode: Barcode,
    refunds: Refunds,
    cashier: Cashier,
    transfers: Transfers,
    bills: Bills,
    logins: Logins,
) -> dict[str, Method]:
    return {
        "alipay.trade.app.pay": Method(
            handler=not_over_http, products=frozenset({"QUICK_MSECURITY_PAY"}), kind="sdk"
        ),
        "alipay.trade.cancel": Method(handler=orders.cancel, beside=number_and_retry),
        "alipay.trade.close": Method(handler=orders.close, beside=number),
        "alipay.trade.create": Method(handler=orders.create, products=CREATE),
        "alipay.trade.fastpay.refund.query": Method(handler=refunds.query),
        "alipay.trade.page.pay": Method(
            handler=cashier.show, products=frozenset({"FAST_INSTANT_TRADE_PAY"}), kind="page"
        ),
        "alipay.trade.pay": Method(handler=barcode.pay, products=FACE_TO_FACE, beside=number_and_zeros),
        "alipay.trade.precreate": Method(handler=orders.precreate, products=FACE_TO_FACE),
        "alipay.trade.query": Method(handler=orders.query, beside=number_and_zeros),
        "alipay.trade.refund": Method(handler=refunds.refund, beside=zero_fees),
        "alipay.trade.wap.pay": Method(
            handler=cashier.show, products=frozenset({"QUICK_WAP_WAY"}), kind="page"
        ),
        "alipay.data.dataservice.bill.downloadurl.query": Method(handler=bills.query),
        "alipay.fund.account.query": Method(handler=transfers.balance),
        "alipay.fund.trans.common.query": Method(handler=transfers.query, products=TRANSFER),
        # Service providers cannot send other people's money: https://github.com/go-pay/gopay/issues/108
        "alipay.fund.trans.uni.transfer": Method(
            handler=transfers.transfer, products=TRANSFER, certificates_only=True, for_others=False
        ),
        "alipay.open.app.alipaycert.download": Method(handler=download_certificate),
        "alipay.system.oauth.token": Method(handler=logins.token, fails_nameless=True),
    }
