"""Who may come in, in Douyin's own order, and why somebody may not."""

import hashlib
import json
from typing import Any

import pytest

from tests.vkpay_simulator.providers.douyin.merchant import Shop, Simulated, ecpay_sign, order, read
from vkpay_simulator.exchange import Answer

CREATE = "/api/apps/ecpay/v1/create_order"


def sent(simulated: Simulated, body: Any, path: str = CREATE) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return simulated.route("POST", path, raw)


@pytest.mark.parametrize(
    "body", [b"", b"x", b"[]", b'"x"', b"{", b"\xff", b"[" * 100_000, b'{"a":' * 100_000]
)
def test_what_is_no_json_object(simulated: Simulated, body: bytes) -> None:
    assert read(sent(simulated, body))["err_no"] == 2010


def test_one_thing_after_the_other(simulated: Simulated, shop: Shop) -> None:
    partner = simulated.shop("partner")
    wrong: dict[str, Any] = {"app_id": "tt0", "thirdparty_id": "tt1", "sign": "x", "total_amount": "?"}
    assert read(sent(simulated, wrong))["err_no"] == 2042
    wrong["app_id"] = shop.app_id
    assert read(sent(simulated, wrong))["err_no"] == 2047
    wrong["app_id"] = partner.app_id
    assert read(sent(simulated, wrong))["err_no"] == 2047
    wrong["thirdparty_id"] = partner.node["thirdpartyId"]
    simulated.control("account", pid="partner", authorised=False)
    assert read(sent(simulated, wrong))["err_no"] == 2048
    simulated.control("account", pid="partner", authorised=True)
    assert read(sent(simulated, wrong))["err_no"] == 2008
    wrong["sign"] = ecpay_sign(wrong, partner.node["salt"])
    assert read(sent(simulated, wrong))["err_no"] == 2010


def test_a_service_provider_acts_for_its_app(simulated: Simulated) -> None:
    partner = simulated.shop("partner")
    partner.extra = {"thirdparty_id": partner.node["thirdpartyId"]}
    partner.paid()
    assert partner.status() == "SUCCESS"


@pytest.mark.parametrize("name", ["create_return", "query_return"])
def test_returns_have_a_code_of_their_own_for_a_foreign_app(simulated: Simulated, name: str) -> None:
    answer = read(sent(simulated, {"app_id": "tt0"}, f"/api/apps/ecpay/v1/{name}"))
    assert (answer["err_no"], answer["err_tips"]) == (2020, "非法app_id")


def test_the_sign_covers_every_value(shop: Shop) -> None:
    signed = shop.signed(order())
    assert read(sent(shop.simulated, signed | {"total_amount": 1}))["err_no"] == 2008
    assert read(sent(shop.simulated, signed | {"cp_extra": "x"}))["err_no"] == 2008
    assert read(sent(shop.simulated, dict(reversed(signed.items()))))["err_no"] == 0


def test_what_an_answer_looks_like(shop: Shop) -> None:
    answer = sent(shop.simulated, shop.signed(order()))
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert len(answer.headers["X-Tt-Logid"]) == 34
    refused = sent(shop.simulated, shop.signed(order(total=0)))
    assert refused.status == 200
    assert refused.headers["X-Tt-Logid"] != answer.headers["X-Tt-Logid"]


def mistaken(shop: Shop, what: str) -> str:
    """The sign of a client with one mistake."""
    salt, fields = shop.node["salt"], order(disable_msg=0)
    texts = [str(value) for value in fields.values()]
    made = {
        "upper": ecpay_sign(fields, salt).upper(),
        "app_id": ecpay_sign(fields | {"x": shop.app_id}, salt),
        "zeros": ecpay_sign({k: v for k, v in fields.items() if v}, salt),
        "names": digest("&".join(f"{k}={v}" for k, v in sorted(fields.items())) + f"&{salt}"),
        "behind": digest("&".join([*sorted(texts), salt])),
        "unsorted": digest("&".join([*texts, salt])),
        "salt": ecpay_sign(fields, "another"),
        "none": "",
    }
    return made[what]


def digest(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("upper", "lower-case"),
        ("app_id", "app_id was signed"),
        ("zeros", "Zeros were left out"),
        ("names", "Names were signed"),
        ("behind", "sorted among them"),
        ("unsorted", "not sorted"),
        ("salt", "this app's own"),
        ("none", "No sign came"),
    ],
)
def test_the_journal_says_what_was_signed_instead(shop: Shop, what: str, told: str) -> None:
    body = {"app_id": shop.app_id, **order(disable_msg=0), "sign": mistaken(shop, what)}
    answer = sent(shop.simulated, body)
    assert read(answer)["err_no"] == 2008
    assert told in answer.explain
    assert shop.node["salt"] not in answer.explain


def test_an_object_that_was_signed_as_text(shop: Shop) -> None:
    info = {"actual_delivery_fee": 10}
    text = json.dumps(info, separators=(",", ":"))
    body = {"app_id": shop.app_id, **order(), "expand_order_info": info}
    answer = sent(
        shop.simulated, body | {"sign": ecpay_sign(order(expand_order_info=text), shop.node["salt"])}
    )
    assert "post the JSON text itself" in answer.explain


def test_prod_id_may_be_signed_or_not(shop: Shop) -> None:
    body = {"app_id": shop.app_id, **order(), "prod_id": "p"}
    for fields in (order(), order(prod_id="p")):
        answer = sent(shop.simulated, body | {"sign": ecpay_sign(fields, shop.node["salt"])})
        assert read(answer)["err_no"] == 0


async def test_too_many_calls_a_second(shop: Shop, simulated: Simulated) -> None:
    simulated.control("rules", rate_limit=True)
    shop.paid()
    codes = [shop.call("query_refund", out_refund_no="R1")["err_no"] for _ in range(31)]
    assert codes == [3101] * 30 + [1001]
    assert simulated.shop("partner").call("query_refund", out_refund_no="R1")["err_no"] == 3101
    await simulated.advance(1)
    assert shop.refund_status("R1") == "3101"


class TestSandbox:
    @pytest.fixture(autouse=True)
    def sandbox(self, simulated: Simulated, shop: Shop) -> None:
        simulated.control("account", pid="default", sandbox=True)

    def test_a_negative_test_fails(self, shop: Shop) -> None:
        shop.headers = {"Aweme_Negative_Test": "MA_PAY_BAN"}
        assert shop.call("create_order", **order()) == {
            "err_no": 2010,
            "err_tips": "小程序支付能力已被封禁",
            "data": None,
        }
        shop.headers = {}
        assert shop.created()

    def test_production_does_not_know_negative_tests(self, simulated: Simulated) -> None:
        partner = simulated.shop("partner")
        partner.headers = {"Aweme_Negative_Test": "MA_PAY_BAN"}
        assert partner.created()

    def test_some_calls_are_not_there(self, shop: Shop) -> None:
        answer = shop.call("query_merchant_balance", merchant_uid=shop.mch_id, channel_type="wx")
        assert (answer["err_no"], answer["err_tips"]) == (2010, "沙盒环境不支持该接口")

    def test_each_notification_comes_once(self, shop: Shop, simulated: Simulated) -> None:
        shop.paid()
        (delivery,) = simulated.notified
        assert delivery.pauses == ()

    async def test_an_order_is_settled_at_once(self, shop: Shop, simulated: Simulated) -> None:
        shop.paid()
        assert shop.settle("S1")["err_no"] == 0
