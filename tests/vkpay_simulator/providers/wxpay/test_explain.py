"""What the journal says about a refusal: what is wrong with this very request, and what to do."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from tests.vkpay_simulator.providers.wxpay.shop import NONCE, Result, Shop

NO = "T20260101000001"
NATIVE = "/v3/pay/transactions/native"
QUERY = f"/v3/pay/transactions/out-trade-no/{NO}?mchid=1"
STAMP = f"1767196800\n{NONCE}\n"


def explained(result: Result) -> str:
    assert result.status >= 202
    return result.answer.explain


def test_nothing_to_explain(shop: Shop) -> None:
    assert shop.create().answer.explain == ""


class TestSignature:
    """An RSA signature tells whether the key was right, and the digest of what was signed."""

    BODY = b'{"description": "tea", "amount": 1}'

    def post(self, shop: Shop, text: str) -> str:
        return explained(shop.post(NATIVE, self.BODY, text=text.encode()))

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("POST\n{path}\n{stamp}{body}", "the line feed after the last line is missing"),
            ("POST\r\n{path}\r\n{crlf}{body}\r\n", "CR LF"),
            ("POST\n{path}\n{stamp}\n", "the body was left out"),
            ("POST\nhttp://127.0.0.1:9200{path}\n{stamp}{body}\n", "scheme and host were signed"),
            ("post\n{path}\n{stamp}{body}\n", "upper case"),
            ('POST\n{path}\n{stamp}{{"description":"tea","amount":1}}\n', "sign the bytes that are sent"),
            ('POST\n{path}\n{stamp}{{"amount": 1, "description": "tea"}}\n', "sign the bytes that are sent"),
            ("POST\n{path}\n{stamp}another\n", "another text was signed"),
        ],
    )
    def test_right_key(self, shop: Shop, text: str, says: str) -> None:
        crlf = STAMP.replace("\n", "\r\n")
        text = text.format(path=NATIVE, stamp=STAMP, crlf=crlf, body=self.BODY.decode())
        explanation = self.post(shop, text)
        assert explanation.startswith("SIGN_ERROR: The key is right, but")
        assert says in explanation

    def test_the_string_that_was_verified_is_shown(self, shop: Shop) -> None:
        built = f"POST\\n{NATIVE}\\n1767196800\\n{NONCE}\\n" + self.BODY.decode() + "\\n"
        assert self.post(shop, "x").endswith(f"The server verified {built}")

    @pytest.mark.parametrize(
        ("target", "signed", "says"),
        [
            (QUERY, QUERY.partition("?")[0], "the query string was left out"),
            (QUERY.replace("T2", "T%32"), QUERY, "the path was decoded"),
        ],
    )
    def test_target(self, shop: Shop, target: str, signed: str, says: str) -> None:
        assert says in explained(shop.get(target, text=f"GET\n{signed}\n{STAMP}\n".encode()))

    def test_body_of_a_get(self, shop: Shop) -> None:
        text = f"GET\n{QUERY}\n{STAMP}{{}}\n".encode()
        assert "the body of a GET is not signed" in explained(shop.get(QUERY, body=b"{}", text=text))

    def test_wrong_key(self, shop: Shop, certs: Shop) -> None:
        serial = shop.account.certificate.serial
        certs.account.certificates = {serial: certs.account.certificate}
        foreign = certs.request("GET", QUERY, mchid=shop.account.mchid, serial_no=serial)
        assert f"not made with the private key of certificate {serial}" in explained(shop.send(foreign))

    def test_wrong_padding(self, shop: Shop) -> None:
        key, pss = shop.account.certificate.key, padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        signature = key.sign(b"x", pss, hashes.SHA256()).hex()
        assert "RSASSA-PKCS1-v1_5" in explained(shop.get(QUERY, signature=signature))

    def test_no_secrets_and_not_endless(self, shop: Shop) -> None:
        order = shop.code_order(description="x" * 2000)
        explanation = explained(shop.post("/v3/pay/transactions/codepay", order, text=b"x"))
        assert order["payer"]["auth_code"] not in explanation
        assert len(explanation) < 1500
        order = shop.code_order()
        explanation = explained(shop.post("/v3/pay/transactions/codepay", order, text=b"x"))
        assert order["payer"]["auth_code"] not in explanation

    @pytest.mark.parametrize("body", [b"{", b"[" * 100_000, b'"\\ud800"'])
    def test_body_that_is_no_json(self, shop: Shop, body: bytes) -> None:
        assert "another text was signed" in explained(shop.post(NATIVE, body, text=b"x"))


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"serial_no": "0" * 40}, "serial_no {0}*: {mchid} signs with {serial}"),
        ({"mchid": "1900000000"}, "1900000000 has no API certificate here"),
        ({"timestamp": "1767196499"}, "timestamp 1767196499 is 301 s away from the server's 1767196800"),
        ({"nonce_str": "n" * 33}, 'mchid="…",nonce_str="…"'),
    ],
)
def test_who_and_when(shop: Shop, changed: dict[str, Any], says: str) -> None:
    explanation = explained(shop.get(QUERY, **changed))
    head, _, tail = says.partition("*")
    known = {"mchid": shop.account.mchid, "serial": shop.account.certificate.serial}
    assert head.format("0" * 40) in explanation
    assert tail.format(**known) in explanation


def test_scheme_and_headers(shop: Shop) -> None:
    assert "Basic" in explained(shop.get(QUERY, headers={"Authorization": "Basic x"}))
    assert "User-Agent" in explained(shop.get(QUERY, headers={"User-Agent": None}))
    shop.account.certificate.state = "revoked"
    assert "is revoked" in explained(shop.get(QUERY))


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"amount": {}}, "PARAM_ERROR: /amount/total (body): required field is missing; send it."),
        ({"total_fee": 1}, "/total_fee (body): field is not defined; leave it out"),
        ({"out_trade_no": "T2026/01"}, "it is 6 to 32 of the characters 0-9 A-Z a-z _ - | *."),
        ({"notify_url": "https://a.example"}, "it is http or https, with a path, without a query."),
        ({"time_expire": "2026-01-01"}, "write it as 2026-01-01T12:00:00+08:00."),
        ({"limit_pay": ["x"]}, "/limit_pay/0 (body): value is not one of the allowed."),
    ],
)
def test_param_error(shop: Shop, changed: dict[str, Any], says: str) -> None:
    assert says in explained(shop.create("native", **changed))


def test_param_error_of_the_whole_body(shop: Shop) -> None:
    assert explained(shop.post(NATIVE, b"{")) == (
        "PARAM_ERROR: the whole (body): body is not JSON in UTF-8; send a JSON object."
    )


def test_a_fault_has_code_and_text(shop: Shop) -> None:
    request = shop.request("GET", QUERY)
    assert (
        shop.sim.business_error(request, "query", "BANK_ERROR").explain
        == "BANK_ERROR: 银行系统异常，请稍后重试"
    )
    assert shop.sim.business_error(request, "query", "PARAM_ERROR").explain == "PARAM_ERROR: 参数错误"


class TestWhose:
    def test_merchant(self, shop: Shop, certs: Shop, partner: Shop) -> None:
        number = certs.paid()["transaction_id"]
        target = f"/v3/pay/transactions/id/{number}?mchid={shop.account.mchid}"
        assert f"belongs to {certs.account.mchid}" in explained(shop.get(target))
        assert f"names {certs.account.mchid}" in explained(shop.create(mchid=certs.account.mchid))
        assert "no such order" in explained(shop.query())
        assert "service provider" in explained(partner.create())
        assert f"belongs to {certs.account.mchid}" in explained(shop.refund(transaction_id=number))

    def test_appid_and_product(self, shop: Shop) -> None:
        app = shop.account.appids["app"]
        assert f"for app: use {app}." in explained(shop.create("app", appid="wx0"))
        shop.account.permissions.discard("native")
        assert "has not opened native; it has app" in explained(shop.create("native"))

    def test_sub_merchant(self, partner: Shop, shop: Shop) -> None:
        first, second = partner.account.subs.values()
        order = {
            "sp_appid": partner.account.appids["mini"],
            "sp_mchid": partner.account.mchid,
            **partner.order("native", appid=None, mchid=None),
        }
        target = "/v3/pay/partner/transactions/native"

        def post(**changed: Any) -> str:
            return explained(partner.post(target, order | changed))

        assert first.mchid in post(sub_mchid="1600000000")
        assert "own number" in post(sub_mchid=partner.account.mchid)
        assert f"it is {first.appid}" in post(sub_mchid=first.mchid, sub_appid="wx0")
        assert "leave sub_appid out" in post(sub_mchid=second.mchid, sub_appid="wx0")
        assert partner.post(target, order | {"sub_mchid": first.mchid}).status == 200
        assert f"an order of {first.mchid}" in post(sub_mchid=second.mchid)
        assert "without /partner/" in explained(
            shop.post(target, order | {"sub_mchid": "1", "sp_mchid": shop.account.mchid})
        )

    def test_key_of_a_sensitive_field(self, shop: Shop) -> None:
        secret, headers = shop.encrypted("张三")
        assert f"Wechatpay-Serial: {headers['Wechatpay-Serial']}" in explained(
            shop.transfer(user_name=secret)
        )
        unknown = shop.transfer(user_name=secret, headers={"Wechatpay-Serial": "7" * 40})
        assert "7" * 40 + " is not the key" in explained(unknown)
        assert "RSA-OAEP with SHA-1" in explained(shop.transfer(user_name="张三", headers=headers))


class TestAgain:
    def test_what_differs(self, shop: Shop) -> None:
        shop.create("native")
        assert "attach, amount." in explained(shop.create("native", amount={"total": 1}, attach="x"))
        assert "h5 instead of native" in explained(shop.create("h5"))
        shop.sim.pay(NO)
        assert "was paid at 2026-01-01T00:00:00+08:00" in explained(shop.create("native"))
        shop.refund()
        assert "number: reason." in explained(shop.refund(reason="x"))
        shop.transfer()
        assert "transfer_amount" in explained(shop.transfer(transfer_amount=501))

    def test_closed(self, shop: Shop) -> None:
        shop.create()
        shop.close()
        assert f"{NO} is CLOSED: create another order" in explained(shop.create())


class TestTimeAndMoney:
    async def test_expired(self, shop: Shop) -> None:
        expiry = "2026-01-01T00:10:00+08:00"
        shop.create(time_expire=expiry)
        await shop.world.agenda.advance(601)
        assert f"until {expiry}, now it is 2026-01-01T00:10:01+08:00" in explained(
            shop.create(time_expire=expiry)
        )

    async def test_refunds(self, shop: Shop) -> None:
        assert "not among those" in explained(shop.refund())
        shop.create("native")
        assert "The order is NOTPAY" in explained(shop.refund())
        shop.sim.pay(NO)
        assert "own total, 100 fen" in explained(
            shop.refund(amount={"refund": 1, "total": 9, "currency": "CNY"})
        )
        shop.refund(40)
        await shop.world.agenda.advance(20)
        assert "wait 40 s" in explained(shop.refund(1, "R2"))
        await shop.world.agenda.advance(40)
        assert "60 fen are left, not 61" in explained(shop.refund(61, "R2"))
        shop.account.balances[shop.account.mchid] = 5
        assert "has 5 fen" in explained(shop.refund(10, "R2"))
        await shop.world.agenda.advance(366 * 86_400)
        assert "365 days" in explained(shop.refund(1, "R2"))
        assert "no such refund" in explained(shop.get("/v3/refund/domestic/refunds/R9"))

    async def test_code_payments(self, shop: Shop) -> None:
        shop.scan_code("03")
        assert "15 s after" in explained(shop.reverse())
        assert "/reverse" in explained(shop.close())
        again = shop.scan_code("03", out_trade_no="T20260101000002")
        assert f"used for {NO}" in explained(again)
        assert "18 digits" in explained(shop.scan_code(out_trade_no="T3333333", payer={"auth_code": "1"}))
        assert "on purpose" in explained(shop.scan_code("11", out_trade_no="T3333333"))

    def test_transfers(self, shop: Shop) -> None:
        assert "活动名称、奖励说明" in explained(
            shop.transfer(transfer_scene_report_infos=[{"info_type": "x", "info_content": "x"}])
        )
        assert "one of 1000, 1002" in explained(shop.transfer(transfer_scene_id="1"))
        assert "2000 yuan" in explained(shop.transfer(transfer_amount=200_000))
        assert "--allow-notify-host" in explained(shop.transfer(notify_url="http://a.example/n"))


def test_the_journal_shows_it_and_the_wire_does_not(shop: Shop) -> None:
    answer = shop.query().answer
    assert answer.explain not in json.dumps(dict(answer.headers))
    assert answer.explain.encode() not in answer.body
