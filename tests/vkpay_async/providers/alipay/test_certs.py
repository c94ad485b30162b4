"""Keys and certificates: what a node needs, and which key believes whom."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from vkpay_async.config import Material, Secret
from vkpay_async.errors import ConfigError, ResponseUnverified, SignatureInvalid
from vkpay_async.models import OrderRef, RefundRequest
from vkpay_async.providers.alipay.about import AlipayNode
from vkpay_async.providers.alipay.provider import AlipayProvider

ORDER = OrderRef(pay_type="alipay_h5", out_trade_no="T1")
NODE = "alipay_trade_query_response"
DOWNLOAD = "alipay_open_app_alipaycert_download_response"
CONTENT = {"code": "10000", "msg": "Success", "out_trade_no": "T1", "trade_status": "TRADE_SUCCESS"}


def certificate_answer(server: Any, pem: str) -> Any:
    content = {
        "code": "10000",
        "msg": "Success",
        "alipay_cert_content": base64.b64encode(pem.encode()).decode(),
    }
    return server.answer(DOWNLOAD, content, sign=None)


@pytest.fixture
def rotated(server: Any, pki: Any) -> Any:
    """Alipay has changed its certificate."""
    server.signer = pki.rotated
    return server


def test_the_configured_certificate(cert_provider: AlipayProvider, server: Any, exchange: Any) -> None:
    run = exchange(lambda request: server.ok(request, **CONTENT))
    assert run(cert_provider.query(ORDER)).out_trade_no == "T1"
    assert len(run.requests) == 1


def test_an_answer_that_names_no_certificate(
    cert_provider: AlipayProvider, server: Any, exchange: Any
) -> None:
    assert exchange(lambda _: server.answer(NODE, CONTENT))(cert_provider.query(ORDER)).out_trade_no == "T1"


def test_key_mode_does_not_care_for_certificates(
    provider: AlipayProvider, server: Any, exchange: Any
) -> None:
    answer = server.answer(NODE, CONTENT, cert_sn="f" * 32)
    assert exchange(lambda _: answer)(provider.query(ORDER)).out_trade_no == "T1"


def test_a_new_certificate_is_downloaded_once(
    make: Any, cert_node: AlipayNode, rotated: Any, pki: Any, exchange: Any
) -> None:
    provider = make(cert_node)
    run = exchange(
        lambda request: rotated.ok(request, **CONTENT),
        lambda _: certificate_answer(rotated, pki.rotated.pem),
        lambda request: rotated.ok(request, **CONTENT),
    )
    assert run(provider.query(ORDER)).out_trade_no == "T1"
    assert run(provider.query(ORDER)).out_trade_no == "T1"
    assert [request.operation for request in run.requests] == [
        "alipay.query",
        "alipay.download_certificate",
        "alipay.query",
    ]
    download = rotated.params(run.requests[1])
    assert download["method"] == "alipay.open.app.alipaycert.download"
    assert rotated.biz(run.requests[1]) == {"alipay_cert_sn": pki.rotated.sn}
    assert run.requests[1].moves_money is False


def test_nodes_may_share_what_one_downloads(
    cert_node: AlipayNode, rotated: Any, pki: Any, exchange: Any, make: Any
) -> None:
    known: dict[Any, Any] = {}
    env = make(cert_node)._gateway._env
    first = AlipayProvider.from_node(cert_node, env, known)
    second = AlipayProvider.from_node(cert_node, env, known)
    exchange(
        lambda request: rotated.ok(request, **CONTENT), lambda _: certificate_answer(rotated, pki.rotated.pem)
    )(first.query(ORDER))
    run = exchange(lambda request: rotated.ok(request, **CONTENT))
    assert run(second.query(ORDER)).out_trade_no == "T1"


def test_a_downloaded_certificate_is_forgotten_when_it_runs_out(
    make: Any, cert_node: AlipayNode, rotated: Any, pki: Any, exchange: Any
) -> None:
    now = [1_700_000_000_000]
    provider = make(cert_node, now_ms=lambda: now[0])
    answers = (
        lambda request: rotated.ok(request, **CONTENT),
        lambda _: certificate_answer(rotated, pki.rotated.pem),
    )
    exchange(*answers)(provider.query(ORDER))
    now[0] = 2_300_000_000_000
    with pytest.raises(SignatureInvalid, match="not valid at 2042"):
        exchange(*answers)(provider.query(ORDER))


@pytest.mark.parametrize(
    ("make_pem", "text"),
    [
        (lambda pki: pki.stranger.pem, "got another"),
        (lambda pki: pki.alipay.pem, "got another"),
        (lambda _: "no certificate", "cannot be read"),
    ],
)
def test_a_wrong_certificate_is_refused(
    cert_provider: AlipayProvider, rotated: Any, pki: Any, exchange: Any, make_pem: Any, text: str
) -> None:
    with pytest.raises(SignatureInvalid, match=text):
        exchange(
            lambda request: rotated.ok(request, **CONTENT),
            lambda _: certificate_answer(rotated, make_pem(pki)),
        )(cert_provider.query(ORDER))


@pytest.mark.parametrize(
    ("signer", "text"), [("stranger", "does not lead to a root"), ("expired", "not valid at")]
)
def test_a_certificate_without_a_good_chain_is_refused(
    cert_provider: AlipayProvider, server: Any, pki: Any, exchange: Any, signer: str, text: str
) -> None:
    server.signer = pki.expired() if signer == "expired" else pki.stranger
    with pytest.raises(SignatureInvalid, match=text):
        exchange(
            lambda request: server.ok(request, **CONTENT),
            lambda _: certificate_answer(server, server.signer.pem),
        )(cert_provider.query(ORDER))


def test_a_download_that_fails_leaves_a_refunds_outcome_open(
    cert_provider: AlipayProvider, rotated: Any, exchange: Any
) -> None:
    run = exchange(
        lambda request: rotated.ok(request, fund_change="Y"),
        lambda _: rotated.answer("error_response", {"code": "40002", "msg": "x"}),
    )
    with pytest.raises(ResponseUnverified, match="could not be downloaded"):
        run(cert_provider.refund(RefundRequest(order=ORDER, out_refund_no="R", refund_fee=1, total_fee=1)))
    assert run.requests[1].moves_money is True


def test_a_serial_number_that_is_none_is_not_looked_up(
    cert_provider: AlipayProvider, server: Any, exchange: Any
) -> None:
    with pytest.raises(SignatureInvalid, match="nothing was looked up"):
        exchange(lambda _: server.answer(NODE, CONTENT, cert_sn="../x"))(cert_provider.query(ORDER))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"private_key": None}, "private_key is not set"),
        ({"private_key": Material("nonsense!")}, "private_key cannot be used: neither PEM, base64 nor DER"),
        ({"alipay_public_key": None}, "alipay_public_key is not set"),
        ({"encrypt_key": Secret("c2hvcnQ=")}, "encrypt_key"),
    ],
)
def test_mistakes_in_a_key_node(make: Any, key_node: AlipayNode, changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError, match=rf"vkpay.toml \[alipay.h5\]: {text}"):
        make(key_node, **changes)


def test_the_apps_own_public_key_in_place_of_alipays(make: Any, key_node: AlipayNode, pki: Any) -> None:
    with pytest.raises(ConfigError, match=r"alipay_public_key is the app's own half.*支付宝公钥"):
        make(key_node, alipay_public_key=Material(pki.app.public_text))


def test_the_two_halves_swapped(make: Any, key_node: AlipayNode, pki: Any) -> None:
    with pytest.raises(ConfigError, match="private_key"):
        make(key_node, private_key=Material(pki.alipay.public_text))


@pytest.mark.parametrize("missing", ["alipay_public_cert", "alipay_root_cert"])
def test_certificate_mode_needs_all_three(make: Any, cert_node: AlipayNode, missing: str) -> None:
    with pytest.raises(ConfigError, match=f"{missing} is not set; certificate mode needs app_cert"):
        make(cert_node, **{missing: None})


def test_a_certificate_of_another_key(make: Any, cert_node: AlipayNode, pki: Any) -> None:
    with pytest.raises(ConfigError, match="app_cert does not belong to private_key"):
        make(cert_node, app_cert=Material(pki.rotated.pem))


def test_the_apps_own_certificate_in_place_of_alipays(make: Any, cert_node: AlipayNode, pki: Any) -> None:
    with pytest.raises(ConfigError, match="alipay_public_cert is the app's own half"):
        make(cert_node, alipay_public_cert=Material(pki.app.pem))


def test_a_certificate_alone_verifies_in_key_mode(
    make: Any, key_node: AlipayNode, pki: Any, server: Any, exchange: Any
) -> None:
    provider = make(key_node, alipay_public_key=None, alipay_public_cert=Material(pki.alipay.pem))
    assert exchange(lambda _: server.answer(NODE, CONTENT))(provider.query(ORDER)).out_trade_no == "T1"


@pytest.mark.parametrize(
    ("changes", "url"),
    [
        ({"base_url": None}, "https://openapi.alipay.com/gateway.do"),
        ({"base_url": None, "sandbox": True}, "https://openapi-sandbox.dl.alipaydev.com/gateway.do"),
        ({"base_url": "http://127.0.0.1:9200/gateway.do"}, "http://127.0.0.1:9200/gateway.do"),
    ],
)
def test_the_gateways_address(make: Any, key_node: AlipayNode, changes: dict[str, Any], url: str) -> None:
    assert next(make(key_node, **changes).query(ORDER)).url == f"{url}?charset=utf-8"


def test_keys_do_not_show(make: Any, cert_node: AlipayNode) -> None:
    assert repr(make(cert_node)._gateway.credentials).startswith("Credentials(app_cert_sn='")
