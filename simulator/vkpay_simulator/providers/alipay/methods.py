"""Every method under ``/gateway.do`` with what it needs."""

from __future__ import annotations

import base64

from vkpay_simulator.providers.alipay.admission import Method, refusal
from vkpay_simulator.providers.alipay.barcode import Barcode
from vkpay_simulator.providers.alipay.cashier import Cashier
from vkpay_simulator.providers.alipay.fields import Fields
from vkpay_simulator.providers.alipay.models import Call
from vkpay_simulator.providers.alipay.orders import Content, Orders, success
from vkpay_simulator.providers.alipay.refunds import Refunds
from vkpay_simulator.providers.alipay.transfers import Transfers

FACE_TO_FACE = frozenset({"FACE_TO_FACE_PAYMENT"})
CREATE = FACE_TO_FACE | {"JSAPI_PAY"}
TRANSFER = frozenset({"STD_RED_PACKET", "TRANS_ACCOUNT_NO_PWD"})


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
    orders: Orders, barcode: Barcode, refunds: Refunds, cashier: Cashier, transfers: Transfers
) -> dict[str, Method]:
    return {
        "alipay.trade.app.pay": Method(
            handler=not_over_http, products=frozenset({"QUICK_MSECURITY_PAY"}), kind="sdk"
        ),
        "alipay.trade.cancel": Method(handler=orders.cancel),
        "alipay.trade.close": Method(handler=orders.close),
        "alipay.trade.create": Method(handler=orders.create, products=CREATE),
        "alipay.trade.fastpay.refund.query": Method(handler=refunds.query),
        "alipay.trade.page.pay": Method(
            handler=cashier.show, products=frozenset({"FAST_INSTANT_TRADE_PAY"}), kind="page"
        ),
        "alipay.trade.pay": Method(handler=barcode.pay, products=FACE_TO_FACE),
        "alipay.trade.precreate": Method(handler=orders.precreate, products=FACE_TO_FACE),
        "alipay.trade.query": Method(handler=orders.query),
        "alipay.trade.refund": Method(handler=refunds.refund),
        "alipay.trade.wap.pay": Method(
            handler=cashier.show, products=frozenset({"QUICK_WAP_WAY"}), kind="page"
        ),
        "alipay.fund.account.query": Method(handler=transfers.balance),
        "alipay.fund.trans.common.query": Method(handler=transfers.query, products=TRANSFER),
        # Service providers cannot send other people's money: https://github.com/go-pay/gopay/issues/108
        "alipay.fund.trans.uni.transfer": Method(
            handler=transfers.transfer, products=TRANSFER, certificates_only=True, for_others=False
        ),
        "alipay.open.app.alipaycert.download": Method(handler=download_certificate),
    }
