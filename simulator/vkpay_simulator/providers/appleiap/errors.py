"""The App Store Server API's error codes and their texts. ``code // 10000`` is the HTTP status.

https://developer.apple.com/documentation/appstoreserverapi/error_codes
"""

from __future__ import annotations

import msgspec

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What comes of decoding somebody's JSON: the last of one that is nested too deep."""

_REQUEST = "Invalid request."
_PARAMETER = f"{_REQUEST} The {{}} parameter is invalid."
_FIELD = f"{_REQUEST} The {{}} field is invalid."

MESSAGES: dict[int, str] = {
    4000000: "Bad request.",
    4000002: "Invalid request app identifier.",
    4000005: "Invalid request revision.",
    4000006: "Invalid transaction id.",
    4000008: "Invalid original transaction id.",
    4000009: "Invalid extend by days value.",
    4000010: "Invalid extend reason code.",
    4000011: "Invalid request identifier.",
    4000012: f"{_REQUEST} The start date is earlier than the allowed start date.",
    4000013: f"{_REQUEST} The end date precedes the start date or the dates are the same.",
    4000014: f"{_REQUEST} The pagination token is invalid.",
    4000015: f"{_REQUEST} The start date is not a timestamp value represented in milliseconds.",
    4000016: f"{_REQUEST} The end date is not a timestamp value represented in milliseconds.",
    4000017: f"{_REQUEST} The pagination token is expired.",
    4000018: f"{_REQUEST} The notification type or subtype is invalid.",
    4000019: f"{_REQUEST} Supply either a transaction id or a notification type, but not both.",
    4000020: f"{_REQUEST} The test notification token is invalid.",
    4000021: _PARAMETER.format("sort"),
    4000022: _PARAMETER.format("product type"),
    4000023: _PARAMETER.format("product id"),
    4000024: _PARAMETER.format("subscription group identifier"),
    4000025: _PARAMETER.format("exclude revoked"),
    4000026: _PARAMETER.format("in-app ownership type"),
    4000027: f"{_REQUEST} If provided, the list of storefront country codes must not be empty.",
    4000028: f"{_REQUEST} A storefront country code was invalid.",
    4000030: _PARAMETER.format("revoked"),
    4000031: _PARAMETER.format("status"),
    4000032: _FIELD.format("account tenure"),
    4000033: f"{_REQUEST} The app account token field must contain a valid UUID or an empty string.",
    4000034: _FIELD.format("consumption status"),
    4000035: f"{_REQUEST} The customer consented field is required and must indicate the customer consented.",
    4000036: _FIELD.format("delivery status"),
    4000037: _FIELD.format("lifetime dollars purchased"),
    4000038: _FIELD.format("lifetime dollars refunded"),
    4000039: _FIELD.format("platform"),
    4000040: _FIELD.format("playtime"),
    4000041: _FIELD.format("sample content provided"),
    4000042: _FIELD.format("user status"),
    4000043: f"{_REQUEST} The transaction id parameter must represent a consumable in-app purchase.",
    4000044: _FIELD.format("refund preference"),
    4000047: f"{_REQUEST} The transaction id doesn't represent a supported in-app purchase type.",
    4000048: f"{_REQUEST} App transactions aren't supported by this endpoint.",
    4000183: f"{_REQUEST} The app account token field must be a valid UUID.",
    4000185: f"{_REQUEST} Family Sharing transactions aren't supported by this endpoint.",
    4000187: f"{_REQUEST} The transaction ID provided is not an original transaction ID.",
    4000209: (
        f"{_REQUEST} The consumption percentage field is not supported for auto-renewable subscription "
        "transactions."
    ),
    4030004: "Forbidden - subscription state ineligible for extension.",
    4030005: "Forbidden - subscription has reached maximum extension count.",
    4030007: "Subscriptions that users obtain through Family Sharing can't get a renewal date extension directly.",
    4040001: "Account not found.",
    4040002: "Account not found. Please try again.",
    4040003: "App not found.",
    4040004: "App not found. Please try again.",
    4040005: "Original transaction id not found.",
    4040006: "Original transaction id not found. Please try again.",
    4040007: (
        "No App Store Server Notification URL found for provided app. Check that a URL is configured in "
        "App Store Connect for this environment."
    ),
    4040008: (
        "Either the test notification token is expired or the notification and status are not yet available."
    ),
    4040009: (
        "The server didn't find a subscription-renewal-date extension request for this requestIdentifier and "
        "productId combination."
    ),
    4040010: "Transaction id not found.",
    4040019: "No AppTransaction exists for the customer.",
    4290000: "Rate limit exceeded.",
    5000000: "An unknown error occurred.",
    5000001: "An unknown error occurred. Please try again.",
}

# Retention messaging; Apple's texts are not known, these say the same.
RETENTION: dict[int, str] = {
    4000161: "The image is invalid.",
    4000162: "The header is too long.",
    4000163: "The body is too long.",
    4000164: "The locale is invalid.",
    4000175: "The alternative text is too long.",
    4000211: "The performance test request is invalid.",
    4000212: "The request identifier is invalid.",
    4000213: "A performance test is already running.",
    4000215: "The realtime URL is invalid.",
    4000216: "The image size is invalid.",
    4000218: "There are too many bullet points.",
    4000219: "The bullet point text is too long.",
    4000224: "A header above the image needs an image.",
    4030014: "The maximum number of images was reached.",
    4030016: "The maximum number of messages was reached.",
    4030017: "The message is not approved.",
    4030018: "The image is not approved.",
    4030019: "The image is in use.",
    4030026: "There is no passing performance test.",
    4040014: "The image was not found.",
    4040015: "The message was not found.",
    4040018: "The performance test was not found.",
    4040020: "The default message was not found.",
    4040021: "The realtime URL was not found.",
    4090000: "The image exists already.",
    4090001: "The message exists already.",
}
MESSAGES |= RETENTION

RECEIPT_STATUSES = frozenset(
    {21000, 21002, 21003, 21004, 21005, 21006, 21007, 21008, 21009, 21010, *range(21100, 21200)}
)
"""What ``verifyReceipt`` answers with in ``status``, other than 0."""

ALL = frozenset(str(code) for code in (401, *MESSAGES, *RECEIPT_STATUSES))
"""Every code that a fault may ask for."""


class AppleError(Exception):
    """An answer that is no success. ``advice`` is for the journal. Without ``code`` the body is no JSON."""

    def __init__(self, code: int | None, advice: str = "", *, status: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.status = status or (code or 4000000) // 10000
        self.advice = advice

    @property
    def message(self) -> str:
        return MESSAGES[self.code] if self.code else ""


def unauthenticated(advice: str) -> AppleError:
    """401, which Apple sends without JSON and without saying why."""
    return AppleError(None, advice, status=401)
