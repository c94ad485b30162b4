"""Old receipts: what Apple says of them, and the number in them."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vkpay_async.providers.appleiap.conftest import (
    BUNDLE,
    COINS,
    NOW_MS,
    SECRET,
    Apple,
    json_answer,
    quiet,
)
from vkpay_async.errors import (
    AuthenticationFailed,
    InvalidArgument,
    ProviderUnavailable,
    ValidationFailed,
    VKPayError,
)
from vkpay_async.providers.appleiap.provider import AppleProvider
from vkpay_async.providers.appleiap.receipts import transaction_id_of
from vkpay_async.providers.base import HttpResponse

RECEIPT = base64.b64encode(b"a receipt").decode()
NUMBER = "2000000000000101"
IN_APP = {
    "quantity": "1",
    "product_id": COINS,
    "transaction_id": NUMBER,
    "original_transaction_id": NUMBER,
    "purchase_date_ms": str(NOW_MS),
    "is_trial_period": "false",
}


def receipt(*in_app: dict[str, Any], environment: str = "Production", **more: Any) -> HttpResponse:
    body = {
        "status": 0,
        "environment": environment,
        "receipt": {
            "bundle_id": BUNDLE,
            "receipt_creation_date_ms": str(NOW_MS),
            "in_app": list(in_app),
            **more.pop("receipt", {}),
        },
    }
    return json_answer(json.dumps(body | more).encode())


def status(number: int, **more: Any) -> HttpResponse:
    return json_answer(json.dumps({"status": number, **more}).encode())


class TestVerify:
    def test_what_is_sent(self, provider: AppleProvider) -> None:
        apple = Apple(receipt(IN_APP))
        answer = apple(provider.verify_receipt(RECEIPT))
        (request,) = apple.requests
        assert request.url == "https://buy.test/verifyReceipt"
        assert json.loads(request.body) == {
            "receipt-data": RECEIPT,
            "exclude-old-transactions": False,
            "password": SECRET,
        }
        assert "Authorization" not in request.headers
        assert SECRET not in repr(request)
        assert answer.purchase(NUMBER).product_id == COINS

    def test_the_sandboxs_receipt(self, provider: AppleProvider) -> None:
        apple = Apple(status(21007), receipt(IN_APP, environment="Sandbox"))
        assert apple(provider.verify_receipt(RECEIPT)).environment == "Sandbox"
        assert [request.url for request in apple.requests] == [
            "https://buy.test/verifyReceipt",
            "https://sandbox.buy.test/verifyReceipt",
        ]

    def test_where_it_is_not_taken(self, make: Any) -> None:
        apple = Apple(status(21007))
        with pytest.raises(ValidationFailed, match="accept_sandbox"):
            apple(make(accept_sandbox=False).verify_receipt(RECEIPT))
        assert len(apple.requests) == 1

    def test_a_real_receipt_at_a_node_of_the_sandbox(self, make: Any) -> None:
        apple = Apple(status(21008))
        with pytest.raises(ValidationFailed, match="sandbox = false"):
            apple(make(sandbox=True).verify_receipt(RECEIPT))

    def test_refused(self, provider: AppleProvider) -> None:
        with pytest.raises(AuthenticationFailed, match="shared secret"):
            Apple(status(21004))(provider.verify_receipt(RECEIPT))
        for spelling in ("is-retryable", "is_retryable"):
            with pytest.raises(VKPayError) as caught:
                Apple(status(21155, **{spelling: False}))(provider.verify_receipt(RECEIPT))
            assert not isinstance(caught.value, ProviderUnavailable)

    @pytest.mark.parametrize("body", [b"", b"{}", b"[" * 50_000, b'{"status":"x"}'])
    def test_an_answer_that_cannot_be_read(self, provider: AppleProvider, body: bytes) -> None:
        with pytest.raises(ProviderUnavailable):
            Apple(json_answer(body))(provider.verify_receipt(RECEIPT))

    def test_an_outage(self, provider: AppleProvider) -> None:
        with pytest.raises(ProviderUnavailable):
            Apple(HttpResponse(status=503, headers={}, body=b""))(provider.verify_receipt(RECEIPT))

    def test_a_subscriptions_newest_first(self, provider: AppleProvider) -> None:
        newest = IN_APP | {"transaction_id": "2", "app_account_token": "t"}
        answer = Apple(receipt(IN_APP, latest_receipt_info=[newest]))(provider.verify_receipt(RECEIPT))
        assert [one.transaction_id for one in answer.purchases] == ["2", NUMBER]

    def test_the_kind_of_ios_6(self, provider: AppleProvider) -> None:
        old = {"bid": BUNDLE, "bundle_id": None, "transaction_id": "7", "product_id": COINS, "quantity": "2"}
        answer = Apple(receipt(receipt=old))(provider.verify_receipt(RECEIPT))
        assert answer.bundle_id == BUNDLE
        assert answer.purchase("7").quantity == "2"

    def test_a_transaction_that_is_not_in_it(self, provider: AppleProvider) -> None:
        answer = Apple(receipt(IN_APP))(provider.verify_receipt(RECEIPT))
        with pytest.raises(InvalidArgument, match="no transaction") as caught:
            answer.purchase("9")
        assert caught.value.code == 1016

    @pytest.mark.parametrize(
        ("text", "code"),
        [("", 1014), (None, 1014), (5, 1014), ("no base64!", 1016), ("é", 1016), ("A" * 4_200_000, 1016)],
    )
    def test_no_receipt(self, provider: AppleProvider, text: Any, code: int) -> None:
        with pytest.raises(InvalidArgument) as caught:
            quiet(provider.verify_receipt(text))
        assert caught.value.code == code


def der(tag: int, content: bytes) -> bytes:
    size = len(content)
    digits = b"" if size < 128 else size.to_bytes((size.bit_length() + 7) // 8)
    length = bytes([size]) if size < 128 else bytes([0x80 | len(digits)]) + digits
    return bytes([tag]) + length + content


def attribute(kind: int, value: bytes) -> bytes:
    number = der(2, kind.to_bytes(2))
    return der(0x30, number + der(2, b"\x01") + der(4, value))


def app_receipt(*attributes: bytes, oid: str = "2a864886f70d010702") -> str:
    payload = der(0x31, b"".join(attributes))
    data = der(0x30, der(6, bytes.fromhex("2a864886f70d010701")) + der(0xA0, der(4, payload)))
    signed = der(0x30, der(2, b"\x01") + der(0x31, b"") + data)
    return base64.b64encode(der(0x30, der(6, bytes.fromhex(oid)) + der(0xA0, signed))).decode()


def in_app(*attributes: bytes) -> bytes:
    return attribute(17, der(0x31, b"".join(attributes)))


class TestNumber:
    def test_of_several_the_first(self, provider: AppleProvider) -> None:
        other = in_app(attribute(1702, der(12, b"p")))
        first = in_app(attribute(1702, der(12, b"p")), attribute(1703, der(12, b"101")))
        second = in_app(attribute(1703, der(12, b"102")))
        text = app_receipt(attribute(2, der(12, b"com.example")), other, first, second)
        assert provider.receipt_transaction_id(text) == "101"

    def test_the_original_one_counts_too(self) -> None:
        assert transaction_id_of(app_receipt(in_app(attribute(1705, der(12, b"100"))))) == "100"

    def test_nothing_bought(self) -> None:
        assert transaction_id_of(app_receipt()) is None
        info = base64.b64encode(b'"product-id" = "x";').decode()
        old = base64.b64encode(f'"purchase-info" = "{info}";'.encode()).decode()
        assert transaction_id_of(old) is None

    @pytest.mark.parametrize(
        "text",
        [
            app_receipt(oid="2a864886f70d010701"),
            base64.b64encode(b"\x30\x84\xff\xff\xff\xff").decode(),
            base64.b64encode(b"\x30").decode(),
            base64.b64encode(b"\x30\x80" * 50_000).decode(),
            base64.b64encode(b"\x24\x80" * 50_000).decode(),
            base64.b64encode(b"text").decode(),
            app_receipt(in_app(attribute(1703, der(12, "é".encode())))),
        ],
        ids=range(7),
    )
    def test_no_receipt_at_all(self, text: str) -> None:
        with pytest.raises(InvalidArgument) as caught:
            transaction_id_of(text)
        assert caught.value.code == 1016

    @settings(max_examples=200, deadline=None)
    @given(content=st.binary(max_size=200))
    def test_any_bytes(self, content: bytes) -> None:
        for data in (content, b"\x30\x80" + content, der(0x30, content)):
            with contextlib.suppress(InvalidArgument):
                transaction_id_of(base64.b64encode(data).decode())
