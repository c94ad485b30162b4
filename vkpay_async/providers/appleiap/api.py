"""The App Store Server API, call by call: https://developer.apple.com/documentation/appstoreserverapi

``environment`` names one; without it the first that knows the transaction answers. Signed objects in answers are verified.
Errors of every call: :class:`ProviderError` (Apple said no), :class:`ProviderUnavailable`, :class:`RateLimited` with
``retry_after``, :class:`TransportError`, :class:`SignatureInvalid`; :class:`InvalidArgument` comes before anything is sent.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import msgspec

from vkpay_async.errors import InvalidArgument
from vkpay_async.providers.appleiap import answers
from vkpay_async.providers.appleiap.gateway import Call, Gateway, segment
from vkpay_async.providers.appleiap.models import (
    AppTransaction,
    Extended,
    ExtensionStatus,
    SentNotification,
    SubscriptionState,
    Transaction,
)
from vkpay_async.providers.appleiap.verifier import PRODUCTION, Verifier
from vkpay_async.providers.base import Flow, HttpResponse
from vkpay_async.providers.pages import Page, Pages, in_turn

ProductType = Literal["AUTO_RENEWABLE", "NON_RENEWABLE", "CONSUMABLE", "NON_CONSUMABLE"]
V1, V2 = "/inApps/v1", "/inApps/v2"


class ServerApi:
    """What the provider offers beside payments; its class has ``_gateway`` and ``_verifier``."""

    _gateway: Gateway

    @property
    @abstractmethod
    def _verifier(self) -> Verifier: ...

    def transaction(self, transaction_id: str, *, environment: str | None = None) -> Flow[Transaction]:
        """One purchase, by its own or its original number. Raises :class:`ResourceNotFound`."""
        call = _get("transaction", f"{V1}/transactions/{segment(transaction_id)}")
        answer = yield from self._gateway.ask(call, answers.TRANSACTION, environment=environment)
        return (yield from self._verifier.transaction(answer.signed_transaction_info))

    def app_transaction(
        self, any_transaction_id: str, *, environment: str | None = None
    ) -> Flow[AppTransaction]:
        """How the customer of a transaction got the app."""
        call = _get("app_transaction", f"{V1}/transactions/appTransactions/{segment(any_transaction_id)}")
        answer = yield from self._gateway.ask(call, answers.APP_TRANSACTION, environment=environment)
        return (yield from self._verifier.app_transaction(answer.signed_app_transaction_info))

    def transaction_history(
        self,
        any_transaction_id: str,
        *,
        start_date: int | None = None,
        end_date: int | None = None,
        product_ids: Sequence[str] = (),
        product_types: Sequence[ProductType] = (),
        subscription_groups: Sequence[str] = (),
        ownership: Literal["PURCHASED", "FAMILY_SHARED"] | None = None,
        newest_first: bool = False,
        revoked: bool | None = None,
        version: Literal[1, 2] = 2,
        environment: str | None = None,
    ) -> Pages[Transaction]:
        """Everything that the customer of a transaction has bought, twenty to a page. Dates in milliseconds.

        The oldest change first; ``last`` of the last page asks for what is newer another day. Version 1 is Apple's old one,
        which leaves out consumables that the app has dealt with.
        """
        query: list[tuple[str, str]] = [
            *_given("startDate", start_date),
            *_given("endDate", end_date),
            *(("productId", one) for one in product_ids),
            *(("productType", one) for one in product_types),
            *(("subscriptionGroupIdentifier", one) for one in subscription_groups),
            *_given("inAppOwnershipType", ownership),
            *_given("sort", "DESCENDING" if newest_first else None),
            *_given("revoked", None if revoked is None else str(revoked).lower()),
        ]
        name, base = ("history", V2) if version == 2 else ("history_v1", V1)
        call = _get(name, f"{base}/history/{segment(any_transaction_id)}", query)
        return Pages(partial(self._transactions, call, environment))

    def refund_history(
        self, any_transaction_id: str, *, environment: str | None = None
    ) -> Pages[Transaction]:
        """What Apple has given back to the customer of a transaction, by the day of the refund."""
        call = _get("refund_history", f"{V2}/refund/lookup/{segment(any_transaction_id)}")
        return Pages(partial(self._transactions, call, environment))

    def refund_history_v1(
        self, original_transaction_id: str, *, environment: str | None = None
    ) -> Flow[tuple[Transaction, ...]]:
        """The old call: at most fifty."""
        call = _get("refund_history_v1", f"{V1}/refund/lookup/{segment(original_transaction_id)}")
        answer = yield from self._gateway.ask(call, answers.TRANSACTIONS, environment=environment)
        return (yield from self._each(answer.signed_transactions))

    def subscription_statuses(
        self, any_transaction_id: str, *, statuses: Sequence[int] = (), environment: str | None = None
    ) -> Flow[tuple[SubscriptionState, ...]]:
        """Every subscription of the customer of a transaction; ``statuses`` 1 to 5 leaves out the others."""
        query = [("status", str(one)) for one in statuses]
        call = _get("statuses", f"{V1}/subscriptions/{segment(any_transaction_id)}", query)
        answer = yield from self._gateway.ask(call, answers.STATUSES, environment=environment)
        return (
            yield from in_turn(
                self._state(group, last) for group in answer.data for last in group.last_transactions
            )
        )

    def look_up_order(self, order_id: str) -> Flow[tuple[Transaction, ...]]:
        """What stands behind the order id of a customer's e-mail; empty for one that is not of this app. Production only."""
        call = _get("lookup", f"{V1}/lookup/{segment(order_id)}")
        answer = yield from self._gateway.ask(call, answers.TRANSACTIONS, environment=PRODUCTION)
        return (yield from self._each(answer.signed_transactions))

    def finish_transaction(self, transaction_id: str, *, environment: str | None = None) -> Flow[None]:
        """What the app's ``finish()`` does: call it when the purchase is delivered."""
        path = f"{V1}/transactions/{segment(transaction_id)}/finish"
        yield from self._gateway.call(
            Call(operation="finish", method="POST", path=path), environment=environment
        )

    def set_app_account_token(
        self, original_transaction_id: str, app_account_token: str, *, environment: str | None = None
    ) -> Flow[None]:
        """Ties a purchase that was made outside the app (offer code, promoted purchase) to a token."""
        path = f"{V1}/transactions/{segment(original_transaction_id)}/appAccountToken"
        json = {"appAccountToken": app_account_token}
        yield from self._gateway.call(_put("set_token", path, json), environment=environment)

    def send_consumption(
        self,
        transaction_id: str,
        *,
        customer_consented: bool,
        delivery_status: str,
        sample_content_provided: bool = False,
        consumption_percentage: int | None = None,
        refund_preference: Literal["DECLINE", "GRANT_FULL", "GRANT_PRORATED"] | None = None,
        environment: str | None = None,
    ) -> Flow[None]:
        """Answers a ``CONSUMPTION_REQUEST`` within 12 hours. ``consumption_percentage`` in thousandths of a percent.

        ``delivery_status``: ``DELIVERED`` or ``UNDELIVERED_`` with ``QUALITY_ISSUE``, ``WRONG_ITEM``, ``SERVER_OUTAGE``, ``OTHER``.
        https://developer.apple.com/documentation/appstoreserverapi/send-consumption-information
        """
        if customer_consented is not True:
            raise InvalidArgument("without the customer's consent nothing may be sent: do not answer")
        json = {
            "customerConsented": True,
            "sampleContentProvided": sample_content_provided,
            "deliveryStatus": delivery_status,
            **dict(_fields("consumptionPercentage", consumption_percentage)),
            **dict(_fields("refundPreference", refund_preference)),
        }
        path = f"{V2}/transactions/consumption/{segment(transaction_id)}"
        yield from self._gateway.call(_put("consumption", path, json), environment=environment)

    def send_consumption_v1(
        self, transaction_id: str, consumption: Mapping[str, Any], *, environment: str | None = None
    ) -> Flow[None]:
        """The old call, whose fields are numbers: ``consumption`` goes as it is."""
        path = f"{V1}/transactions/consumption/{segment(transaction_id)}"
        yield from self._gateway.call(_put("consumption_v1", path, consumption), environment=environment)

    def extend_renewal_date(
        self,
        original_transaction_id: str,
        *,
        days: int,
        reason: int,
        request_identifier: str,
        environment: str | None = None,
    ) -> Flow[Extended]:
        """Gives a subscriber 1–90 days, twice a year at most. ``reason``: 0 none, 1 satisfaction, 2 other, 3 service issue.

        Repeat an unsure one with the same ``request_identifier``.
        """
        path = f"{V1}/subscriptions/extend/{segment(original_transaction_id)}"
        json = _extension(days, reason, request_identifier)
        return (
            yield from self._gateway.ask(
                _put("extend", path, json), answers.EXTENDED, environment=environment
            )
        )

    def extend_renewal_date_for_all(
        self,
        product_id: str,
        *,
        days: int,
        reason: int,
        request_identifier: str,
        storefronts: Sequence[str] | None = None,
        environment: str | None = None,
    ) -> Flow[str]:
        """The same for everybody who subscribes to a product, in the background; ``request_identifier`` is a UUID.

        Gives it back. ``storefronts``: ISO 3166-1 alpha-3, all of them where it is left out.
        """
        json = {
            **_extension(days, reason, request_identifier),
            "productId": product_id,
            **dict(_fields("storefrontCountryCodes", storefronts)),
        }
        call = Call(operation="extend_mass", method="POST", path=f"{V1}/subscriptions/extend/mass", json=json)
        answer = yield from self._gateway.ask(call, answers.IDENTIFIER, environment=self._first(environment))
        return answer.request_identifier

    def extension_status(
        self, product_id: str, request_identifier: str, *, environment: str | None = None
    ) -> Flow[ExtensionStatus]:
        """How far an extension for everybody is."""
        path = f"{V1}/subscriptions/extend/mass/{segment(product_id)}/{segment(request_identifier)}"
        call = _get("extend_mass_status", path)
        return (
            yield from self._gateway.ask(call, answers.EXTENSION_STATUS, environment=self._first(environment))
        )

    def request_test_notification(self, *, environment: str | None = None) -> Flow[str]:
        """Has Apple send a ``TEST`` to the address of App Store Connect; the token asks how that went."""
        call = Call(
            operation="test_notification", method="POST", path=f"{V1}/notifications/test", repeatable=False
        )
        answer = yield from self._gateway.ask(call, answers.TEST_TOKEN, environment=self._first(environment))
        return answer.test_notification_token

    def test_notification_status(
        self, token: str, *, environment: str | None = None
    ) -> Flow[SentNotification]:
        """How sending a test notification went. Raises :class:`ResourceNotFound` until it was sent."""
        call = _get("test_notification_status", f"{V1}/notifications/test/{segment(token)}")
        answer = yield from self._gateway.ask(call, answers.SENT, environment=self._first(environment))
        return (yield from self._sent(answer))

    def notification_history(
        self,
        *,
        start_date: int,
        end_date: int,
        notification_type: str | None = None,
        notification_subtype: str | None = None,
        transaction_id: str | None = None,
        only_failures: bool = False,
        environment: str | None = None,
    ) -> Pages[SentNotification]:
        """What Apple has sent, also what did not arrive. Dates in milliseconds, within 180 days (sandbox: 30).

        By type or by transaction, not both.
        """
        json = {
            "startDate": start_date,
            "endDate": end_date,
            **dict(_fields("notificationType", notification_type)),
            **dict(_fields("notificationSubtype", notification_subtype)),
            **dict(_fields("transactionId", transaction_id)),
            **dict(_fields("onlyFailures", True if only_failures else None)),
        }
        call = Call(
            operation="notification_history", method="POST", path=f"{V1}/notifications/history", json=json
        )
        return Pages(partial(self._notifications, call, self._first(environment)))

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Iterable[tuple[str, str]] = (),
        json: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        content_type: str = "application/json",
        environment: str | None = None,
    ) -> Flow[HttpResponse]:
        """Any call under ``/inApps``, with the token; gives the answer as it is. For retention messaging and what is new."""
        if not path.startswith("/"):
            raise InvalidArgument("path begins with /inApps/…")
        call = Call(
            operation="request",
            method=method,
            path=path,
            query=tuple(query),
            json=json,
            content=content,
            content_type=content_type,
            repeatable=method != "POST",
        )
        return (yield from self._gateway.call(call, environment=self._first(environment)))

    def _first(self, environment: str | None) -> str:
        """What is about no transaction is not asked twice."""
        return environment or next(iter(self._gateway.hosts))

    def _transactions(
        self, call: Call, environment: str | None, token: str | None
    ) -> Flow[Page[Transaction]]:
        asked = _continued(call, "revision", token)
        answer = yield from self._gateway.ask(asked, answers.TRANSACTIONS, environment=environment)
        items = yield from self._each(answer.signed_transactions)
        return Page(items=items, next=answer.revision if answer.has_more else None, last=answer.revision)

    def _notifications(self, call: Call, environment: str, token: str | None) -> Flow[Page[SentNotification]]:
        asked = _continued(call, "paginationToken", token)
        answer = yield from self._gateway.ask(asked, answers.HISTORY, environment=environment)
        items = yield from in_turn(self._sent(one) for one in answer.notification_history)
        following = answer.pagination_token if answer.has_more else None
        return Page(items=items, next=following, last=answer.pagination_token)

    def _each(self, signed: Sequence[str]) -> Flow[tuple[Transaction, ...]]:
        return (yield from in_turn(self._verifier.transaction(one) for one in signed))

    def _state(self, group: answers.Group, last: answers.Last) -> Flow[SubscriptionState]:
        transaction = yield from self._verifier.transaction(last.signed_transaction_info)
        renewal = yield from self._verifier.renewal_info(last.signed_renewal_info)
        return SubscriptionState(
            status=last.status,
            original_transaction_id=last.original_transaction_id,
            group=group.subscription_group_identifier,
            transaction=transaction,
            renewal_info=renewal,
        )

    def _sent(self, one: answers.Sent) -> Flow[SentNotification]:
        notification = yield from self._verifier.notification(one.signed_payload)
        return SentNotification(
            notification=notification,
            signed_payload=one.signed_payload,
            attempts=tuple(one.send_attempts),
        )


def _get(operation: str, path: str, query: Iterable[tuple[str, str]] = ()) -> Call:
    return Call(operation=operation, method="GET", path=path, query=tuple(query))


def _put(operation: str, path: str, json: Mapping[str, Any]) -> Call:
    return Call(operation=operation, method="PUT", path=path, json=json)


def _continued(call: Call, name: str, token: str | None) -> Call:
    """The same call for the page after."""
    if token is None:
        return call
    return msgspec.structs.replace(call, query=(*call.query, (name, token)))


def _given(name: str, value: object) -> Iterable[tuple[str, str]]:
    return () if value is None else ((name, str(value)),)


def _fields(name: str, value: object) -> Iterable[tuple[str, Any]]:
    return () if value is None else ((name, value),)


def _extension(days: int, reason: int, request_identifier: str) -> dict[str, Any]:
    return {"extendByDays": days, "extendReasonCode": reason, "requestIdentifier": request_identifier}
