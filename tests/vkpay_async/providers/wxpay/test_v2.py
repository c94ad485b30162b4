"""API v2's signature, against the published vectors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vkpay_async.errors import InvalidArgument, NotificationInvalid, SignatureInvalid
from vkpay_async.providers.wxpay.v2 import open_refund_v2, sign_v2, verify_v2

V2 = json.loads((Path(__file__).parents[3] / "vectors/wechatpay.json").read_text(encoding="utf-8"))["v2"]
SIGNED = [
    (vector["fields"], vector["key"], sign_type, vector[sign_type])
    for vector in V2["signatures"]
    for sign_type in ("MD5", "HMAC-SHA256")
    if sign_type in vector
]


@pytest.mark.parametrize(("fields", "key", "sign_type", "sign"), SIGNED)
def test_the_published_signatures(fields, key, sign_type, sign):
    assert sign_v2(fields, key, sign_type) == sign
    verify_v2({**fields, "sign": sign, "attach": ""}, key, sign_type)


@pytest.mark.parametrize("change", [{"body": "tea"}, {"sign": ""}, {"sign": "签"}, {"extra": "1"}])
def test_a_changed_message_does_not_verify(change):
    fields, key, sign_type, sign = SIGNED[0]
    with pytest.raises(SignatureInvalid):
        verify_v2({**fields, "sign": sign, **change}, key, sign_type)


def test_another_sign_type_is_refused():
    with pytest.raises(InvalidArgument, match="HMAC-SHA256"):
        sign_v2({}, "key", "SHA1")


def test_the_refund_vector():
    refund = V2["refund"]
    assert open_refund_v2(refund["req_info"], refund["key"]) == refund["plain"]


@pytest.mark.parametrize("req_info", ["", "%", "AAAA", V2["refund"]["req_info"]])
def test_a_refund_under_another_key_or_damaged(req_info):
    with pytest.raises(NotificationInvalid):
        open_refund_v2(req_info, "another key")
