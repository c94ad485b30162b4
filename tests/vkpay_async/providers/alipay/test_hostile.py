"""No bytes make the provider stumble, and no genuine signature can be worn by other fields."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vkpay_async.errors import (
    ConfigError,
    InvalidArgument,
    NotificationInvalid,
    ProviderError,
    SignatureInvalid,
    VKPayError,
)
from vkpay_async.models import OrderRef, RawNotification, RefundRef, RefundRequest
from vkpay_async.providers.alipay.provider import AlipayProvider
from vkpay_async.providers.base import HttpRequest, HttpResponse, run_offline

anything = settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
NESTED = "[" * 100_000 + "]" * 100_000
ORDER = OrderRef(pay_type="alipay_h5", out_trade_no="T20231115")
REFUND = RefundRequest(order=ORDER, out_refund_no="R1", refund_fee=1, total_fee=2)
NODES = {
    "query": "alipay_trade_query_response",
    "refund": "alipay_trade_refund_response",
    "query_refund": "alipay_trade_fastpay_refund_query_response",
}
CALLS: dict[str, Callable[[AlipayProvider], Any]] = {
    "query": lambda provider: provider.query(ORDER),
    "refund": lambda provider: provider.refund(REFUND),
    "query_refund": lambda provider: provider.query_refund(RefundRef(order=ORDER, out_refund_no="R1")),
}
members = st.sampled_from(
    [
        "code",
        "msg",
        "sub_code",
        "out_trade_no",
        "trade_status",
        "total_amount",
        "refund_amount",
        "refund_status",
    ]
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=9)
    | st.sampled_from(["10000", "40004", "-1.5"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(members, inner),
    max_leaves=8,
)
contents = st.one_of(values.map(json.dumps), st.text(max_size=60), st.just(NESTED))
fields = st.dictionaries(
    st.sampled_from(
        ["sign", "sign_type", "charset", "alipay_cert_sn", "trade_status", "app_id", "%26", "%C3%A9"]
    ),
    st.one_of(st.text(max_size=20), st.sampled_from(["RSA2", "gbk", "0" * 32, "TRADE_SUCCESS"])),
)


@given(body=st.binary(max_size=200))
@anything
def test_notifications_of_strangers(provider: AlipayProvider, raw_of: Any, body: bytes) -> None:
    with pytest.raises(VKPayError):
        run_offline(provider.notification(raw_of(body)), refuse)


@given(fields=fields, answer=st.binary(max_size=60))
@anything
def test_forms_of_strangers(
    cert_provider: AlipayProvider, form_of: Any, fields: dict[str, str], answer: bytes
) -> None:
    with pytest.raises(VKPayError):
        run_offline(
            cert_provider.notification(form_of(fields)),
            lambda _: HttpResponse(status=200, headers={}, body=answer),
        )


@given(
    fields=st.dictionaries(st.sampled_from(["app_id", "out_trade_no", "trade_no", "total_amount"]), st.text())
)
@anything
def test_signed_notifications_of_any_content(
    provider: AlipayProvider, server: Any, fields: dict[str, str]
) -> None:
    raw = server.notification({"trade_status": "TRADE_SUCCESS", **fields})
    try:
        run_offline(provider.notification(raw), refuse)
    except (NotificationInvalid, SignatureInvalid):
        return


@given(call=st.sampled_from(sorted(CALLS)), status=st.integers(200, 599), body=st.binary(max_size=200))
@anything
def test_answers_of_strangers(provider: AlipayProvider, call: str, status: int, body: bytes) -> None:
    with pytest.raises(VKPayError) as refused:
        run_offline(CALLS[call](provider), lambda _: HttpResponse(status=status, headers={}, body=body))
    assert refused.value.outcome_known == (call != "refund")


@given(call=st.sampled_from(sorted(CALLS)), content=contents, signed=st.booleans())
@anything
def test_answers_of_any_content(
    provider: AlipayProvider, server: Any, call: str, content: str, signed: bool
) -> None:
    answer = server.answer(NODES[call], content, sign="" if signed else None)
    try:
        run_offline(CALLS[call](provider), lambda _: answer)
    except (ProviderError, SignatureInvalid):
        return
    assert signed


def test_endless_nesting_from_a_buyers_device(provider: AlipayProvider) -> None:
    with pytest.raises(InvalidArgument):
        run_offline(provider.verify_result(f'{{"x_response":{NESTED}}}'), refuse)
    with pytest.raises(VKPayError):
        run_offline(provider.verify_return("sign=\ud800"), refuse)


IMITATION = "tea&total_amount=9999.00&trade_no=1&trade_status=TRADE_SUCCESS&zz=1"


@pytest.mark.parametrize("name", ["subject", "body", "passback_params"])
def test_a_text_that_imitates_fields_is_refused(
    provider: AlipayProvider, server: Any, paid: dict[str, str], name: str
) -> None:
    with pytest.raises(NotificationInvalid, match="imitates fields"):
        run_offline(provider.notification(server.notification({**paid, name: IMITATION})), refuse)


def test_a_signed_text_cannot_be_cut_into_other_fields(
    provider: AlipayProvider, server: Any, paid: dict[str, str], form_of: Any
) -> None:
    """The buyer pays 0.01 with a subject of their own, and sends the same signature over a dearer order."""
    genuine = server.notification({**paid, "total_amount": "0.01", "subject": IMITATION})
    sent = dict(parse_qsl(genuine.body.decode(), keep_blank_values=True))
    sign = sent.pop("sign")
    signed = "&".join(f"{key}={sent[key]}" for key in sorted(sent) if sent[key] and key != "sign_type")
    kept, _, rest = signed.partition("&zz=")
    forged = dict(pair.split("=", 1) for pair in kept.split("&"))
    forged |= {"zz": rest, "sign_type": "RSA2", "sign": sign}
    assert forged["total_amount"] == "9999.00"
    with pytest.raises(NotificationInvalid, match="imitates fields"):
        run_offline(provider.notification(form_of(forged)), refuse)


def test_an_ampersand_alone_is_only_a_letter(
    provider: AlipayProvider, server: Any, paid: dict[str, str]
) -> None:
    raw = server.notification({**paid, "subject": "salt & pepper, a=b"})
    assert run_offline(provider.notification(raw), refuse).kind == "payment"


def test_a_form_of_a_million_fields_is_not_taken_apart(provider: AlipayProvider, raw_of: Any) -> None:
    with pytest.raises(NotificationInvalid, match="more than 200 fields"):
        run_offline(provider.notification(raw_of(b"&" * 201)), refuse)


@pytest.mark.parametrize("escape", [b"%zz", b"%", b"%41%"])
def test_a_megabyte_of_broken_escapes_is_not_undone(
    provider: AlipayProvider, raw_of: Any, escape: bytes
) -> None:
    with pytest.raises(NotificationInvalid, match="escapes are none"):
        run_offline(provider.notification(raw_of(b"sign=" + escape * 300_000)), refuse)


@pytest.mark.parametrize("base_url", ["openapi.alipay.com", "ftp://openapi.alipay.com", "file:///etc/passwd"])
def test_a_base_url_that_is_none(make: Any, key_node: Any, base_url: str) -> None:
    with pytest.raises(ConfigError, match="base_url must start with https://"):
        make(key_node, base_url=base_url)


RSA_ENCRYPTION = bytes.fromhex("2a864886f70d010101")
BASIC_CONSTRAINTS = bytes.fromhex("0603551d13")


@pytest.mark.parametrize(
    ("found", "instead"),
    [
        pytest.param(RSA_ENCRYPTION, RSA_ENCRYPTION[:-1] + b"\x63", id="a key of an unknown kind"),
        pytest.param(
            BASIC_CONSTRAINTS + b"\x01\x01\xff\x04", BASIC_CONSTRAINTS + b"\x01\x01\xff\x05", id="a torn mark"
        ),
    ],
)
def test_a_damaged_certificate_is_not_believed(
    cert_provider: AlipayProvider, pki: Any, found: bytes, instead: bytes
) -> None:
    blocks = pki.rotated.pem.split("-----END CERTIFICATE-----\n")[:-1]
    damaged = [der_of(block).replace(found, instead) for block in blocks]
    assert damaged != [der_of(block) for block in blocks]
    pems = [pem_of(der) for der in damaged]
    content = base64.b64encode("\n".join(pems).encode()).decode()
    answer = {
        "alipay_open_app_alipaycert_download_response": {"code": "10000", "alipay_cert_content": content}
    }
    text = f"sign_type=RSA2&alipay_cert_sn={pki.rotated.sn}&sign=AAAA"
    raw = RawNotification(path="/n", headers={}, body=text.encode())
    with pytest.raises(SignatureInvalid):
        run_offline(
            cert_provider.notification(raw),
            lambda _: HttpResponse(status=200, headers={}, body=json.dumps(answer).encode()),
        )


def der_of(pem: str) -> bytes:
    return base64.b64decode("".join(line for line in pem.splitlines() if "-----" not in line))


def pem_of(der: bytes) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(der).decode()}\n-----END CERTIFICATE-----\n"


def refuse(request: HttpRequest) -> HttpResponse:
    raise AssertionError(f"nothing was to be sent, and {request.operation} was")
