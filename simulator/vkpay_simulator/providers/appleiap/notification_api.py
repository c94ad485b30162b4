"""Test notifications and the history of notifications: https://developer.apple.com/documentation/appstoreserverapi/get-notification-history"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from vkpay_simulator.providers.appleiap import lookups
from vkpay_simulator.providers.appleiap.errors import AppleError
from vkpay_simulator.providers.appleiap.gate import JSON, Call, Reply
from vkpay_simulator.providers.appleiap.history import PAGE, position_of, token_of
from vkpay_simulator.providers.appleiap.models import Customer, Sent
from vkpay_simulator.providers.appleiap.notify import TYPES, Notifier, shown
from vkpay_simulator.providers.appleiap.periods import DAY_MS

if TYPE_CHECKING:
    from vkpay_simulator.world import World

KEPT_DAYS = {"Production": 180, "Sandbox": 30}
TEST_KEPT_MS = 183 * DAY_MS
SKEW_MS = 60_000
LONGEST_TOKEN = 200


class Asked(msgspec.Struct, kw_only=True, rename="camel"):
    start_date: Any = None
    end_date: Any = None
    notification_type: Any = None
    notification_subtype: Any = None
    transaction_id: Any = None
    original_transaction_id: Any = None
    only_failures: Any = None


class NotificationApi:
    """Each public method is an endpoint."""

    def __init__(self, world: World, notifier: Notifier) -> None:
        self._world = world
        self._notifier = notifier

    def test(self, call: Call) -> Reply:
        data = self._notifier.app_data(call.app, call.store)
        token = f"{self._world.ids.uuid()}_{self._world.clock.now()}"
        sent = self._notifier.send(call.app, call.store, "TEST", None, None, token, data=data)
        if sent is None:
            raise AppleError(4040007)
        call.store.tests[token] = sent
        return Reply({"testNotificationToken": token})

    def test_status(self, call: Call) -> Reply:
        token = call.param("token")
        identifier, _, moment = token.rpartition("_")
        if not identifier or not moment.isdigit() or len(token) > LONGEST_TOKEN:
            raise AppleError(4000020, "Give the token back as it came.")
        sent = call.store.tests.get(token)
        if sent is None or self._world.clock.now() - sent.at_ms > TEST_KEPT_MS:
            raise AppleError(4040008)
        attempts = shown(self._notifier.attempts(sent))
        if not attempts:
            raise AppleError(4040008, "It is under way: ask again in a moment.")
        first = {"firstSendAttemptResult": attempts[0]["sendAttemptResult"]}
        return Reply({"signedPayload": sent.signed_payload, "sendAttempts": attempts, **first})

    def history(self, call: Call) -> Reply:
        if call.request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != JSON:
            raise AppleError(None, f"Send Content-Type: {JSON}.", status=415)
        asked = call.body(Asked)
        token = call.one("paginationToken")
        begun = position_of(token, 4000014) if token else 0
        found = [one for one in self._found(call, asked) if one.number > begun]
        page = found[:PAGE]
        entries = [
            {"signedPayload": one.signed_payload, "sendAttempts": shown(self._notifier.attempts(one))}
            for one in page
        ]
        return Reply(
            {
                "paginationToken": token_of(page[-1].number if page else begun),
                "hasMore": len(found) > PAGE,
                "notificationHistory": entries,
            }
        )

    def _found(self, call: Call, asked: Asked) -> list[Sent]:
        start, end = self._span(call, asked)
        customer = _customer(call, asked)
        kind, subtype = _kind(asked)
        return [
            one
            for one in call.store.sent
            if start <= one.at_ms <= end
            and (customer is None or one.customer is customer)
            and kind in (None, one.type)
            and subtype in (None, one.subtype)
            and not (asked.only_failures is True and self._delivered(one))
        ]

    def _delivered(self, sent: Sent) -> bool:
        return any(attempt.accepted for attempt in self._notifier.attempts(sent))

    def _span(self, call: Call, asked: Asked) -> tuple[int, int]:
        now = self._world.clock.now()
        start, end = _moment(asked.start_date, 4000015), _moment(asked.end_date, 4000016)
        if start < now - KEPT_DAYS[call.store.environment] * DAY_MS - SKEW_MS:
            raise AppleError(4000012, f"{KEPT_DAYS[call.store.environment]} days are kept.")
        if end <= start:
            raise AppleError(4000013)
        return start, end


def _moment(value: object, code: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise AppleError(code, "startDate and endDate are required, in milliseconds.")
    return value


def _customer(call: Call, asked: Asked) -> Customer | None:
    number = asked.transaction_id or asked.original_transaction_id
    if number is None:
        return None
    if asked.notification_type is not None:
        raise AppleError(4000019)
    if not isinstance(number, str):
        raise AppleError(4000006)
    return lookups.customer(call, number)


def _kind(asked: Asked) -> tuple[str | None, str | None]:
    kind, subtype = asked.notification_type, asked.notification_subtype
    if kind is None and subtype is None:
        return None, None
    if kind not in TYPES or (subtype is not None and subtype not in TYPES[kind]):
        raise AppleError(4000018, f"{kind!r} with {subtype!r} is no pair that exists.")
    return kind, subtype
