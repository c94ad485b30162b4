"""API v2's signature on the server's side, against the published vectors, and the endpoint that tries a key out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from vkpay_simulator.exchange import Answer, Request
from vkpay_simulator.providers.wxpay.v2 import SIGN_KEY_PATH, _value, seal_refund, signature
from vkpay_simulator.world import World

V2 = json.loads((Path(__file__).parents[3] / "vectors/wechatpay.json").read_text(encoding="utf-8"))["v2"]
SIGNED = [
    (vector["fields"], vector["key"], sign_type, vector[sign_type])
    for vector in V2["signatures"]
    for sign_type in ("MD5", "HMAC-SHA256")
    if sign_type in vector
]


@pytest.mark.parametrize(("fields", "key", "sign_type", "sign"), SIGNED)
def test_the_published_signatures(fields, key, sign_type, sign):
    assert signature({**fields, "sign": "x", "attach": ""}, key, sign_type) == sign


def test_the_refund_vector():
    refund = V2["refund"]
    assert seal_refund(refund["plain"], refund["key"]) == refund["req_info"]


@pytest.fixture(scope="module")
def sim():
    return World().providers["wxpay"]


def ask(sim, body: bytes) -> Answer:
    route = next(route for route in sim.routes() if route.path == SIGN_KEY_PATH)
    headers = CIMultiDictProxy(CIMultiDict({"Content-Type": "text/xml"}))
    return route.handler(Request(method="POST", target=SIGN_KEY_PATH, headers=headers, body=body))


def xml(fields) -> bytes:
    return ("<xml>" + "".join(f"<{k}>{v}</{k}>" for k, v in fields.items()) + "</xml>").encode()


def test_a_right_signature_gets_a_sandbox_key(sim):
    account = sim.accounts.of("default")
    fields = {"mch_id": account.mchid, "nonce_str": "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"}
    answer = ask(sim, xml({**fields, "sign": signature(fields, account.v2_key)}))
    assert answer.status == 200
    assert b"<return_code><![CDATA[SUCCESS]]></return_code>" in answer.body
    assert b"<sandbox_signkey>" in answer.body


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"<xml>", "XML格式错误"),
        (b"\xff\xfe", "XML格式错误"),
        (b'<!DOCTYPE x [<!ENTITY e "e">]><xml><mch_id>&e;</mch_id></xml>', "XML格式错误"),
        (b"<xml><mch_id>1</mch_id></xml>", "商户号mch_id或sub_mch_id不存在"),
    ],
)
def test_what_cannot_be_read_or_found_is_refused_with_status_200(sim, body, text):
    answer = ask(sim, body)
    assert answer.status == 200
    assert answer.body.decode() == (
        f"<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[{text}]]></return_msg></xml>"
    )


def test_a_wrong_signature_is_refused(sim):
    fields = {"mch_id": sim.accounts.of("default").mchid, "nonce_str": "n", "sign": "0" * 32}
    assert "签名错误".encode() in ask(sim, xml(fields)).body


def test_a_value_that_would_end_its_own_cdata_is_escaped():
    assert _value("]]>&") == "]]&gt;&amp;"
