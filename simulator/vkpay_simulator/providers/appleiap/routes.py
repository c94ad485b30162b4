"""Every endpoint under its real path; under ``/sandbox`` once more, for Apple's other host."""

from __future__ import annotations

from dataclasses import dataclass

from vkpay_simulator.exchange import Handler, Route
from vkpay_simulator.providers.appleiap import consumption
from vkpay_simulator.providers.appleiap.accounts import PREFIXES
from vkpay_simulator.providers.appleiap.extensions import Extensions
from vkpay_simulator.providers.appleiap.gate import Gate, Work
from vkpay_simulator.providers.appleiap.history import History
from vkpay_simulator.providers.appleiap.notification_api import NotificationApi
from vkpay_simulator.providers.appleiap.ocsp import OcspResponder
from vkpay_simulator.providers.appleiap.pki import OCSP_PATH
from vkpay_simulator.providers.appleiap.queries import Queries
from vkpay_simulator.providers.appleiap.retention import Retention
from vkpay_simulator.providers.appleiap.verify_receipt import VerifyReceipt

Row = tuple[str, str, str, Work]
MESSAGING = "/inApps/v1/messaging"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """What the paths lead to."""

    queries: Queries
    history: History
    extensions: Extensions
    notifications: NotificationApi
    retention: Retention
    receipts: VerifyReceipt
    responder: OcspResponder


def routes(gate: Gate, endpoints: Endpoints) -> list[Route]:
    rows = [*_purchases(endpoints), *_subscriptions(endpoints), *_messaging(endpoints.retention)]
    table = [
        route(method, prefix + path, operation, gate.guard(operation, work))
        for prefix in PREFIXES.values()
        for method, path, operation, work in rows
    ]
    verify = endpoints.receipts.verify
    receipts = [
        route(method, f"{prefix}/verifyReceipt", "verify_receipt", verify)
        for prefix in PREFIXES.values()
        for method in ("GET", "POST")
    ]
    return [*table, *receipts, route("POST", f"{OCSP_PATH}/{{issuer}}", "ocsp", endpoints.responder.answer)]


def route(method: str, path: str, operation: str, handler: Handler) -> Route:
    return Route(method=method, path=path, operation=f"appleiap.{operation}", handler=handler)


def _purchases(endpoints: Endpoints) -> list[Row]:
    """A path of fixed words stands before one that takes any."""
    queries, history = endpoints.queries, endpoints.history
    one = "/inApps/v1/transactions/{id}"
    return [
        (
            "GET",
            "/inApps/v1/transactions/appTransactions/{id}",
            "app_transaction",
            queries.app_transaction,
        ),
        ("PUT", "/inApps/v1/transactions/consumption/{id}", "consumption_v1", consumption.send_old),
        ("PUT", "/inApps/v2/transactions/consumption/{id}", "consumption", consumption.send),
        ("GET", one, "transaction", queries.transaction),
        ("POST", f"{one}/finish", "finish", queries.finish),
        ("PUT", f"{one}/appAccountToken", "set_token", queries.set_token),
        ("GET", "/inApps/v2/history/{id}", "history", history.newest),
        ("GET", "/inApps/v1/history/{id}", "history_v1", history.oldest),
        ("GET", "/inApps/v2/refund/lookup/{id}", "refund_history", history.refunds),
        ("GET", "/inApps/v1/refund/lookup/{id}", "refund_history_v1", history.old_refunds),
        ("GET", "/inApps/v1/lookup/{order}", "lookup", queries.lookup),
    ]


def _subscriptions(endpoints: Endpoints) -> list[Row]:
    extensions, notifications = endpoints.extensions, endpoints.notifications
    extend = "/inApps/v1/subscriptions/extend"
    history = "/inApps/v1/notifications"
    return [
        ("POST", f"{extend}/mass", "extend_mass", extensions.mass),
        ("GET", f"{extend}/mass/{{product}}/{{request}}", "extend_mass_status", extensions.status),
        ("PUT", f"{extend}/{{id}}", "extend", extensions.one),
        ("GET", "/inApps/v1/subscriptions/{id}", "statuses", endpoints.queries.statuses),
        ("POST", f"{history}/history", "notification_history", notifications.history),
        ("POST", f"{history}/test", "test_notification", notifications.test),
        ("GET", f"{history}/test/{{token}}", "test_notification_status", notifications.test_status),
    ]


def _messaging(retention: Retention) -> list[Row]:
    default = f"{MESSAGING}/default/{{product}}/{{locale}}"
    url, test = f"{MESSAGING}/realtime/url", f"{MESSAGING}/performanceTest"
    return [
        ("GET", f"{MESSAGING}/image/list", "image_list", retention.images),
        ("PUT", f"{MESSAGING}/image/{{image}}", "upload_image", retention.upload_image),
        ("DELETE", f"{MESSAGING}/image/{{image}}", "delete_image", retention.delete_image),
        ("GET", f"{MESSAGING}/message/list", "message_list", retention.messages),
        ("PUT", f"{MESSAGING}/message/{{message}}", "upload_message", retention.upload_message),
        ("DELETE", f"{MESSAGING}/message/{{message}}", "delete_message", retention.delete_message),
        ("PUT", default, "set_default_message", retention.set_default),
        ("GET", default, "default_message", retention.default),
        ("DELETE", default, "delete_default_message", retention.delete_default),
        ("PUT", url, "set_realtime_url", retention.set_url),
        ("GET", url, "realtime_url", retention.url),
        ("DELETE", url, "delete_realtime_url", retention.delete_url),
        ("POST", test, "performance_test", retention.begin_test),
        ("GET", f"{test}/result/{{request}}", "performance_test_result", retention.test),
    ]
