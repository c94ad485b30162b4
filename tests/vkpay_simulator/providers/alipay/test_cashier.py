"""page.pay and wap.pay in a browser, app.pay on a phone."""

import html
import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tests.vkpay_simulator.providers.alipay.merchant import NOTIFY_URL, Shop, order
from vkpay_simulator.exchange import Answer

PAGE, WAP, APP = "alipay.trade.page.pay", "alipay.trade.wap.pay", "alipay.trade.app.pay"
RETURN_URL = "http://127.0.0.1:8000/back"


def opened(shop: Shop, method: str = PAGE, return_url: str | None = RETURN_URL, **biz: Any) -> Answer:
    product = {PAGE: "FAST_INSTANT_TRADE_PAY", WAP: "QUICK_WAP_WAY"}[method]
    asked = order(**{"product_code": product, **biz})
    params = shop.params(method, asked, notify_url=NOTIFY_URL, return_url=return_url)
    return shop.simulated.route("GET", f"/gateway.do?{urlencode(params)}")


def cashier(answer: Answer) -> str:
    found = re.search(r'action="([^"]+)"', answer.body.decode())
    assert found
    return html.unescape(found[1])


def press(shop: Shop, path: str, choice: str) -> Answer:
    return shop.simulated.route("POST", path, body=f"choice={choice}".encode())


