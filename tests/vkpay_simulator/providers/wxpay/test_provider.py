"""What the simulator's control side asks of the provider."""

from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from tests.vkpay_simulator.providers.wxpay.conftest import new_world
from tests.vkpay_simulator.providers.wxpay.shop import OPENID, Shop, check_signed, match
from vkpay_simulator.exchange import Answer
from vkpay_simulator.faults import BusinessCode
from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.providers.wxpay import WxpaySim
from vkpay_simulator.providers.wxpay.errors import CATALOGUE

NO = "T20260101000001"
PROBE = "WECHATPAY/SIGNTEST/"
BILLS = "/v3/fund-app/mch-transfer/transfer-bills"


class TestConfigRow:
    def nodes(self, shop: Shop) -> dict[str, Any]:
        row = shop.sim.config_row(shop.world.merchants[shop.account.pid])
        nodes: dict[str, Any] = row["wxpay"]
        return nodes

    def test_public_key_mode(self, shop: Shop) -> None:
        nodes = self.nodes(shop)
        assert list(nodes) == ["mp-weixin", "app-plus", "h5", "h5-weixin", "mweb", "transfer", "codepay"]
        node = nodes["mp-weixin"]
        assert (node["appId"], node["mchId"], node["version"]) == (
            shop.account.appids["mini"], shop.account.mchid, 3,
        )  # fmt: skip
        assert (len(node["key"]), len(node["v3Key"]), len(node["secret"])) == (32, 32, 32)
        assert node["wxpayPublicKeyId"].startswith("PUB_KEY_ID_")
        load_pem_public_key(node["wxpayPublicKeyContent"].encode())
        assert (node["platformCertContent"], node["platformSerialNo"]) == ("", "")
        assert "subMerchants" not in node
        assert nodes["mweb"]["sceneInfo"]["h5_info"]["type"] == "Wap"

    def test_merchant_certificate_and_key_belong_together(self, shop: Shop) -> None:
        node = self.nodes(shop)["h5"]
        certificate = x509.load_pem_x509_certificate(node["appCertContent"].encode())
        key = load_pem_private_key(node["appPrivateKeyContent"].encode(), None)
        assert certificate.public_key() == key.public_key()
        assert node["serialNo"] == f"{certificate.serial_number:040X}"

    def test_certificate_mode(self, certs: Shop) -> None:
        node = self.nodes(certs)["transfer"]
        certificate = x509.load_pem_x509_certificate(node["platformCertContent"].encode())
        assert node["platformSerialNo"] == f"{certificate.serial_number:040X}"
        assert "wxpayPublicKeyId" not in node

    def test_sub_merchants(self, partner: Shop) -> None:
        first, second = self.nodes(partner)["mp-weixin"]["subMerchants"]
        assert first["subAppid"].startswith("wx")
        assert sorted(second) == ["name", "subMchid"]

    def test_no_secret_in_the_repr(self, shop: Shop) -> None:
        node = self.nodes(shop)["mp-weixin"]
        for secret in (node["key"], node["v3Key"], node["secret"], "PrivateKey"):
            assert secret not in repr(shop.account)


class TestPay:
    def test_view(self, shop: Shop) -> None:
        shop.create()
        view = shop.sim.pay(NO, pid="default", payer=OPENID, channel="ICBC_DEBIT")
        assert (view.provider, view.pid, view.product, view.state, view.total_fee, view.payer, view.paid_ms) == (
            "wxpay", "default", "jsapi", "SUCCESS", 100, OPENID, 1_767_196_800_000,
        )  # fmt: skip
        assert shop.sim.orders() == [view]

    def test_scanning_names_the_payer(self, shop: Shop) -> None:
        shop.create("native")
        shop.sim.scan(NO, payer="o" * 28)
        assert shop.sim.pay(NO).payer == "o" * 28

    def test_giving_up_leaves_it_payable(self, shop: Shop) -> None:
        shop.create()
        assert shop.sim.cancel(NO).state == "NOTPAY"
        assert shop.sim.pay(NO).state == "SUCCESS"
        assert len(shop.sent) == 1

    @pytest.mark.parametrize(("payer", "message"), [("x", "no openid"), ("o" * 28, "leave payer out")])
    def test_payer(self, shop: Shop, payer: str, message: str) -> None:
        shop.create()
        with pytest.raises(SimulatorError, match=message):
            shop.sim.pay(NO, payer=payer)

    def test_unknown(self, shop: Shop) -> None:
        with pytest.raises(SimulatorError, match="create it first") as caught:
            shop.sim.pay(NO)
        assert caught.value.status == 404

    def test_paid_already(self, shop: Shop) -> None:
        shop.paid()
        with pytest.raises(SimulatorError, match="SUCCESS"):
            shop.sim.pay(NO)

    def test_two_merchants_with_one_number(self, shop: Shop, certs: Shop) -> None:
        shop.create()
        certs.create()
        with pytest.raises(SimulatorError, match=r"certs.*default"):
            shop.sim.pay(NO)
        assert shop.sim.pay(NO, pid="certs").pid == "certs"


