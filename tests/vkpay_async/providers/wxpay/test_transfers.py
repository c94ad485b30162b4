"""Transfers that the user confirms."""

from __future__ import annotations

from typing import Any

import pytest

from vkpay_async.errors import InvalidArgument, ResourceNotFound, SignatureInvalid
from vkpay_async.models import TransferRef, TransferRequest, TransferState

PATH = "https://api.mch.weixin.qq.com/v3/fund-app/mch-transfer/transfer-bills"
REPORT = [
    {"info_type": "活动名称", "info_content": "新会员有礼"},
    {"info_type": "奖励说明", "info_content": "抽奖"},
]
CREATED = {
    "out_bill_no": "plfk2020042013",
    "transfer_bill_no": "1330000071100999991182020050700019480001",
    "create_time": "2015-05-20T13:29:35+08:00",
    "state": "WAIT_USER_CONFIRM",
    "package_info": "affffddafdfafddffda==",
}


def transfer(**fields: Any) -> TransferRequest:
    return TransferRequest(
        **{
            "out_bill_no": "plfk2020042013",
            "transfer_amount": 100,
            "openid": "o-MYE42",
            "transfer_scene_id": "1000",
            "transfer_scene_report_infos": REPORT,
            **fields,
        }
    )


def test_transfer(provider: Any, platform: Any, run: Any) -> None:
    asked = transfer(notify_url="https://shop.example/t", user_recv_perception="现金奖励")
    done = run(provider.transfer(asked), platform.answer(CREATED))
    assert run.request.url == PATH
    assert platform.read(run.request) == {
        "appid": "wx2421b1c4370ec43b",
        "out_bill_no": "plfk2020042013",
        "transfer_scene_id": "1000",
        "openid": "o-MYE42",
        "transfer_amount": 100,
        "transfer_remark": "转账",
        "notify_url": "https://shop.example/t",
        "user_recv_perception": "现金奖励",
        "transfer_scene_report_infos": REPORT,
    }
    assert (run.request.moves_money, run.request.repeatable) == (True, True)
    assert (done.state, done.transfer_bill_no) == (
        TransferState.WAIT_USER_CONFIRM,
        CREATED["transfer_bill_no"],
    )
    assert done.options == {
        "mchId": "1900007291",
        "appId": "wx2421b1c4370ec43b",
        "package": "affffddafdfafddffda==",
    }
    assert done.to_client()["result"] == CREATED


def test_the_name_is_encrypted_with_the_public_key(provider: Any, platform: Any, run: Any) -> None:
    asked = transfer(user_name="张三", transfer_amount=200_000, appid="wxother", transfer_remark="奖")
    done = run(provider.transfer(asked), platform.answer(CREATED))
    body = platform.read(run.request)
    assert platform.decrypt(body["user_name"]) == "张三"
    assert (body["appid"], body["transfer_remark"]) == ("wxother", "奖")
    assert run.request.headers["Wechatpay-Serial"] == platform.serial
    assert done.options["appId"] == "wxother"
    assert "张三" not in repr(asked)


def test_without_anything_to_confirm_there_are_no_options(provider: Any, platform: Any, run: Any) -> None:
    answer = {"out_bill_no": "plfk2020042013", "state": "ACCEPTED"}
    assert run(provider.transfer(transfer()), platform.answer(answer)).options is None


