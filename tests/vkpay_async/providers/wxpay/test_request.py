"""Calls that have no method of their own, and the connection test."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from vkpay_async.errors import (
    InvalidArgument,
    ProviderOutcomeUnknown,
    ProviderUnavailable,
    ResponseUnverified,
)

BATCH = {
    "out_batch_no": "1",
    "remark": "",
    "transfer_detail_list": [{"user_name": "张三", "openid": "o1"}, {"openid": "o2"}],
}


def test_a_get_reads_and_may_be_repeated(provider: Any, platform: Any, run: Any) -> None:
    path = "/v3/marketing/favor/stocks?offset=0&limit=10&name=%E8%8C%B6"
    assert run(provider.request("GET", path), platform.answer({"total_count": 0})) == {"total_count": 0}
    request = run.request
    assert request.url == f"https://api.mch.weixin.qq.com{path}"
    assert platform.read(request) is None
    assert (request.moves_money, request.repeatable) == (False, True)
    assert request.operation == "wxpay.request GET /v3/marketing/favor/stocks"


def test_anything_else_may_move_money(provider: Any, platform: Any, run: Any) -> None:
    assert run(provider.request("POST", "/v3/x", {"a": "", "b": [1]}), platform.answer(b"", 204)) is None
    assert platform.read(run.request) == {"a": "", "b": [1]}
    assert (run.request.moves_money, run.request.repeatable) == (True, False)
    with pytest.raises(ProviderOutcomeUnknown):
        run(provider.request("POST", "/v3/x", {}), platform.refusal(500, "SYSTEM_ERROR"))
    with pytest.raises(ResponseUnverified):
        run(provider.request("DELETE", "/v3/x"), platform.answer({}, serial="PUB_KEY_ID_9"))


def test_the_caller_may_know_better(provider: Any, platform: Any, run: Any) -> None:
    flow = provider.request("POST", "/v3/x", {}, moves_money=False, repeatable=True)
    with pytest.raises(ProviderUnavailable, match="unexpected"):
        run(flow, platform.answer(b"<html>"))
    assert (run.request.moves_money, run.request.repeatable) == (False, True)
    assert run.request.body == b"{}"


def test_fields_are_encrypted_where_they_stand(provider: Any, platform: Any, run: Any) -> None:
    given = {**BATCH, "payer": {"name": "李四"}}
    flow = provider.request(
        "POST", "/v3/x", given, encrypt=["transfer_detail_list.0.user_name", "payer.name"]
    )
    run(flow, platform.answer({}))
    body = platform.read(run.request)
    assert platform.decrypt(body["transfer_detail_list"][0]["user_name"]) == "张三"
    assert platform.decrypt(body["payer"]["name"]) == "李四"
    assert body["transfer_detail_list"][1] == {"openid": "o2"}
    assert given["payer"] == {"name": "李四"}
    assert run.request.headers["Wechatpay-Serial"] == platform.serial


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("user_name", "is not in json"),
        ("transfer_detail_list.7.user_name", "is not in json"),
        ("transfer_detail_list.x.user_name", "is not in json"),
        ("out_batch_no.x", "is not in json"),
        ("transfer_detail_list", "is not a text"),
    ],
)
def test_fields_that_cannot_be_encrypted(provider: Any, run: Any, field: str, text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        run(provider.request("POST", "/v3/x", BATCH, encrypt=[field]))


@pytest.mark.parametrize(
    "path", ["v3/x", "/pay/x", "/v3/茶", "/v3/a b", "/v3/x\n", "https://x/v3/x", "/v3/x#top"]
)
def test_a_path_that_would_be_signed_otherwise_than_sent(provider: Any, run: Any, path: str) -> None:
    with pytest.raises(InvalidArgument, match="percent-encode"):
        run(provider.request("GET", path))


def test_echo(provider: Any, platform: Any, run: Any) -> None:
    echo = run(provider.echo("hello"), platform.answer({"echo_message": "hello"}))
    assert (echo.echo_message, echo.encrypted_echo_message) == ("hello", None)
    assert run.request.url == "https://api.mch.weixin.qq.com/v3/security/echo"
    assert platform.read(run.request) == {"echo_message": "hello"}
    assert not run.request.moves_money


def test_echo_there_and_back_encrypted(provider: Any, platform: Any, run: Any) -> None:
    oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
    back = base64.b64encode(platform.merchant_key.public_key().encrypt("张三".encode(), oaep)).decode()
    flow = provider.echo("hello", encrypted="张三", notify_url="https://shop.example/n")
    echo = run(flow, platform.answer({"echo_message": "hello", "encrypted_echo_message": back}))
    assert echo.encrypted_echo_message == "张三"
    body = platform.read(run.request)
    assert platform.decrypt(body["encrypted_echo_message"]) == "张三"
    assert body["notify_url"] == "https://shop.example/n"


@pytest.mark.parametrize("text", ["AAAA", "not base64 at all"])
def test_an_echo_for_somebody_else(provider: Any, platform: Any, run: Any, text: str) -> None:
    answer = platform.answer({"echo_message": "hello", "encrypted_echo_message": text})
    with pytest.raises(ProviderUnavailable, match="another certificate; check app_cert"):
        run(provider.echo("hello", encrypted="x"), answer)