class TestSubject:
    def subject(self, shop: Shop, method: str, target: str, body: Any = None, **more: Any) -> str | None:
        route, request = match(shop.routes, shop.request(method, target, body, **more))
        return shop.sim.subject_of(request, route.operation)

    def test_orders(self, shop: Shop) -> None:
        assert self.subject(shop, "POST", "/v3/pay/transactions/jsapi", shop.order()) == NO
        assert self.subject(shop, "GET", f"/v3/pay/transactions/out-trade-no/{NO}?mchid=1") == NO
        number = shop.paid()["transaction_id"]
        assert self.subject(shop, "GET", f"/v3/pay/transactions/id/{number}?mchid=1") == NO

    def test_authorisations(self, shop: Shop) -> None:
        base = "/v3/fund-app/mch-transfer/user-confirm-authorization"
        named = {"out_authorization_no": "AUTH1"}
        assert self.subject(shop, "POST", base, named) == "AUTH1"
        assert self.subject(shop, "GET", f"{base}/out-authorization-no/AUTH1") == "AUTH1"
        assert self.subject(shop, "POST", f"{base}/out-authorization-no/AUTH1/close") == "AUTH1"
        assert self.subject(shop, "POST", f"{BILLS}/transfer", {"out_bill_no": "B1", **named}) == "B1"

    def test_refunds(self, shop: Shop) -> None:
        number = shop.paid()["transaction_id"]
        refunds = "/v3/refund/domestic/refunds"
        assert self.subject(shop, "POST", refunds, {"out_trade_no": NO, "out_refund_no": "R1"}) == NO
        assert self.subject(shop, "POST", refunds, {"transaction_id": number}) == NO
        assert self.subject(shop, "GET", f"{refunds}/R1") is None
        shop.refund()
        assert self.subject(shop, "GET", f"{refunds}/R1") == NO
        assert self.subject(shop, "GET", f"{refunds}/R1", headers={"Authorization": None}) is None

    def test_transfers(self, shop: Shop) -> None:
        number = shop.transfer().data["transfer_bill_no"]
        assert self.subject(shop, "POST", BILLS, {"out_bill_no": "B1"}) == "B1"
        assert self.subject(shop, "POST", f"{BILLS}/out-bill-no/B1/cancel") == "B1"
        assert self.subject(shop, "GET", f"{BILLS}/transfer-bill-no/{number}") == "B1"

    @pytest.mark.parametrize("body", [b"{", b"[]", b""])
    def test_nothing_named(self, shop: Shop, body: bytes) -> None:
        assert self.subject(shop, "POST", "/v3/security/echo", body) is None


class TestBusinessError:
    @pytest.mark.parametrize("code", CATALOGUE)
    def test_known(self, shop: Shop, code: str) -> None:
        answer = shop.sim.business_error(shop.request("GET", "/v3/certificates"), "certificates", code)
        check_signed(shop.sim, shop.account, answer)
        assert answer.status == CATALOGUE[code].status
        assert code.encode() in answer.body

    def test_status_depends_on_the_endpoint(self, shop: Shop) -> None:
        request = shop.request("GET", "/v3/refund/domestic/refunds/R1")
        assert shop.sim.business_error(request, "query_refund", "MCH_NOT_EXISTS").status == 404
        assert shop.sim.business_error(request, "query", "MCH_NOT_EXISTS").status == 400

    def test_refused_when_the_fault_is_set(self, shop: Shop) -> None:
        assert shop.sim.error_codes() == set(CATALOGUE)
        with pytest.raises(SimulatorError, match=r"Did you mean ORDERPAID\?.*Codes of wxpay"):
            shop.world.faults.add(BusinessCode(code="ORDERPAY"))

    def test_unknown(self, shop: Shop) -> None:
        with pytest.raises(SimulatorError, match="NOT_ENOUGH"):
            shop.sim.business_error(shop.request("GET", "/v3/certificates"), "certificates", "NO_SUCH_CODE")


class TestSpoilt:
    def test_answer(self, shop: Shop) -> None:
        answer = shop.create().answer
        spoilt = shop.sim.spoil_signature(answer)
        assert spoilt.headers["Wechatpay-Signature"] == PROBE + answer.headers["Wechatpay-Signature"]
        assert (spoilt.status, spoilt.body) == (answer.status, answer.body)

    def test_answer_that_has_none(self, shop: Shop) -> None:
        assert shop.sim.spoil_signature(Answer(status=502)) == Answer(status=502)

    def test_notification(self, shop: Shop) -> None:
        shop.paid()
        outgoing = shop.sent[0].build(0)
        spoilt = shop.sim.spoil_outgoing(outgoing)
        assert spoilt.headers["Wechatpay-Signature"].startswith(PROBE)
        assert spoilt.body == outgoing.body


def test_reset(shop: Shop) -> None:
    shop.paid()
    shop.scan_code(out_trade_no="T20260101000002")
    shop.refund()
    shop.transfer()
    shop.sim.reset()
    assert shop.sim.orders() == []
    assert shop.account.balances == {shop.account.mchid: 100_000_000}
    assert shop.scan_code().status == 200
    assert shop.get("/v3/refund/domestic/refunds/R1").status == 404
    assert shop.get(f"{BILLS}/out-bill-no/B1").status == 404


def test_reset_restores_what_tests_change(shop: Shop) -> None:
    shop.account.permissions.clear()
    shop.account.transfer_limits, shop.account.check_perception = (1, 2), True
    shop.sim.reset()
    assert shop.transfer(user_recv_perception="x").status == 200


def test_unknown_merchant(sim: WxpaySim) -> None:
    with pytest.raises(SimulatorError, match="POST /_sim/merchants"):
        sim.rotate_certificate("nobody")


def test_one_seed_one_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same requests get the same bytes."""
    seen = []
    for _ in "12":
        world = new_world()
        sent: list[Any] = []
        monkeypatch.setattr(world, "notify", sent.append)
        shop = Shop(world, world.providers["wxpay"], "certs", sent)  # type: ignore[arg-type]
        answers = [shop.create("native").answer, shop.close("T0").answer, shop.get("/v3/certificates").answer]
        shop.sim.pay(NO)
        answers += [shop.refund().answer, shop.transfer().answer]
        seen.append([(a.status, a.body, list(a.headers.items())) for a in answers])
        seen[-1].append((0, sent[0].build(0).body, list(sent[0].build(1).headers.items())))
    assert seen[0] == seen[1]
