"""What may come back for a call, and what of it is believed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes

from vkpay_async.config import Secret
from vkpay_async.crypto.aes import Cbc
from vkpay_async.errors import (
    AuthenticationFailed,
    ProviderOutcomeUnknown,
    ProviderUnavailable,
    ResponseUnverified,
    SignatureInvalid,
    ValidationFailed,
)
from vkpay_async.models import OrderRef, RefundRequest
from vkpay_async.providers.alipay.about import AlipayNode
from vkpay_async.providers.alipay.provider import AlipayProvider
from vkpay_async.providers.alipay.signing import open_envelope
from vkpay_async.providers.base import HttpResponse

ORDER = OrderRef(pay_type="alipay_h5", out_trade_no="T1")
REFUND = RefundRequest(order=ORDER, out_refund_no="R1", refund_fee=1, total_fee=1)
NODE = "alipay_trade_query_response"
CONTENT = {"code": "10000", "msg": "Success", "out_trade_no": "T1", "trade_status": "TRADE_SUCCESS"}
AES_KEY = "aa4BtZ4tspm2wnXLb1ThQA=="


def body(text: bytes, status: int = 200) -> HttpResponse:
    return HttpResponse(status=status, headers={}, body=text)


@pytest.mark.parametrize(
    "subject",
    [
        "plain",
        "half { open",
        "} shut {",
        'a \\"quoted\\" brace {',
        "\\\\",
        '\\",\\"sign\\":\\"',
        "https:\\/\\/a.test",
        "\\u8336",
    ],
)
def test_the_signed_text_is_cut_out_exactly(
    provider: AlipayProvider, server: Any, exchange: Any, subject: str
) -> None:
    text = (
        '{"code":"10000","msg":"Success","out_trade_no":"T1","trade_status":"TRADE_SUCCESS",'
        f'"subject":"{subject}","list":[{{"a":"]"}}]}}'
    )
    trade = exchange(lambda _: server.answer(NODE, text))(provider.query(ORDER))
    assert trade.raw["subject"] == json.loads(f'"{subject}"')


def test_blanks_around_the_members_are_no_part_of_it() -> None:
    envelope = open_envelope(b' { "sign" : "s=", "a_b_response" : {"x": "}"}  , "other" : [1] } ', "a.b")
    assert (envelope.content, envelope.sign, envelope.cert_sn) == (b'{"x": "}"}', "s=", None)


def test_an_answer_signed_before_its_slashes_were_escaped(
    provider: AlipayProvider, server: Any, exchange: Any
) -> None:
    text = json.dumps({**CONTENT, "subject": "a/b"}, separators=(",", ":"))
    escaped = text.replace("/", r"\/")
    answer = server.answer(NODE, escaped, sign=server.sign(text.encode()))
    assert exchange(lambda _: answer)(provider.query(ORDER)).raw["subject"] == "a/b"
    answer = server.answer(NODE, escaped.replace("T1", "T2"), sign=server.sign(text.encode()))
    with pytest.raises(SignatureInvalid):
        exchange(lambda _: answer)(provider.query(ORDER))


@pytest.mark.parametrize("sign", [None, "bm8=", "not base64", "签"])
def test_a_success_is_believed_only_when_signed(
    provider: AlipayProvider, server: Any, exchange: Any, sign: str | None
) -> None:
    with pytest.raises(SignatureInvalid, match="not the app's own") as read:
        exchange(lambda _: server.answer(NODE, CONTENT, sign=sign))(provider.query(ORDER))
    assert read.value.outcome_known
    refunded = server.answer("alipay_trade_refund_response", CONTENT, sign=sign)
    with pytest.raises(ResponseUnverified, match="query before") as moved:
        exchange(lambda _: refunded)(provider.refund(REFUND))
    assert not moved.value.outcome_known


@pytest.mark.parametrize("node", [NODE, "error_response"])
@pytest.mark.parametrize("sign", ["", None])
def test_a_failure_is_believed_with_and_without_a_signature(
    provider: AlipayProvider, server: Any, exchange: Any, node: str, sign: str | None
) -> None:
    content = {
        "code": "40002",
        "msg": "Invalid Arguments",
        "sub_code": "isv.invalid-app-id",
        "sub_msg": "无效",
    }
    with pytest.raises(AuthenticationFailed, match="sandbox"):
        exchange(lambda _: server.answer(node, content, sign=sign))(provider.query(ORDER))


def test_a_failure_wrongly_signed_is_named_but_not_believed(
    provider: AlipayProvider, server: Any, exchange: Any
) -> None:
    content = {"code": "40004", "msg": "Business Failed", "sub_code": "ACQ.TRADE_NOT_EXIST"}
    with pytest.raises(SignatureInvalid, match=r"it says ACQ\.TRADE_NOT_EXIST"):
        exchange(lambda _: server.answer(NODE, content, sign="bm8="))(provider.query(ORDER))


def test_a_refusal_of_our_signature_keeps_tokens_out_of_the_error(
    provider: AlipayProvider, server: Any, exchange: Any
) -> None:
    content = {
        "code": "40002",
        "msg": "Invalid Arguments",
        "sub_code": "isv.invalid-signature",
        "sub_msg": "验签出错，网关生成的验签字符串为：app_auth_token=2023SECRET&amp;app_id=1",
    }
    with pytest.raises(AuthenticationFailed, match="private_key") as caught:
        exchange(lambda _: server.answer(NODE, content))(provider.query(ORDER))
    assert caught.value.message == "验签出错"
    assert "SECRET" not in repr(caught.value) + str(caught.value.detail)


@pytest.mark.parametrize(
    "answer",
    [
        body(b"", 502),
        body(b'{"alipay_trade_query_response":{"code":"10000"}}', 404),
        body(b"<html>maintenance</html>"),
        body(b""),
        body(b"[]"),
        body(b"{}"),
        body(b'{"alipay_trade_close_response":{"code":"10000"},"sign":"x"}'),
        body(b'{"alipay_trade_query_response":{"code":"10000"'),
        body(b'{"alipay_trade_query_response":{"code":"10000"},"sign":7}'),
        body(b"\xff\xfe"),
    ],
)
def test_what_is_no_answer(provider: AlipayProvider, exchange: Any, answer: HttpResponse) -> None:
    with pytest.raises(ProviderUnavailable, match="check base_url") as read:
        exchange(lambda _: answer)(provider.query(ORDER))
    assert read.value.http_status == answer.status
    with pytest.raises(ProviderOutcomeUnknown):
        exchange(lambda _: answer)(provider.refund(REFUND))


@pytest.mark.parametrize(
    "content",
    [
        {"code": "10000", "msg": "Success"},
        {**CONTENT, "total_amount": "0.001"},
        {**CONTENT, "total_amount": 0.01},
        {**CONTENT, "code": "10003"},
        {**CONTENT, "code": None},
        '"text"',
        '{"out_trade_no":"\\ud800"}',
    ],
)
def test_signed_answers_without_what_the_call_promises(
    provider: AlipayProvider, server: Any, exchange: Any, content: Any
) -> None:
    with pytest.raises(ProviderUnavailable):
        exchange(lambda _: server.answer(NODE, content))(provider.query(ORDER))


def test_a_text_that_is_not_utf8_is_not_read(provider: AlipayProvider, server: Any, exchange: Any) -> None:
    text = b'{"code":"10000","msg":"\xff"}'
    signed = b'{"%s":%s,"sign":"%s"}' % (NODE.encode(), text, server.sign(text).encode())
    unsigned = b'{"%s":%s}' % (NODE.encode(), text)
    with pytest.raises(ProviderUnavailable):
        exchange(lambda _: body(signed))(provider.query(ORDER))
    with pytest.raises(SignatureInvalid, match="not signed"):
        exchange(lambda _: body(unsigned))(provider.query(ORDER))


def test_encryption_both_ways(make: Any, key_node: AlipayNode, server: Any, exchange: Any) -> None:
    provider = make(key_node, encrypt_key=Secret(AES_KEY))
    cipher = Cbc(AES_KEY)
    secret = json.dumps(cipher.encrypt(json.dumps(CONTENT))).replace("/", r"\/")
    run = exchange(lambda _: server.answer(NODE, secret))
    assert run(provider.query(ORDER)).out_trade_no == "T1"
    params = server.params(run.requests[0])
    assert params["encrypt_type"] == "AES"
    assert json.loads(cipher.decrypt(params["biz_content"])) == {"out_trade_no": "T1"}


def test_a_plain_failure_under_encryption(
    make: Any, key_node: AlipayNode, server: Any, exchange: Any
) -> None:
    provider = make(key_node, encrypt_key=Secret(AES_KEY))
    content = {"code": "40003", "msg": "x", "sub_code": "isv.decryption-error-unknown", "sub_msg": "解密出错"}
    with pytest.raises(AuthenticationFailed, match="encrypt_key"):
        exchange(lambda _: server.answer(NODE, content))(provider.query(ORDER))


@pytest.mark.parametrize("key", [None, Secret("aYA0GP8JEW+D7/UFaskCWA==")])
def test_encrypted_with_a_key_that_we_do_not_have(
    make: Any, key_node: AlipayNode, server: Any, exchange: Any, key: Secret | None
) -> None:
    secret = f'"{Cbc(AES_KEY).encrypt(json.dumps(CONTENT))}"'
    with pytest.raises(ProviderUnavailable):
        exchange(lambda _: server.answer(NODE, secret))(make(key_node, encrypt_key=key).query(ORDER))


def test_an_unsigned_encrypted_text_is_not_believed(
    make: Any, key_node: AlipayNode, server: Any, exchange: Any
) -> None:
    secret = f'"{Cbc(AES_KEY).encrypt(json.dumps(CONTENT))}"'
    with pytest.raises(SignatureInvalid, match="not signed"):
        exchange(lambda _: server.answer(NODE, secret, sign=None))(
            make(key_node, encrypt_key=Secret(AES_KEY)).query(ORDER)
        )


def test_the_old_sign_type(make: Any, key_node: AlipayNode, server: Any, exchange: Any) -> None:
    text = json.dumps(CONTENT, separators=(",", ":"))
    answer = server.answer(NODE, text, sign=server.sign(text.encode(), hashes.SHA1()))
    assert exchange(lambda _: answer)(make(key_node, sign_type="RSA").query(ORDER)).out_trade_no == "T1"
    with pytest.raises(SignatureInvalid):
        exchange(lambda _: answer)(make(key_node).query(ORDER))


def test_a_code_of_no_table_keeps_what_alipay_said(
    provider: AlipayProvider, server: Any, exchange: Any
) -> None:
    content = {"code": "40002", "msg": "Invalid Arguments"}
    with pytest.raises(ValidationFailed) as caught:
        exchange(lambda _: server.answer(NODE, content))(provider.query(ORDER))
    assert (caught.value.code, caught.value.message) == ("40002", "Invalid Arguments")