@pytest.mark.parametrize(
    ("fields", "code", "text"),
    [
        ({"out_bill_no": "a-1"}, -1, "letters and digits only"),
        ({"out_bill_no": ""}, -1, "letters and digits only"),
        ({"out_bill_no": "x" * 33}, -1, "1 to 32"),
        ({"transfer_amount": 0}, 1008, "positive whole number"),
        ({"transfer_amount": 9}, -1, "9 fen: WeChat Pay transfers 10 fen or more"),
        ({"openid": None}, 1012, "openid of the receiver"),
        ({"user_name": "张三", "transfer_amount": 29}, -1, "below 30 fen"),
        ({"transfer_amount": 200_000}, 1010, "real name"),
        ({"transfer_scene_id": None}, -1, "transfer_scene_id is missing"),
        ({"transfer_scene_report_infos": []}, -1, "transfer_scene_report_infos is missing"),
        ({"user_name": "张" * 72, "transfer_amount": 100}, -1, "at most 214 bytes"),
        ({"other": {"transfer_amount": 5}}, -1, "other.transfer_amount"),
    ],
)
def test_refused_before_anything_is_sent(
    provider: Any, run: Any, fields: dict[str, Any], code: int, text: str
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        run(provider.transfer(transfer(**fields)))
    assert refused.value.code == code
    assert text in refused.value.msg
    assert run.requests == []


@pytest.mark.parametrize(
    ("fields", "state"),
    [({"transfer_amount": 10}, "PROCESSING"), ({"transfer_amount": 30, "user_name": "张"}, "ACCEPTED")],
)
def test_the_edges_that_are_allowed(
    provider: Any, platform: Any, run: Any, fields: dict[str, Any], state: str
) -> None:
    answer = platform.answer({"out_bill_no": "plfk2020042013", "state": state})
    assert run(provider.transfer(transfer(**fields)), answer).state == state


QUERIED = {
    "mch_id": "1900007291",
    "out_bill_no": "plfk2020042013",
    "transfer_bill_no": "1330",
    "appid": "wx2421b1c4370ec43b",
    "state": "FAIL",
    "transfer_amount": 100,
    "fail_reason": "OVERDUE_CLOSE",
    "openid": "o-MYE42",
}


@pytest.mark.parametrize(
    ("ref", "path"),
    [
        (TransferRef(out_bill_no="plfk2020042013"), "/out-bill-no/plfk2020042013"),
        (TransferRef(transfer_bill_no="1330", out_bill_no="x"), "/transfer-bill-no/1330"),
    ],
)
def test_query(provider: Any, platform: Any, run: Any, ref: TransferRef, path: str) -> None:
    found = run(provider.query_transfer(ref), platform.answer(QUERIED))
    assert run.request.url == PATH + path
    assert (found.state, found.fail_reason) == (TransferState.FAIL, "OVERDUE_CLOSE")
    assert (found.mch_id, found.openid, found.transfer_amount) == ("1900007291", "o-MYE42", 100)


@pytest.mark.parametrize(
    ("word", "state"), [(s.value, s) for s in TransferState] + [("NEW", TransferState.UNKNOWN)]
)
def test_every_state(provider: Any, platform: Any, run: Any, word: str, state: TransferState) -> None:
    found = run(
        provider.query_transfer(TransferRef(out_bill_no="x")), platform.answer({**QUERIED, "state": word})
    )
    assert (found.state, found.raw_state) == (state, word)


def test_cancel_has_no_body(provider: Any, platform: Any, run: Any) -> None:
    answer = {"out_bill_no": "plfk2020042013", "transfer_bill_no": "1330", "state": "CANCELING"}
    cancelled = run(
        provider.cancel_transfer(TransferRef(out_bill_no="plfk2020042013")), platform.answer(answer)
    )
    assert run.request.url == f"{PATH}/out-bill-no/plfk2020042013/cancel"
    assert (run.request.method, run.request.body) == ("POST", b"")
    assert platform.read(run.request) is None
    assert "Content-Type" not in run.request.headers
    assert run.request.moves_money
    assert cancelled.state is TransferState.CANCELING


@pytest.mark.parametrize("operation", ["query_transfer", "cancel_transfer"])
@pytest.mark.parametrize("number", [None, "a-1"])
def test_a_transfer_without_a_usable_number(
    provider: Any, run: Any, operation: str, number: str | None
) -> None:
    with pytest.raises(InvalidArgument, match="out_bill_no"):
        run(getattr(provider, operation)(TransferRef(out_bill_no=number)))


def test_an_unknown_transfer(provider: Any, platform: Any, run: Any) -> None:
    with pytest.raises(ResourceNotFound, match="30 days"):
        run(
            provider.query_transfer(TransferRef(out_bill_no="x")),
            platform.refusal(404, "NOT_FOUND", "转账单不存在"),
        )


def test_in_certificate_mode_the_certificate_is_fetched_before_the_name_is_encrypted(
    make_provider: Any, platform: Any, run: Any, make_certificate: Any
) -> None:
    provider = make_provider(public_key=False)
    certificate = make_certificate(serial=0xABC1)
    platform.serial = "ABC1"
    asked = transfer(user_name="张三")
    run(
        provider.transfer(asked),
        platform.answer(platform.certificates(certificate)),
        platform.answer(CREATED),
    )
    download, create = run.requests
    assert (download.method, download.url) == ("GET", "https://api.mch.weixin.qq.com/v3/certificates")
    assert "Wechatpay-Serial" not in download.headers
    assert not download.moves_money
    assert create.headers["Wechatpay-Serial"] == "ABC1"
    assert platform.decrypt(platform.read(create)["user_name"]) == "张三"


def test_only_expired_certificates_encrypt_nothing(
    make_provider: Any, platform: Any, run: Any, make_certificate: Any
) -> None:
    provider = make_provider(public_key=False)
    expired = make_certificate(serial=0xABC1, days=0)
    with pytest.raises(SignatureInvalid):
        run(
            provider.transfer(transfer(user_name="张三")),
            platform.answer(platform.certificates(expired), serial="ABC1"),
        )
    assert len(run.requests) == 1
