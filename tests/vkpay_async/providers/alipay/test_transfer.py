"""Transfers, their query, the balance, and calls of any other method."""

from __future__ import annotations

import json
from typing import Any

import pytest

from vkpay_async.errors import (
    ConfigError,
    InvalidArgument,
    PaymentRefused,
    ProviderOutcomeUnknown,
    ResourceNotFound,
)
from vkpay_async.models import (
    AuthorizationInfo,
    AuthorizationRequest,
    PayeeInfo,
    TransferRef,
    TransferRequest,
    TransferState,
)
from vkpay_async.providers.alipay.about import AlipayNode
from vkpay_async.providers.alipay.provider import AlipayProvider

PAYEE = PayeeInfo(identity="2088102177846880", identity_type="ALIPAY_USER_ID")


def request_of(**fields: Any) -> TransferRequest:
    defaults: dict[str, Any] = {
        "out_bill_no": "B1",
        "transfer_amount": 1000,
        "order_title": "佣金",
        "payee_info": PAYEE,
    }
    return TransferRequest(**{**defaults, **fields})


def test_transfer(cert_provider: AlipayProvider, pki: Any, server: Any, exchange: Any) -> None:
    run = exchange(
        lambda request: server.ok(
            request,
            out_biz_no="B1",
            order_id="20231115110070000006",
            pay_fund_order_id="2023",
            status="SUCCESS",
            trans_date="2023-11-15 06:13:20",
        )
    )
    transfer = run(
        cert_provider.transfer(
            request_of(
                transfer_remark="十月",
                payer_use_alias=True,
                transfer_scene_name="佣金报酬",
                transfer_scene_report_infos=[{"info_type": "佣金报酬说明", "info_content": "十月"}],
                payee_info=PayeeInfo(identity="a@b.test", name="张三", cert_type="PASSPORT", cert_no="E1"),
            )
        )
    )
    assert (transfer.state, transfer.raw_state) == (TransferState.SUCCESS, "SUCCESS")
    assert (transfer.out_bill_no, transfer.transfer_bill_no) == ("B1", "20231115110070000006")
    assert transfer.transfer_amount == 1000
    (request,) = run.requests
    assert (request.operation, request.moves_money, request.repeatable) == ("alipay.transfer", True, True)
    content = server.biz(request)
    assert json.loads(content.pop("business_params")) == {"payer_show_name_use_alias": "true"}
    assert content == {
        "out_biz_no": "B1",
        "trans_amount": "10.00",
        "product_code": "TRANS_ACCOUNT_NO_PWD",
        "biz_scene": "DIRECT_TRANSFER",
        "order_title": "佣金",
        "payee_info": {
            "identity": "a@b.test",
            "identity_type": "ALIPAY_LOGON_ID",
            "name": "张三",
            "cert_type": "PASSPORT",
            "cert_no": "E1",
        },
        "remark": "十月",
        "transfer_scene_name": "佣金报酬",
        "transfer_scene_report_infos": [{"info_type": "佣金报酬说明", "info_content": "十月"}],
    }
    params = server.params(request)
    assert params["app_cert_sn"] == pki.app.sn
    assert params["alipay_root_cert_sn"] == pki.root.sn


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"payee_info": None}, 1009),
        ({"payee_info": PayeeInfo(identity="")}, 1009),
        ({"payee_info": PayeeInfo(identity="a@b.test")}, 1010),
        ({"payee_info": PayeeInfo(identity="o", identity_type="ALIPAY_OPEN_ID", cert_type="PASSPORT")}, -1),
        ({"transfer_amount": 9}, 1008),
        ({"transfer_amount": 10.5}, 1008),
        ({"order_title": None}, -1),
        ({"other": {"trans_amount": "1000.00"}}, -1),
    ],
)
def test_refused_transfer(
    cert_provider: AlipayProvider, exchange: Any, fields: dict[str, Any], code: int
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        exchange()(cert_provider.transfer(request_of(**fields)))
    assert caught.value.code == code


def test_transfers_need_certificates(provider: AlipayProvider, exchange: Any) -> None:
    with pytest.raises(ConfigError, match=r"vkpay.toml \[alipay.h5\]: app_cert is not set.*alipay_root_cert"):
        exchange()(provider.transfer(request_of()))


def test_old_nodes_name_their_certificates_by_serial_number(
    make: Any, key_node: AlipayNode, server: Any, exchange: Any
) -> None:
    provider = make(key_node, app_cert_sn="a" * 32, alipay_root_cert_sn="b" * 32)
    run = exchange(lambda request: server.ok(request, status="SUCCESS", order_id="O1"))
    assert run(provider.transfer(request_of())).out_bill_no == "B1"
    params = server.params(run.requests[0])
    assert (params["app_cert_sn"], params["alipay_root_cert_sn"]) == ("a" * 32, "b" * 32)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("SUCCESS", TransferState.SUCCESS),
        ("DEALING", TransferState.PROCESSING),
        ("WAIT_PAY", TransferState.ACCEPTED),
        ("FAIL", TransferState.FAIL),
        ("REFUND", TransferState.FAIL),
        ("CLOSED", TransferState.CANCELLED),
        ("DREAMING", TransferState.UNKNOWN),
    ],
)
def test_transfer_query(
    provider: AlipayProvider, server: Any, exchange: Any, word: str, state: TransferState
) -> None:
    run = exchange(
        lambda request: server.ok(
            request,
            out_biz_no="B1",
            order_id="O1",
            status=word,
            trans_amount="10.00",
            error_code="PAYEE_NOT_EXIST",
            receiver_user_id="2088102177846880",
        )
    )
    transfer = run(provider.query_transfer(TransferRef(out_bill_no="B1")))
    assert (transfer.state, transfer.transfer_amount, transfer.fail_reason) == (
        state,
        1000,
        "PAYEE_NOT_EXIST",
    )
    assert transfer.openid == "2088102177846880"
    assert server.biz(run.requests[0]) == {
        "out_biz_no": "B1",
        "product_code": "TRANS_ACCOUNT_NO_PWD",
        "biz_scene": "DIRECT_TRANSFER",
    }


