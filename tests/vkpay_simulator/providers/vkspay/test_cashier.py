"""The pay page: which wallets it offers, and where it sends the buyer."""

import html
import re
from urllib.parse import urlencode

import pytest

from tests.vkpay_simulator.providers.vkspay.merchant import ALIPAY, WECHAT, Shop, Simulated, link_of
from vkpay_simulator.exchange import Answer


def offered(answer: Answer) -> list[str]:
    return re.findall(r'name="choice" value="(wxpay|alipay)"', answer.body.decode())


@pytest.mark.parametrize(
    ("agent", "only", "wallets"),
    [
        ("", None, ["wxpay", "alipay"]),
        ("", "auto", ["wxpay", "alipay"]),
        ("", "alipay", ["alipay"]),
        (WECHAT, None, ["wxpay"]),
        (ALIPAY, None, ["alipay"]),
        (ALIPAY, "alipay", ["alipay"]),
    ],
)
def test_the_browser_and_the_order_choose_the_wallets(
    simulated: Simulated, shop: Shop, agent: str, only: str | None, wallets: list[str]
) -> None:
    link = link_of(shop.call("webpay", total_fee="1.00", pay_chnl=only))
    assert offered(simulated.route("GET", link, user_agent=agent)) == wallets


def test_a_wallet_that_the_order_excludes_is_told_so(simulated: Simulated, shop: Shop) -> None:
    content = shop.call("webpay", total_fee="1.00", pay_chnl="alipay")
    answer = simulated.route("GET", link_of(content), user_agent=WECHAT)
    assert offered(answer) == []
    assert "不支持" in answer.body.decode()
    simulated.route("POST", link_of(content), b"choice=wxpay")
    assert shop.state(content["data"]["out_trade_no"]) == "NOTPAY"


def test_what_merchants_write_is_shown_and_not_run(simulated: Simulated, shop: Shop) -> None:
    subject = "<script>alert(1)</script>"
    link = link_of(shop.call("webpay", total_fee="12.30", subject=subject))
    page = simulated.route("GET", link).body.decode()
    assert subject not in page
    assert html.escape(subject) in page
    assert "¥12.30" in page


class TestPressing:
    def test_paying_notifies_and_sends_the_buyer_back(self, simulated: Simulated, shop: Shop) -> None:
        content = shop.call(
            "webpay",
            total_fee="1.00",
            notify_url="http://127.0.0.1/n",
            return_url="https://shop.example/back?a=1#top",
        )
        number = content["data"]["out_trade_no"]
        answer = simulated.route("POST", link_of(content), b"choice=alipay")
        assert answer.status == 302
        back = urlencode({"out_trade_no": number})
        assert answer.headers["Location"] == f"https://shop.example/back?a=1&{back}#top"
        (told,) = simulated.told()
        assert (told["out_trade_no"], told["pay_chnl"]) == (number, "alipay")

    def test_without_a_return_address_there_is_a_page(self, simulated: Simulated, shop: Shop) -> None:
        answer = simulated.route("POST", link_of(shop.call("webpay", total_fee="1.00")), b"choice=wxpay")
        assert answer.status == 200
        assert "付款成功" in answer.body.decode()
        assert simulated.notified == []

    @pytest.mark.parametrize("body", [b"choice=leave", b"", b"choice=cash"])
    def test_leaving_leaves_the_order_payable(self, simulated: Simulated, shop: Shop, body: bytes) -> None:
        content = shop.call("webpay", total_fee="1.00")
        simulated.route("POST", link_of(content), body)
        assert shop.state(content["data"]["out_trade_no"]) == "NOTPAY"
        assert offered(simulated.route("GET", link_of(content)))

    def test_an_order_is_paid_once(self, simulated: Simulated, shop: Shop) -> None:
        link = link_of(shop.call("webpay", total_fee="1.00", notify_url="http://127.0.0.1/n"))
        for _ in range(2):
            answer = simulated.route("POST", link, b"choice=wxpay")
        assert "SUCCESS" in answer.body.decode()
        assert len(simulated.notified) == 1
        assert offered(simulated.route("GET", link)) == []

    @pytest.mark.parametrize("method", ["GET", "POST"])
    @pytest.mark.parametrize("target", ["/pay", "/pay?o=nobody"])
    def test_there_is_no_other_link(self, simulated: Simulated, method: str, target: str) -> None:
        assert simulated.route(method, target).status == 404

    def test_a_link_is_for_the_first_wallet_where_the_rule_says_so(
        self, simulated: Simulated, shop: Shop
    ) -> None:
        simulated.control("rules", single_use_links=True)
        link = link_of(shop.call("webpay", total_fee="1.00"))
        assert offered(simulated.route("GET", link)) == ["wxpay", "alipay"]
        assert offered(simulated.route("GET", link, user_agent=WECHAT)) == ["wxpay"]
        assert "重新下单" in simulated.route("GET", link, user_agent=ALIPAY).body.decode()
        assert "付款成功" in simulated.route("POST", link, b"choice=wxpay").body.decode()
