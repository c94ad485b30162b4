"""A user's authorisation to receive transfers without confirming each, and the transfers that use it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.vkpay_async.providers.wxpay.test_transfers import CREATED, QUERIED, transfer
from vkpay_async.errors import InvalidArgument, ResourceNotFound
from vkpay_async.models import AuthorizationInfo, AuthorizationRequest, AuthorizationState, TransferState

HOST = "https://api.mch.weixin.qq.com"
PATH = f"{HOST}/v3/fund-app/mch-transfer/user-confirm-authorization"
BILLS = f"{HOST}/v3/fund-app/mch-transfer/transfer-bills"
NUMBER = "plfk2020042013"
NOTIFY = "https://shop.example/a"
ASKED = {
    "out_authorization_no": NUMBER,
    "state": "WAIT_USER_CONFIRM",
    "create_time": "2015-05-20T13:29:35.120+08:00",
    "package_info": "0002-affffddafdfafddffda==",
}
FOUND = {
    "out_authorization_no": NUMBER,
    "appid": "wxother",
    "openid": "o-MYE42",
    "user_display_name": "wx_123456",
    "authorization_id": "201202504101000123456789012",
    "state": "TAKING_EFFECT",
    "authorize_time": "2015-05-20T13:29:35+08:00",
    "transfer_scene_id": "1000",
    "user_recv_perception": "现金奖励",
    "create_time": "2015-05-20T13:00:00+08:00",
}


def authorization(**fields: Any) -> AuthorizationRequest:
    return AuthorizationRequest(
        **{
            "out_authorization_no": NUMBER,
            "openid": "o-MYE42",
            "transfer_scene_id": "1000",
            "user_display_name": "wx_123456",
            "authorization_notify_url": NOTIFY,
            **fields,
        }
    )


def test_a_user_is_asked(provider: Any, platform: Any, run: Any) -> None:
    device = {"client_ip": "203.0.113.7", "device_id": "d1", "device_type": "IOS"}
    request = authorization(user_recv_perception="现金奖励", scene_info=device)
    asked = run(provider.create_authorization(request), platform.answer(ASKED))
    assert (run.request.method, run.request.url) == ("POST", PATH)
    assert platform.read(run.request) == {
        "out_authorization_no": NUMBER,
        "appid": "wx2421b1c4370ec43b",
        "openid": "o-MYE42",
        "transfer_scene_id": "1000",
        "user_display_name": "wx_123456",
        "user_recv_perception": "现金奖励",
        "authorization_notify_url": NOTIFY,
        "scene_info": device,
    }
    assert (run.request.moves_money, run.request.repeatable) == (True, True)
    assert asked.state is AuthorizationState.WAIT_USER_CONFIRM
    assert asked.options == {
        "mchId": "1900007291",
        "appId": "wx2421b1c4370ec43b",
        "package": "0002-affffddafdfafddffda==",
    }
    assert asked.to_client() == {
        "code": 0,
        "msg": "已受理商户的授权申请，待用户确认",
        "result": ASKED,
        "options": asked.options,
    }
    assert "wx_123456" not in repr(request)


def test_the_app_can_be_another_and_what_is_not_given_is_left_out(
    provider: Any, platform: Any, run: Any
) -> None:
    asked = run(provider.create_authorization(authorization(appid="wxother")), platform.answer(ASKED))
    body = platform.read(run.request)
    assert (body["appid"], asked.options["appId"]) == ("wxother", "wxother")
    assert not body.keys() & {"scene_info", "user_recv_perception"}


@pytest.mark.parametrize(
    ("fields", "code", "text"),
    [
        ({"out_authorization_no": "a/1234"}, -1, "5 to 32 letters, digits, _ - only"),
        ({"out_authorization_no": "1234"}, -1, "5 to 32"),
        ({"out_authorization_no": "x" * 33}, -1, "5 to 32"),
        ({"out_authorization_no": "授权单号一二三"}, -1, "5 to 32"),
        ({"openid": ""}, 1012, "openid of the user"),
        ({"transfer_scene_id": ""}, -1, "transfer_scene_id is missing"),
        ({"user_display_name": ""}, -1, "has 0 characters"),
        ({"user_display_name": "x" * 33}, -1, "has 33 characters"),
        ({"authorization_notify_url": None}, -1, "authorization_notify_url is missing"),
        ({"scene_info": {"device_type": "ios"}}, -1, "use one of IOS, ANDROID, HARMONY, OTHER"),
        ({"other": {"openid": "x"}}, -1, "other.openid"),
        ({"other": {"out_authorization_no": "x"}}, -1, "other.out_authorization_no"),
    ],
)
def test_refused_before_anything_is_sent(
    provider: Any, run: Any, fields: dict[str, Any], code: int, text: str
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        run(provider.create_authorization(authorization(**fields)))
    assert refused.value.code == code
    assert text in refused.value.msg
    assert run.requests == []


@pytest.mark.parametrize("number", ["12345", "x" * 32, "a_b-c"])
def test_the_edges_of_a_number(provider: Any, platform: Any, run: Any, number: str) -> None:
    found = run(provider.query_authorization(number), platform.answer(FOUND))
    assert run.request.url == f"{PATH}/out-authorization-no/{number}"
    assert found.state is AuthorizationState.TAKING_EFFECT


def test_query(provider: Any, platform: Any, run: Any) -> None:
    found = run(provider.query_authorization(NUMBER), platform.answer(FOUND))
    assert (run.request.method, run.request.url) == ("GET", f"{PATH}/out-authorization-no/{NUMBER}")
    assert (found.authorization_id, found.openid, found.appid) == (
        "201202504101000123456789012",
        "o-MYE42",
        "wxother",
    )
    assert (found.authorize_time, found.close_time, found.close_reason) == (1_432_099_775_000, None, None)
    assert (found.transfer_scene_id, found.user_recv_perception, found.user_display_name) == (
        "1000",
        "现金奖励",
        "wx_123456",
    )
    assert found.options is None
    assert found.to_client() == {"code": 0, "msg": "用户已确认授权，授权生效中", "result": FOUND}
    assert "wx_123456" not in repr(found)


def test_one_in_effect_can_be_shown(provider: Any, platform: Any, run: Any) -> None:
    answer = platform.answer({**FOUND, "package_info": "p=="})
    found = run(provider.query_authorization(NUMBER, is_display_authorization=True), answer)
    assert run.request.url == f"{PATH}/out-authorization-no/{NUMBER}?is_display_authorization=true"
    assert found.options == {"mchId": "1900007291", "appId": "wxother", "package": "p=="}


@pytest.mark.parametrize(
    ("word", "state"), [(s.value, s) for s in AuthorizationState] + [("NEW", AuthorizationState.UNKNOWN)]
)
def test_every_state(provider: Any, platform: Any, run: Any, word: str, state: AuthorizationState) -> None:
    found = run(provider.query_authorization(NUMBER), platform.answer({**FOUND, "state": word}))
    assert (found.state, found.raw_state) == (state, word)
    assert found.to_client()["msg"]


def test_close_has_no_body(provider: Any, platform: Any, run: Any) -> None:
    closed = {"close_time": "2015-05-21T13:29:35+08:00", "close_reason": "CLOSE_VIA_MCH_API"}
    answer = platform.answer({**FOUND, "state": "CLOSED", "close_info": closed})
    found = run(provider.close_authorization(NUMBER), answer)
    assert run.request.url == f"{PATH}/out-authorization-no/{NUMBER}/close"
    assert (run.request.method, run.request.body) == ("POST", b"")
    assert run.request.moves_money
    assert (found.state, found.close_time, found.close_reason) == (
        AuthorizationState.CLOSED,
        1_432_186_175_000,
        "CLOSE_VIA_MCH_API",
    )


def test_one_that_is_not_known(provider: Any, platform: Any, run: Any) -> None:
    with pytest.raises(ResourceNotFound, match="authorisation"):
        run(provider.query_authorization(NUMBER), platform.refusal(404, "NOT_FOUND", "记录不存在"))


class TestTransfer:
    @pytest.mark.parametrize(
        "named",
        [
            {"out_authorization_no": NUMBER},
            {"authorization_id": "201202504101000123456789012"},
        ],
    )
    def test_with_an_authorisation(
        self, provider: Any, platform: Any, run: Any, named: dict[str, str]
    ) -> None:
        request = transfer(openid=None, transfer_scene_report_infos=[], sponsor_mchid="1900001109", **named)
        done = run(provider.transfer(request), platform.answer({**QUERIED, "state": "SUCCESS"}))
        assert run.request.url == f"{BILLS}/transfer"
        assert platform.read(run.request) == {
            "appid": "wx2421b1c4370ec43b",
            "out_bill_no": NUMBER,
            "transfer_scene_id": "1000",
            "transfer_amount": 100,
            "transfer_remark": "转账",
            "sponsor_mchid": "1900001109",
            **named,
        }
        assert (run.request.moves_money, run.request.repeatable) == (True, True)
        assert (done.state, done.openid, done.options) == (TransferState.SUCCESS, "o-MYE42", None)

    def test_the_name_is_encrypted_as_ever(self, provider: Any, platform: Any, run: Any) -> None:
        request = transfer(
            openid=None, out_authorization_no=NUMBER, user_name="张三", transfer_amount=200_000
        )
        run(provider.transfer(request), platform.answer(QUERIED))
        assert platform.decrypt(platform.read(run.request)["user_name"]) == "张三"

    def test_that_asks_for_an_authorisation(self, provider: Any, platform: Any, run: Any) -> None:
        info = AuthorizationInfo(
            out_authorization_no="AUTH1", user_display_name="wx_123456", authorization_notify_url=NOTIFY
        )
        answer = {**CREATED, "user_display_name": "wx_123456", "out_authorization_no": "AUTH1"}
        done = run(provider.transfer(transfer(authorization_info=info)), platform.answer(answer))
        assert run.request.url == f"{BILLS}/pre-transfer-with-authorization"
        body = platform.read(run.request)
        assert (body["openid"], body["authorization_info"]) == (
            "o-MYE42",
            {
                "out_authorization_no": "AUTH1",
                "user_display_name": "wx_123456",
                "authorization_notify_url": NOTIFY,
            },
        )
        assert done.state is TransferState.WAIT_USER_CONFIRM
        assert done.options["package"] == "affffddafdfafddffda=="

    @pytest.mark.parametrize(
        ("fields", "text"),
        [
            ({"out_authorization_no": "AUTH1"}, "openid does not go with an authorisation"),
            (
                {"out_authorization_no": "AUTH1", "authorization_id": "201", "openid": None},
                "give one of them",
            ),
            ({"out_authorization_no": "", "openid": None}, "out_authorization_no '' cannot be sent"),
            ({"authorization_id": "", "openid": None}, "authorization_id '' cannot be sent"),
            ({"authorization_id": "2/1", "openid": None}, "authorization_id"),
            (
                {"out_authorization_no": "AUTH1", "openid": None, "transfer_scene_id": None},
                "transfer_scene_id",
            ),
            ({"sponsor_mchid": "1900001109"}, "sponsor_mchid goes with an authorisation only"),
            ({"openid": None}, "or out_authorization_no"),
        ],
    )
    def test_that_cannot_be(self, provider: Any, run: Any, fields: dict[str, Any], text: str) -> None:
        with pytest.raises(InvalidArgument) as refused:
            run(provider.transfer(transfer(**fields)))
        assert text in refused.value.msg
        assert run.requests == []

    @pytest.mark.parametrize(
        ("fields", "text"),
        [
            ({"out_authorization_no": "1"}, "5 to 32"),
            ({"user_display_name": ""}, "0 characters"),
            ({"authorization_notify_url": None}, "authorization_notify_url is missing"),
        ],
    )
    def test_that_asks_wrongly(self, provider: Any, run: Any, fields: dict[str, Any], text: str) -> None:
        info = {
            "out_authorization_no": "AUTH1",
            "user_display_name": "u",
            "authorization_notify_url": NOTIFY,
            **fields,
        }
        with pytest.raises(InvalidArgument, match=text):
            run(provider.transfer(transfer(authorization_info=AuthorizationInfo(**info))))

    def test_that_asks_and_has_one(self, provider: Any, run: Any) -> None:
        info = AuthorizationInfo(out_authorization_no="AUTH1", user_display_name="u")
        request = transfer(openid=None, out_authorization_no="AUTH2", authorization_info=info)
        with pytest.raises(InvalidArgument, match="authorization_info does not go with"):
            run(provider.transfer(request))