def test_transfer_query_by_alipays_number(provider: AlipayProvider, server: Any, exchange: Any) -> None:
    run = exchange(lambda request: server.refusal(request, "ORDER_NOT_EXIST"))
    with pytest.raises(ResourceNotFound, match="same number"):
        run(provider.query_transfer(TransferRef(transfer_bill_no="O1")))
    assert server.biz(run.requests[0]) == {"order_id": "O1"}


def test_transfer_query_needs_a_number(provider: AlipayProvider, exchange: Any) -> None:
    with pytest.raises(InvalidArgument, match="out_bill_no or transfer_bill_no"):
        exchange()(provider.query_transfer(TransferRef()))


def test_transfers_cannot_be_taken_back(provider: AlipayProvider) -> None:
    with pytest.raises(InvalidArgument, match="final at once"):
        provider.cancel_transfer(TransferRef(out_bill_no="B1"))


@pytest.mark.parametrize(
    "call",
    [
        lambda provider: provider.create_authorization(
            AuthorizationRequest(
                out_authorization_no="AUTH1", openid="o", transfer_scene_id="1000", user_display_name="u"
            )
        ),
        lambda provider: provider.query_authorization("AUTH1"),
        lambda provider: provider.close_authorization("AUTH1"),
        lambda provider: next(provider.transfer(request_of(out_authorization_no="AUTH1"))),
        lambda provider: next(provider.transfer(request_of(authorization_id="201"))),
        lambda provider: next(
            provider.transfer(
                request_of(
                    authorization_info=AuthorizationInfo(out_authorization_no="AUTH1", user_display_name="u")
                )
            )
        ),
    ],
)
def test_nobody_confirms_a_transfer_and_nothing_authorises_that(
    cert_provider: AlipayProvider, call: Any
) -> None:
    with pytest.raises(InvalidArgument, match="nobody confirms its transfers"):
        call(cert_provider)


@pytest.mark.parametrize(
    ("sub_code", "error"),
    [
        ("SYSTEM_ERROR", ProviderOutcomeUnknown),
        ("REQUEST_PROCESSING", ProviderOutcomeUnknown),
        ("PAYEE_USERINFO_ERROR", PaymentRefused),
    ],
)
def test_failed_transfer(
    cert_provider: AlipayProvider, server: Any, exchange: Any, sub_code: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        exchange(lambda request: server.refusal(request, sub_code))(cert_provider.transfer(request_of()))


@pytest.mark.parametrize(
    ("user_id", "key"), [("2088101122136241", "alipay_user_id"), ("074a1CcTG1Lelx", "alipay_open_id")]
)
def test_balance(provider: AlipayProvider, server: Any, exchange: Any, user_id: str, key: str) -> None:
    run = exchange(lambda request: server.ok(request, available_amount="26.45", freeze_amount="11.11"))
    balance = run(provider.account_balance(user_id))
    assert (balance.available_amount, balance.freeze_amount, balance.total_amount) == (2645, 1111, None)
    assert server.biz(run.requests[0]) == {key: user_id, "account_type": "ACCTRANS_ACCOUNT"}
    assert balance.to_client() == {"code": 0, "msg": "ok", "availableAmount": 26.45, "freezeAmount": 11.11}


def test_the_balance_is_the_nodes_own_unless_told_otherwise(
    make: Any, key_node: AlipayNode, server: Any, exchange: Any
) -> None:
    run = exchange(lambda request: server.ok(request, available_amount="26.00", total_amount="37.11"))
    balance = run(make(key_node, mch_id="2088101122136241").account_balance())
    assert server.biz(run.requests[0])["alipay_user_id"] == "2088101122136241"
    assert (balance.total_amount, balance.to_client()["availableAmount"]) == (3711, 26)
    with pytest.raises(ConfigError, match="mch_id is not set; it is the 2088… number"):
        next(make(key_node, mch_id=None).account_balance())


def test_any_other_call(provider: AlipayProvider, server: Any, exchange: Any) -> None:
    run = exchange(lambda request: server.reply(request, {"access_token": "t", "expires_in": 3600}))
    content = run(provider.request("alipay.system.oauth.token", grant_type="authorization_code", code="c"))
    assert content == {"access_token": "t", "expires_in": 3600}
    (request,) = run.requests
    params = server.params(request)
    assert (params["grant_type"], params["code"]) == ("authorization_code", "c")
    assert "biz_content" not in params
    assert (request.moves_money, request.repeatable) == (True, False)


def test_any_other_query_only_reads(provider: AlipayProvider, server: Any, exchange: Any) -> None:
    run = exchange(lambda request: server.ok(request, bill_download_url="http://bill.test/"))
    call = provider.request(
        "alipay.data.dataservice.bill.downloadurl.query", {"bill_type": "trade", "bill_date": "2023-11-14"}
    )
    assert run(call)["bill_download_url"] == "http://bill.test/"
    (request,) = run.requests
    assert (request.moves_money, request.repeatable) == (False, True)
    assert server.biz(request) == {"bill_type": "trade", "bill_date": "2023-11-14"}


def test_the_sdks_own_parameters_are_not_to_be_set(provider: AlipayProvider, exchange: Any) -> None:
    with pytest.raises(InvalidArgument, match="sign, timestamp"):
        exchange()(provider.request("alipay.trade.query", {}, timestamp="now", sign="x"))
