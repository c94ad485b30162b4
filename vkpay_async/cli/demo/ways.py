"""Every way of paying: how the merchant asks for it, and what the buyer does then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Container, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from types import UnionType
from typing import Any, TypeAlias

from vkpay_async.cli.demo.report import require
from vkpay_async.cli.demo.shop import Shop
from vkpay_async.models import TradeState
from vkpay_async.money import Fen, yuan_from_fen
from vkpay_async.order_info import (
    AppParams,
    CodePayResult,
    CodeUrl,
    H5Url,
    JsapiParams,
    OrderInfo,
    OrderString,
    PageUrl,
    PayLink,
    RequestOrderParams,
    TradeNo,
    TtPayParams,
    VirtualPaymentParams,
)
from vkpay_async.pay_type import split_pay_type

TOTAL: Fen = 1990

PHONE = (
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36"
)
IN_WECHAT = f"{PHONE} MicroMessenger/8.0.60"
WECHAT_OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
PAYER_IP = "203.0.113.7"  # TEST-NET-3, from the documentation block

Buyer: TypeAlias = "Callable[[Sale, Any], Awaitable[str]]"
"""What the payer does with the ``order_info``; gives a line about it."""

Entry: TypeAlias = "Callable[[Sale], Awaitable[None]]"
"""What happens before the order: a user comes in, who is part of its arguments."""


async def pays(sale: Sale, _: OrderInfo) -> str:
    """Scans the code, or presses the button in app, page or mini program."""
    await sale.shop.simulator.pay(sale.number, provider=sale.provider, pid=sale.merchant)
    return f"the buyer paid {yuan_from_fen(TOTAL)} yuan"


async def opens_page(sale: Sale, info: PageUrl) -> str:
    status = await sale.shop.simulator.open(info.url)
    require(status == 200, f"the signed address answered {status} to the buyer's browser")
    return f"cashier opened; {await pays(sale, info)}"


async def opens_link(sale: Sale, info: PayLink) -> str:
    status = await sale.shop.simulator.open(info.code_url)
    require(status == 200, f"the pay link answered {status} to the buyer's browser")
    return f"pay link opened; {await pays(sale, info)}"


async def pays_in_app(sale: Sale, info: OrderString) -> str:
    status = await sale.shop.simulator.take_order_string(info.order_string)
    require(status == "9000", f"the phone's SDK gave resultStatus {status}")
    return f"order string taken: resultStatus {status}"


async def pays_in_douyin(sale: Sale, info: TtPayParams | RequestOrderParams) -> str:
    """The mini program hands the arguments to ``tt.pay``, or asks for the order with ``tt.requestOrder`` first."""
    if isinstance(info, TtPayParams):
        code = await sale.shop.simulator.tt_pay(info.to_client())
        require(code == 0, f"tt.pay gave the code {code}")
        return "tt.pay: code 0"
    order_id = await sale.shop.simulator.request_order(info.to_client())
    return f"tt.requestOrder: {order_id}; {await pays(sale, info)}"


async def pays_on_huawei(sale: Sale, info: OrderString) -> str:
    """The phone verifies the text before it opens the cashier."""
    said = await sale.shop.simulator.request_payment(info.order_string)
    require(not said, f"requestPayment said {said}")
    return "orderStr taken: requestPayment resolved"


async def showed_code(_: Sale, info: CodePayResult) -> str:
    require(info.trade_state is TradeState.SUCCESS, f"the code payment is {info.trade_state}")
    return "paid when the code was scanned"


async def logs_in(sale: Sale) -> None:
    """The mini program or page has its user logged in, as a shop does that does not know the openid."""
    provider = sale.shop.pay.provider(sale.way.pay_type, pid=sale.merchant)
    code = await sale.shop.simulator.log_in(provider.appid)
    sale.party = {**sale.party, "openid": (await provider.code2session(code)).openid}


async def passes_on(sale: Sale, info: VirtualPaymentParams) -> str:
    asked = {"openid": sale.party["openid"], **info.to_client()}
    said = await sale.shop.simulator.request_virtual_payment(asked)
    require(said.endswith(":ok"), f"the phone said {said}")
    return f"{said}; {await pays(sale, info)}"


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way of paying. ``call`` are its arguments of ``create_payment``; ``code`` is how a payment code begins.

    ``label`` stands for the pay_type in the order's number, where that would be too long. ``needs`` is a package that may
    not be there, and the extra that brings it.
    """

    pay_type: str
    gives: type[OrderInfo] | UnionType
    buyer: Buyer
    call: Mapping[str, Any] = field(default_factory=dict)
    code: str | None = None
    notified: bool = True
    entry: Entry | None = None
    label: str = ""
    needs: tuple[str, str] | None = None

    @property
    def playable(self) -> bool:
        return self.needs is None or find_spec(self.needs[0]) is not None


