"""Every endpoint under its real path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vkpay_simulator.exchange import Route
from vkpay_simulator.providers.wxpay.bills import DOWNLOAD, Bills
from vkpay_simulator.providers.wxpay.gate import Gate, Work
from vkpay_simulator.providers.wxpay.models import (
    DirectApp,
    DirectH5,
    DirectJsapi,
    DirectOrder,
    PartnerApp,
    PartnerH5,
    PartnerJsapi,
    PartnerOrder,
)

if TYPE_CHECKING:
    from vkpay_simulator.providers.wxpay.authorizations import Authorizations
    from vkpay_simulator.providers.wxpay.codepay import CodePayments
    from vkpay_simulator.providers.wxpay.payments import Payments
    from vkpay_simulator.providers.wxpay.platform import Platform
    from vkpay_simulator.providers.wxpay.refunds import Refunds
    from vkpay_simulator.providers.wxpay.transfers import Transfers

REFUNDS = "/v3/refund/domestic/refunds"
BILLS = "/v3/fund-app/mch-transfer/transfer-bills"
AUTHORIZATIONS = "/v3/fund-app/mch-transfer/user-confirm-authorization"


def payment_routes(gate: Gate, payments: Payments, codes: CodePayments) -> list[Route]:
    direct, partner = "/v3/pay/transactions", "/v3/pay/partner/transactions"
    models_of: dict[str, tuple[type[DirectOrder], type[PartnerOrder]]] = {
        "jsapi": (DirectJsapi, PartnerJsapi),
        "app": (DirectApp, PartnerApp),
        "native": (DirectOrder, PartnerOrder),
        "h5": (DirectH5, PartnerH5),
    }
    table = []
    for product, (of_direct, of_partner) in models_of.items():
        name = f"create_{product}"
        table += [
            route(gate, "POST", f"{direct}/{product}", name, payments.create(product, of_direct)),
            route(gate, "POST", f"{partner}/{product}", name, payments.create(product, of_partner)),
        ]
    for base in (direct, partner):
        order = base + "/out-trade-no/{out_trade_no}"
        table += [
            route(gate, "POST", base + "/codepay", "create_codepay", codes.create),
            route(gate, "GET", base + "/id/{transaction_id}", "query_by_id", payments.query_by_id),
            route(gate, "GET", order, "query", payments.query),
            route(gate, "POST", order + "/close", "close", payments.close),
            route(gate, "POST", order + "/reverse", "reverse", codes.reverse),
        ]
    return table


def money_routes(gate: Gate, refunds: Refunds, transfers: Transfers) -> list[Route]:
    abnormal = REFUNDS + "/{refund_id}/apply-abnormal-refund"
    bill = BILLS + "/out-bill-no/{out_bill_no}"
    by_id = BILLS + "/transfer-bill-no/{transfer_bill_no}"
    return [
        route(gate, "POST", REFUNDS, "refund", refunds.create),
        route(gate, "GET", REFUNDS + "/{out_refund_no}", "query_refund", refunds.query),
        route(gate, "POST", abnormal, "apply_abnormal_refund", refunds.apply_abnormal),
        route(gate, "POST", BILLS, "transfer", transfers.create),
        route(gate, "GET", bill, "query_transfer", transfers.query),
        route(gate, "GET", by_id, "query_transfer_by_id", transfers.query_by_id),
        route(gate, "POST", bill + "/cancel", "cancel_transfer", transfers.cancel),
    ]


def authorization_routes(gate: Gate, authorizations: Authorizations, transfers: Transfers) -> list[Route]:
    one = AUTHORIZATIONS + "/out-authorization-no/{out_authorization_no}"
    both, authorized = BILLS + "/pre-transfer-with-authorization", BILLS + "/transfer"
    return [
        route(gate, "POST", AUTHORIZATIONS, "authorize", authorizations.create),
        route(gate, "GET", one, "query_authorization", authorizations.query),
        route(gate, "POST", one + "/close", "close_authorization", authorizations.close),
        route(gate, "POST", both, "transfer_and_authorize", transfers.create_with_authorization),
        route(gate, "POST", authorized, "transfer_authorized", transfers.create_authorized),
    ]


def bill_routes(gate: Gate, bills: Bills) -> list[Route]:
    file = Route(method="GET", path=DOWNLOAD, operation="download_bill", handler=gate.deliver(bills.download))
    return [route(gate, "GET", "/v3/bill/tradebill", "trade_bill", bills.apply), file]


def platform_routes(gate: Gate, platform: Platform) -> list[Route]:
    return [
        route(gate, "GET", "/v3/certificates", "certificates", platform.certificates),
        route(gate, "POST", "/v3/security/echo", "echo", platform.echo),
    ]


def route(gate: Gate, method: str, path: str, operation: str, work: Work) -> Route:
    return Route(method=method, path=path, operation=operation, handler=gate.guard(work))
