"""Every endpoint under its real path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vkpay_simulator.exchange import Route
from vkpay_simulator.providers.huawei.bills import DOWNLOAD, READY_AFTER_MS, Bills
from vkpay_simulator.providers.huawei.gate import Gate, Work
from vkpay_simulator.providers.huawei.models import (
    Close,
    DirectPrepay,
    PartnerClose,
    PartnerPrepay,
    PartnerRefund,
    Refund,
)

if TYPE_CHECKING:
    from vkpay_simulator.providers.huawei.payments import Payments
    from vkpay_simulator.providers.huawei.refunds import Refunds

PREPAY = "/api/v2{partner}/aggr/preorder/create/{product}"
QUERY = "/api/v2{partner}/aggr/transactions"
REFUNDS = "/api/v1{partner}/aggr/transactions/refunds"
CLOSE = "/api/v1{partner}/aggr/transactions/orders/close"
BILL = "/api/v1{partner}/bill/{kind}/downloadInfo"
PARTNER = "/partner"


def payment_routes(gate: Gate, payments: Payments) -> list[Route]:
    table = []
    for product in ("app", "fa"):
        for partner, model in (("", DirectPrepay), (PARTNER, PartnerPrepay)):
            path = PREPAY.format(partner=partner, product=product)
            work = payments.prepay(product, model)
            table.append(route(gate, "POST", path, "prepay", work, product))
    for partner, closing in (("", Close), (PARTNER, PartnerClose)):
        base = QUERY.format(partner=partner)
        table += [
            route(gate, "GET", f"{base}/merc-orders/{{mercOrderNo}}", "query", payments.query),
            route(
                gate, "GET", f"{base}/orders/{{sysTransOrderNo}}", "query_by_number", payments.query_by_number
            ),
            route(gate, "POST", CLOSE.format(partner=partner), "close", payments.close(closing)),
        ]
    return table


def refund_routes(gate: Gate, refunds: Refunds) -> list[Route]:
    table = []
    for partner, model in (("", Refund), (PARTNER, PartnerRefund)):
        base = REFUNDS.format(partner=partner)
        by_own, by_number = f"{base}/merc-orders/{{mercRefundOrderNo}}", f"{base}/orders/{{sysRefundOrderNo}}"
        table += [
            route(gate, "POST", base, "refund", refunds.create(model), "refund"),
            route(gate, "GET", by_own, "query_refund", refunds.query, "refund"),
            route(gate, "GET", by_number, "query_refund_by_number", refunds.query_by_number, "refund"),
        ]
    return table


def bill_routes(gate: Gate, bills: Bills) -> list[Route]:
    table = [
        route(
            gate,
            "GET",
            BILL.format(partner=partner, kind=kind),
            kind.replace("-", "_"),
            bills.apply(kind),
            "bill",
        )
        for partner in ("", PARTNER)
        for kind in READY_AFTER_MS
    ]
    return [
        *table,
        Route(method="GET", path=DOWNLOAD, operation="download_bill", handler=bills.download),
    ]


def route(
    gate: Gate, method: str, path: str, operation: str, work: Work, product: str | None = None
) -> Route:
    return Route(method=method, path=path, operation=operation, handler=gate.guard(work, product))