SM2 = ("gmssl_pyx", "huawei")

WAYS = (
    Way(
        pay_type="wxpay_mp-weixin",
        gives=JsapiParams,
        buyer=pays,
        call={"platform": "mp-weixin"},
        entry=logs_in,
    ),
    Way(pay_type="wxpay_app-plus", gives=AppParams, buyer=pays, call={"platform": "app-plus"}),
    Way(pay_type="wxpay_h5", gives=CodeUrl, buyer=pays, call={"platform": "h5", "is_pc": True}),
    Way(
        pay_type="wxpay_h5-weixin",
        gives=JsapiParams,
        buyer=pays,
        call={"platform": "h5", "user_agent": IN_WECHAT},
        entry=logs_in,
    ),
    Way(
        pay_type="wxpay_mweb",
        gives=H5Url,
        buyer=pays,
        call={"platform": "h5", "user_agent": PHONE, "client_ip": PAYER_IP},
    ),
    # By specification a code payment is not notified of: its result is asked for.
    Way(pay_type="wxpay_codepay", gives=CodePayResult, buyer=showed_code, code="13", notified=False),
    Way(
        pay_type="alipay_mp-alipay",
        gives=TradeNo,
        buyer=pays,
        call={"platform": "mp-alipay"},
        entry=logs_in,
    ),
    Way(pay_type="alipay_app-plus", gives=OrderString, buyer=pays_in_app, call={"platform": "app-plus"}),
    Way(pay_type="alipay_h5", gives=CodeUrl, buyer=pays, call={"platform": "h5"}),
    Way(
        pay_type="alipay_page",
        gives=PageUrl,
        buyer=opens_page,
        call={"platform": "h5", "product": "page"},
    ),
    Way(pay_type="alipay_wap", gives=PageUrl, buyer=opens_page, call={"platform": "h5", "product": "wap"}),
    Way(pay_type="alipay_codepay", gives=CodePayResult, buyer=showed_code, code="28"),
    *(
        Way(pay_type=f"vkspay_{platform}", gives=PayLink, buyer=opens_link, call={"platform": platform})
        for platform in ("h5", "h5-weixin", "mp-weixin", "mp-alipay", "app-plus")
    ),
    Way(pay_type="vkspay_mweb", gives=PayLink, buyer=opens_link, call={"platform": "h5", "product": "mweb"}),
    Way(pay_type="vkspay_codepay", gives=CodePayResult, buyer=showed_code, code="12", notified=False),
    # Guaranteed payment at one merchant, the general trade system at the other.
    Way(
        pay_type="douyin_mp-toutiao",
        gives=TtPayParams | RequestOrderParams,
        buyer=pays_in_douyin,
        call={"platform": "mp-toutiao"},
    ),
    Way(
        pay_type="wxpay-virtual_mp-weixin",
        gives=VirtualPaymentParams,
        buyer=passes_on,
        call={
            "platform": "mp-weixin",
            "wxpay_virtual": {"mode": "short_series_coin", "buy_quantity": TOTAL},  # 100 coins a yuan
        },
        entry=logs_in,
        label="virtual",
    ),
    Way(
        pay_type="huawei_mp-harmony",
        gives=OrderString,
        buyer=pays_on_huawei,
        call={"platform": "mp-harmony"},
        needs=SM2,
    ),
    Way(
        pay_type="huawei_app-harmony",
        gives=OrderString,
        buyer=pays_on_huawei,
        call={"platform": "app-harmony"},
        needs=SM2,
    ),
)


def left_out(chosen: Container[str]) -> list[str]:
    """A line for each chosen way whose package is missing."""
    return [
        f"{way.pay_type} is left out: pip install 'vkpay-async[{way.needs[1]}]'"
        for way in WAYS
        if way.pay_type in chosen and way.needs is not None and not way.playable
    ]


@dataclass
class Sale:
    """One order on its way through the steps."""

    shop: Shop
    way: Way
    merchant: str
    party: Mapping[str, str] = field(default_factory=dict)
    info: OrderInfo | None = None

    @property
    def provider(self) -> str:
        return split_pay_type(self.way.pay_type)[0]

    @property
    def number(self) -> str:
        return f"{self.shop.prefix}{self.merchant}_{self.way.label or self.way.pay_type}".replace("-", "_")

    @property
    def code(self) -> dict[str, str]:
        """The payment code that is scanned: 18 digits, another one for each merchant."""
        if self.way.code is None:
            return {}
        return {"auth_code": f"{self.way.code}{sum(self.merchant.encode()):014d}50", "store_id": "S1"}