@pytest.mark.parametrize("method", [PAGE, WAP])
def test_the_way_through_the_cashier(shop: Shop, method: str) -> None:
    page = opened(shop, method)
    assert page.headers["Content-Type"] == "text/html;charset=utf-8"
    assert page.headers["trace_id"]
    assert "¥10.00" in page.body.decode()
    assert shop.state() == "ACQ.TRADE_NOT_EXIST"
    answer = press(shop, cashier(page), "pay")
    assert answer.status == 302
    address = urlsplit(answer.headers["Location"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == RETURN_URL
    fields = dict(parse_qsl(address.query, strict_parsing=True))
    shop.verify_form(fields)
    assert fields.pop("sign")
    assert fields == {
        "app_id": shop.node["appId"],
        "auth_app_id": shop.node["appId"],
        "charset": "utf-8",
        "method": f"{method}.return",
        "out_trade_no": "T1",
        "seller_id": shop.pid,
        "sign_type": "RSA2",
        "timestamp": "2026-01-01 00:00:00",
        "total_amount": "10.00",
        "trade_no": shop.query()["trade_no"],
        "version": "1.0",
    }
    assert shop.simulated.told()[0]["trade_status"] == "TRADE_SUCCESS"


def test_the_return_addresss_own_query_stays(shop: Shop) -> None:
    page = opened(shop, return_url=RETURN_URL + "?a=%E4%B8%80&b=一\r\nX: y")
    location = press(shop, cashier(page), "pay").headers["Location"]
    assert location.startswith(RETURN_URL + "?a=%E4%B8%80&b=%E4%B8%80%0D%0AX:%20y&app_id=")


def test_without_a_return_address(shop: Shop) -> None:
    answer = press(shop, cashier(opened(shop, return_url=None)), "pay")
    assert answer.status == 200
    assert "付款成功" in answer.body.decode()


def test_closing_the_page_leaves_the_order_payable(shop: Shop) -> None:
    path = cashier(opened(shop))
    assert "仍可支付" in press(shop, path, "close").body.decode()
    assert cashier(shop.simulated.route("GET", path)) == path
    assert press(shop, path, "pay").status == 302


@pytest.mark.parametrize(
    ("quit_url", "link"),
    [
        ('http://127.0.0.1/"><script>', "http://127.0.0.1/&quot;&gt;&lt;script&gt;"),
        ("javascript:alert(1)", None),
    ],
)
def test_leaving_for_the_quit_url(shop: Shop, quit_url: str, link: str | None) -> None:
    page = press(shop, cashier(opened(shop, WAP, quit_url=quit_url)), "close").body.decode()
    found = re.search(r'href="([^"]*)"', page)
    assert (found and found[1]) == link
    assert "<script" not in page


def test_paying_twice(shop: Shop) -> None:
    path = cashier(opened(shop))
    press(shop, path, "pay")
    assert "TRADE_SUCCESS" in press(shop, path, "pay").body.decode()
    assert "TRADE_SUCCESS" in shop.simulated.route("GET", path).body.decode()
    assert len(shop.simulated.notified) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_page_that_never_was(shop: Shop, method: str) -> None:
    assert shop.simulated.route(method, "/_cashier/alipay/none").status == 404


def test_everything_is_escaped(shop: Shop) -> None:
    page = opened(shop, subject="<script>alert(1)<b>").body.decode()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_mistakes_are_pages_too(shop: Shop) -> None:
    answer = opened(shop, product_code="")
    assert answer.status == 200
    assert "ACQ.INVALID_PARAMETER" in answer.body.decode()
    params = shop.params(PAGE, order(subject="<b>")) | {"sign": "AAAA"}
    page = shop.send(params).body.decode()
    assert "isv.invalid-signature" in page
    assert "&lt;b&gt;" in page
    assert "&amp;lt;" not in page
    again = opened(shop, total_amount="9.00")
    assert "action=" in again.body.decode()
    assert "ACQ.CONTEXT_INCONSISTENT" in opened(shop).body.decode()


def test_the_control_api_pays_an_opened_page(shop: Shop) -> None:
    path = cashier(opened(shop))
    assert shop.simulated.alipay.scan("T1").state == "WAIT_BUYER_PAY"
    assert cashier(shop.simulated.route("GET", path)) == path
    assert shop.simulated.alipay.pay("T1").state == "TRADE_SUCCESS"


class TestTimeouts:
    async def test_a_page_counts_from_its_display(self, shop: Shop) -> None:
        path = cashier(opened(shop, timeout_express="5m"))
        await shop.simulated.advance(300)
        assert "VOID" in press(shop, path, "pay").body.decode()

    async def test_wap_counts_from_the_buyer(self, shop: Shop) -> None:
        opened(shop, WAP, timeout_express="5m")
        await shop.simulated.advance(600)
        shop.simulated.alipay.scan("T1")
        await shop.simulated.advance(299)
        assert shop.state() == "WAIT_BUYER_PAY"
        await shop.simulated.advance(1)
        assert shop.state() == "TRADE_CLOSED"

    async def test_an_absolute_time_holds_for_wap_from_the_start(self, shop: Shop) -> None:
        opened(shop, WAP, time_expire="2026-01-01 00:10:00")
        await shop.simulated.advance(600)
        assert shop.simulated.alipay.orders()[0].state == "VOID"


class TestApp:
    def pay(self, shop: Shop, payer: str | None = None, **params: Any) -> dict[str, Any]:
        text = urlencode(shop.params(APP, order(), notify_url=NOTIFY_URL, **params))
        result: dict[str, Any] = shop.simulated.control("app-pay", order_string=text, payer=payer)
        return result

    def test_the_sync_result(self, shop: Shop) -> None:
        result = self.pay(shop)
        assert (result["resultStatus"], result["memo"]) == ("9000", "")
        inner = re.fullmatch(
            r'\{"alipay_trade_app_pay_response":(\{.*\}),"sign":"([^"]+)","sign_type":"RSA2"\}',
            result["result"],
        )
        assert inner
        shop.verify(inner[1], inner[2])
        assert json.loads(inner[1]) == {
            "code": "10000",
            "msg": "Success",
            "app_id": shop.node["appId"],
            "auth_app_id": shop.node["appId"],
            "charset": "utf-8",
            "out_trade_no": "T1",
            "seller_id": shop.pid,
            "timestamp": "2026-01-01 00:00:00",
            "total_amount": "10.00",
            "trade_no": shop.query()["trade_no"],
        }
        assert shop.simulated.told()[0]["trade_status"] == "TRADE_SUCCESS"

    @pytest.mark.parametrize("payer", ["2088000000012345", "074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoCo5"])
    def test_who_pays(self, shop: Shop, payer: str) -> None:
        self.pay(shop, payer)
        if payer.startswith("2088"):
            assert shop.query()["buyer_user_id"] == payer
        shop.simulated.control("account", pid="default", id_mode="open_id")
        assert (shop.query()["buyer_open_id"] == payer) is not payer.startswith("2088")

    def test_a_second_payment_is_refused(self, shop: Shop) -> None:
        self.pay(shop)
        again = self.pay(shop)
        assert (again["resultStatus"], again["result"]) == ("4000", "")
        assert again["memo"].startswith("ACQ.TRADE_HAS_SUCCESS")

    def test_the_buyer_leaves_the_wallet(self, shop: Shop) -> None:
        text = urlencode(shop.params(APP, order(), notify_url=NOTIFY_URL))
        left = shop.simulated.control("app-pay", order_string=text, confirm=False)
        assert (left["resultStatus"], left["result"]) == ("6001", "")
        assert shop.state() == "ACQ.TRADE_NOT_EXIST"
        assert shop.simulated.control("app-pay", order_string=text)["resultStatus"] == "9000"

    def test_a_changed_string_is_refused(self, shop: Shop) -> None:
        text = urlencode(shop.params(APP, order())).replace("10.00", "00.01")
        result = shop.simulated.control("app-pay", order_string=text)
        assert result["memo"].startswith("isv.invalid-signature")

    def test_only_app_pay_strings(self, shop: Shop) -> None:
        text = urlencode(shop.params("alipay.trade.query", {"out_trade_no": "T1"}))
        assert shop.simulated.control("app-pay", order_string=text)["memo"].startswith("isv.invalid-method")
