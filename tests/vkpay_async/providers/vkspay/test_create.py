"""Pay links and code payments."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vkpay_async.providers.vkspay.conftest import (
    NOTIFY_URL,
    NUMBER,
    FakeVkspay,
    order,
    provider_with,
    said,
)
from vkpay_async.errors import (
    AuthenticationFailed,
    InvalidArgument,
    ProviderError,
    ProviderOutcomeUnknown,
    ProviderUnavailable,
)
from vkpay_async.models import TradeState
from vkpay_async.order_info import CodePayResult, PayLink
from vkpay_async.providers.vkspay.provider import VkspayProvider

LINK = "https://vk-spay.example/pay?o=abc"
LINKED = said(data={"out_trade_no": NUMBER, "qrcode": LINK})
CODE = "134567890123456789"


class TestWebpay:
    def test_what_is_asked_for_and_what_comes_of_it(self, fake: FakeVkspay, provider: VkspayProvider) -> None:
        info = fake.run(provider.create(order()), LINKED)
        assert fake.asked == [
            {
                "method": "webpay",
                "total_fee": "10.00",
                "notify_url": NOTIFY_URL,
                "out_trade_no": "T1",
                "subject": "一斤茶叶",
            }
        ]
        assert isinstance(info, PayLink)
        assert (info.code_url, info.provider_order_no) == (LINK, NUMBER)
        assert info.to_client() == {"codeUrl": LINK}
        (request,) = fake.requests
        assert (request.operation, request.moves_money) == ("vkspay.create", False)

    def test_only_what_was_seen_of_the_real_gateway(self, fake: FakeVkspay) -> None:
        fake.run(provider_with(observed_only=True).create(order()), LINKED)
        assert fake.asked == [{"method": "webpay", "total_fee": "10.00", "notify_url": NOTIFY_URL}]

    @pytest.mark.parametrize(
        ("fen", "yuan"), [(1, "0.01"), (100, "1.00"), (1110, "11.10"), (999_999_999, "9999999.99")]
    )
    def test_fen_become_yuan(self, fake: FakeVkspay, provider: VkspayProvider, fen: int, yuan: str) -> None:
        fake.run(provider.create(order(total_fee=fen)), LINKED)
        assert fake.asked[0]["total_fee"] == yuan

    @given(fen=st.integers(1, 10**12))
    def test_every_amount_is_a_text_that_leads_back(self, fen: int) -> None:
        request = next(provider_with().create(order(total_fee=fen)))
        yuan = json.loads(request.body)["total_fee"]
        whole, _, cents = yuan.partition(".")
        assert len(cents) == 2
        assert int(whole) * 100 + int(cents) == fen

    @pytest.mark.parametrize(
        ("wanted", "sent"), [("wxpay", "wxpay"), ("alipay", "alipay"), ("auto", None), (None, None)]
    )
    def test_the_wallet_is_chosen(
        self, fake: FakeVkspay, provider: VkspayProvider, wanted: str | None, sent: str | None
    ) -> None:
        fake.run(provider.create(order(options={"provider_pay_method": wanted})), LINKED)
        assert fake.asked[0].get("pay_chnl") == sent

    def test_another_wallet_is_refused(self, provider: VkspayProvider) -> None:
        with pytest.raises(InvalidArgument, match="wxpay, alipay or auto, not 'cash'"):
            next(provider.create(order(options={"provider_pay_method": "cash"})))

    def test_the_buyer_comes_back_and_more_fields_go_along(
        self, fake: FakeVkspay, provider: VkspayProvider
    ) -> None:
        changes: dict[str, Any] = {"return_url": "https://shop.example/back", "other": {"attach": "a"}}
        fake.run(provider.create(order(**changes)), LINKED)
        assert fake.asked[0]["return_url"] == "https://shop.example/back"
        assert fake.asked[0]["attach"] == "a"

    @pytest.mark.parametrize("name", ["total_fee", "out_trade_no", "sign"])
    def test_what_other_may_not_set(self, provider: VkspayProvider, name: str) -> None:
        with pytest.raises(InvalidArgument, match=name):
            next(provider.create(order(other={name: "1"})))

    def test_a_no_is_raised_with_what_to_do(self, fake: FakeVkspay, provider: VkspayProvider) -> None:
        with pytest.raises(AuthenticationFailed, match="签名错误 → check that key and mch_id"):
            fake.run(provider.create(order()), said("FAIL", "签名错误"))
        with pytest.raises(ProviderError, match="商户已被封禁"):
            fake.run(provider.create(order()), said("FAIL", "商户已被封禁"))
        with pytest.raises(ProviderUnavailable):
            fake.run(provider.create(order()), said("SYSTEMERROR"))


class TestMicropay:
    def scanned(self, **changes: Any) -> Any:
        return order(**{"pay_type": "vkspay_codepay", "auth_code": CODE, "client_ip": "10.0.0.7", **changes})

    def test_what_is_asked_for_and_what_comes_of_it(self, fake: FakeVkspay, provider: VkspayProvider) -> None:
        info = fake.run(
            provider.create(self.scanned()), said(data={"out_trade_no": NUMBER, "pay_chnl": "wxpay"})
        )
        assert fake.asked == [
            {
                "method": "micropay",
                "total_fee": "10.00",
                "auth_code": CODE,
                "pay_chnl": "wxpay",
                "client_ip": "10.0.0.7",
                "cashier": "default",
                "kuantai": "default",
                "source": "default",
                "pay_cate": "pay",
                "out_trade_no": "T1",
            }
        ]
        assert isinstance(info, CodePayResult)
        assert (info.trade_state, info.provider_order_no) == (TradeState.SUCCESS, NUMBER)
        (request,) = fake.requests
        assert (request.moves_money, request.repeatable) == (True, False)

    def test_only_what_was_seen_of_the_real_gateway(self, fake: FakeVkspay) -> None:
        fake.run(provider_with(observed_only=True).create(self.scanned(client_ip=None)), said())
        assert "out_trade_no" not in fake.asked[0]
        assert fake.asked[0]["client_ip"] == "127.0.0.1"

    def test_an_answer_without_a_number(self, fake: FakeVkspay, provider: VkspayProvider) -> None:
        info = fake.run(provider.create(self.scanned()), said())
        assert isinstance(info, CodePayResult)
        assert (info.trade_state, info.provider_order_no) == (TradeState.SUCCESS, None)

    def test_the_payer_types_a_password(self, fake: FakeVkspay, provider: VkspayProvider) -> None:
        info = fake.run(
            provider.create(self.scanned()), said("PAYING", "用户支付中", data={"out_trade_no": NUMBER})
        )
        assert isinstance(info, CodePayResult)
        assert (info.trade_state, info.trade_state_desc) == (TradeState.USERPAYING, "用户支付中")
        assert info.provider_order_no == NUMBER

    @pytest.mark.parametrize(
        ("code", "msg"), [("FAIL", "支付失败"), ("FAIL", "请输入密码"), ("SYSTEMERROR", ""), ("WAITING", "")]
    )
    def test_whatever_is_not_known_leaves_the_payment_open(
        self, fake: FakeVkspay, provider: VkspayProvider, code: str, msg: str
    ) -> None:
        with pytest.raises(ProviderOutcomeUnknown, match="query"):
            fake.run(provider.create(self.scanned()), said(code, msg))

    def test_a_call_that_nobody_looked_at_is_a_no(self, fake: FakeVkspay, provider: VkspayProvider) -> None:
        with pytest.raises(AuthenticationFailed) as raised:
            fake.run(provider.create(self.scanned()), said("FAIL", "签名错误"))
        assert raised.value.outcome_known

    def test_no_code(self, provider: VkspayProvider) -> None:
        with pytest.raises(InvalidArgument, match="auth_code is missing"):
            next(provider.create(self.scanned(auth_code=None)))
