"""The whole table from (provider, where the payer is) to pay_type, row by row."""

from __future__ import annotations

from typing import Any

import pytest

from vkpay_async import InvalidArgument
from vkpay_async.pay_type import (
    ClientContext,
    pay_type_of,
    split_pay_type,
)
from vkpay_async.registry import REGISTRY, About, every_about, pay_types

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
SAFARI = f"{IPHONE} Version/17.4 Mobile/15E148 Safari/604.1"
WECHAT_IOS = f"{IPHONE} Mobile/15E148 MicroMessenger/8.0.49(0x18003137) NetType/WIFI Language/zh_CN"
ANDROID = "Mozilla/5.0 (Linux; Android 14; 23127PN0CC Build/UKQ1.230804.001; wv) AppleWebKit/537.36 (KHTML, like Gecko)"
CHROME_ANDROID = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Mobile Safari/537.36"
ANDROID_TABLET = "Mozilla/5.0 (Linux; Android 13; SM-X906C) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36"
# A phone that asks for the desktop page: X11 and Android in one line.
ANDROID_DESKTOP_PAGE = "Mozilla/5.0 (X11; Linux x86_64; Android 13) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 Safari/537.36"
WECHAT_ANDROID = (
    f"{ANDROID} Version/4.0 Chrome/116.0.0.0 Mobile Safari/537.36 XWEB/1160065 MMWEBSDK/20240301 MMWEBID/6713 "
    "MicroMessenger/8.0.48.2580(0x28003036) WeChat/arm64 Weixin NetType/WIFI Language/zh_CN ABI/arm64"
)
ALIPAY_IOS = (
    f"{IPHONE} Mobile/15E148 NebulaSDK/1.8.100112 Nebula PSDType(1) AlipayDefined(nt:WIFI,ws:390|780|3.0) "
    "AliApp(AP/10.5.96.6000) AlipayClient/10.5.96.6000 Language/zh-Hans Region/CN"
)
ALIPAY_ANDROID = (
    f"{ANDROID} Version/4.0 Chrome/105.0.5195.148 MYWeb/1.3.126 UWS/3.22.2.9999 UCBS/3.22.2.9999 Mobile Safari/537.36 "
    "NebulaSDK/1.8.100112 Nebula AlipayDefined(nt:WIFI) AliApp(AP/10.5.96.8000) AlipayClient/10.5.96.8000 Language/zh-Hans"
)
HARMONY = (
    "Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36 "
    "ArkWeb/4.1.6.1 Mobile HuaweiBrowser/5.0.4.300"
)
CHROME_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36"
SAFARI_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15"
FIREFOX_LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0"
CHROMEBOOK = "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36"
WECHAT_WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/116.0.0.0 Safari/537.36 NetType/WIFI "
    "MicroMessenger/7.0.20.1781(0x6700143B) WindowsWechat(0x63090a13) XWEB/9185 Flue"
)
WECHAT_MAC = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/116.0.0.0 Safari/537.36 "
    "MicroMessenger/6.8.0(0x16080000) NetType/WIFI MiniProgramEnv/Mac MacWechat/WMPF MacWechat/3.8.7(0x13080710) XWEB/1191"
)

MOBILE = {
    "Safari": SAFARI,
    "Chrome on Android": CHROME_ANDROID,
    "an Android tablet": ANDROID_TABLET,
    "Android asking for the desktop page": ANDROID_DESKTOP_PAGE,
    "Alipay on iOS": ALIPAY_IOS,
    "Alipay on Android": ALIPAY_ANDROID,
    "HarmonyOS": HARMONY,
    "nothing": "",
}
DESKTOP = {
    "Chrome on Windows": CHROME_WINDOWS,
    "Safari on a Mac": SAFARI_MAC,
    "Firefox on Linux": FIREFOX_LINUX,
    "a Chromebook": CHROMEBOOK,
}
IN_WECHAT = {"WeChat on iOS": WECHAT_IOS, "WeChat on Android": WECHAT_ANDROID}
DESKTOP_WECHAT = {"WeChat for Windows": WECHAT_WINDOWS, "WeChat for Mac": WECHAT_MAC}

EVERY_PLATFORM = [
    "mp-weixin",
    "app-plus",
    "app",
    "app-harmony",
    "h5",
    "web",
    "h5-weixin",
    "mp-alipay",
    "mp-toutiao",
]


def resolve(
    provider: str, platform: str | None, user_agent: str = "", is_pc: bool | None = None, **flags: Any
) -> str:
    context = ClientContext(platform=platform, user_agent=user_agent, is_pc=is_pc)
    return pay_type_of(provider, context, **flags)


def browser_rows() -> list[tuple[str, str, bool | None, str]]:
    """(browser, user agent, is_pc, pay_type) of a WeChat payment on platform h5."""
    rows: list[tuple[str, str, bool | None, str]] = []
    for is_pc, mobile, desktop, wechat in (
        (None, "wxpay_mweb", "wxpay_h5", "wxpay_h5-weixin"),
        (False, "wxpay_mweb", "wxpay_mweb", "wxpay_h5-weixin"),
        (True, "wxpay_h5", "wxpay_h5", "wxpay_h5"),
    ):
        rows += [(name, ua, is_pc, mobile) for name, ua in MOBILE.items()]
        rows += [(name, ua, is_pc, desktop) for name, ua in DESKTOP.items()]
        rows += [(name, ua, is_pc, wechat) for name, ua in IN_WECHAT.items()]
        rows += [(name, ua, is_pc, "wxpay_h5") for name, ua in DESKTOP_WECHAT.items()]
    return rows


@pytest.mark.parametrize(
    ("user_agent", "is_pc", "pay_type"),
    [pytest.param(ua, is_pc, want, id=f"{name}, is_pc={is_pc}") for name, ua, is_pc, want in browser_rows()],
)
def test_wechat_in_a_browser(user_agent: str, is_pc: bool | None, pay_type: str) -> None:
    assert resolve("wxpay", "h5", user_agent, is_pc) == pay_type
    assert resolve("wxpay", "web", user_agent, is_pc) == pay_type


@pytest.mark.parametrize("user_agent", [*MOBILE.values(), *IN_WECHAT.values()])
def test_an_official_accounts_page_is_jsapi_whatever_the_browser_says(user_agent: str) -> None:
    assert resolve("wxpay", "h5-weixin", user_agent) == "wxpay_h5-weixin"


@pytest.mark.parametrize("user_agent", DESKTOP_WECHAT.values())
def test_an_official_accounts_page_on_a_desktop_shows_a_code(user_agent: str) -> None:
    assert resolve("wxpay", "h5-weixin", user_agent) == "wxpay_h5"


@pytest.mark.parametrize(
    "user_agent", [*MOBILE.values(), *DESKTOP.values(), *IN_WECHAT.values(), *DESKTOP_WECHAT.values()]
)
@pytest.mark.parametrize("is_pc", [None, True, False])
@pytest.mark.parametrize("platform", ["h5", "web", "h5-weixin"])
def test_alipay_in_any_browser_is_a_code(platform: str, is_pc: bool | None, user_agent: str) -> None:
    assert resolve("alipay", platform, user_agent, is_pc) == "alipay_h5"


@pytest.mark.parametrize(
    ("provider", "platform", "pay_type"),
    [
        ("wxpay", "mp-weixin", "wxpay_mp-weixin"),
        ("wxpay", "app-plus", "wxpay_app-plus"),
        ("wxpay", "app", "wxpay_app-plus"),
        ("wxpay", "app-harmony", "wxpay_app-plus"),
        ("alipay", "app-plus", "alipay_app-plus"),
        ("alipay", "app", "alipay_app-plus"),
        ("alipay", "app-harmony", "alipay_app-plus"),
        ("alipay", "mp-alipay", "alipay_mp-alipay"),
    ],
)
@pytest.mark.parametrize("user_agent", ["", SAFARI, CHROME_WINDOWS, WECHAT_IOS])
def test_apps_and_mini_programs(provider: str, platform: str, pay_type: str, user_agent: str) -> None:
    assert resolve(provider, platform, user_agent) == pay_type
    assert resolve(provider, platform, user_agent, is_pc=True) == pay_type


@pytest.mark.parametrize("platform", ["app-plus", "app", "app-harmony"])
def test_alipay_in_an_app_can_be_a_code_instead(platform: str) -> None:
    assert resolve("alipay", platform, alipay_app_pay_to_h5_pay=True) == "alipay_h5"


def test_that_switch_concerns_alipays_apps_only() -> None:
    assert resolve("wxpay", "app", alipay_app_pay_to_h5_pay=True) == "wxpay_app-plus"
    assert resolve("alipay", "mp-alipay", alipay_app_pay_to_h5_pay=True) == "alipay_mp-alipay"


@pytest.mark.parametrize("platform", [*EVERY_PLATFORM, None, "", "a-till"])
@pytest.mark.parametrize("provider", ["wxpay", "alipay"])
class TestAnywhere:
    def test_a_forced_code_is_shown(self, provider: str, platform: str | None) -> None:
        assert resolve(provider, platform, WECHAT_IOS, need_qrcode=True) == f"{provider}_h5"

    def test_a_payment_code_wins_over_everything(self, provider: str, platform: str | None) -> None:
        assert resolve(provider, platform, auth_code="134567890123456789") == f"{provider}_codepay"
        assert resolve(provider, platform, auth_code="1345", need_qrcode=True) == f"{provider}_codepay"


@pytest.mark.parametrize("pay_type", sorted(pay_types()))
def test_every_product_can_be_asked_for_by_name(pay_type: str) -> None:
    provider, product = split_pay_type(pay_type)
    assert resolve(provider, None, product=product) == pay_type


@pytest.mark.parametrize("provider", ["", "paypal", "WXPAY", "wxpay_h5", None])
def test_an_unknown_provider_is_1005(provider: Any) -> None:
    with pytest.raises(InvalidArgument, match=", ".join(sorted(REGISTRY))) as caught:
        resolve(provider, "h5")
    assert caught.value.code == 1005


def test_douyin_is_paid_in_its_mini_program() -> None:
    assert resolve("douyin", "mp-toutiao") == "douyin_mp-toutiao"
    for elsewhere in ({"platform": "h5"}, {"platform": "mp-toutiao", "need_qrcode": True}):
        with pytest.raises(InvalidArgument, match="douyin cannot be paid"):
            resolve("douyin", **elsewhere)  # type: ignore[arg-type]


@pytest.mark.parametrize("platform", [None, ""])
@pytest.mark.parametrize("provider", ["wxpay", "alipay"])
def test_a_missing_platform_is_1011(provider: str, platform: str | None) -> None:
    with pytest.raises(InvalidArgument, match="platform is missing") as caught:
        resolve(provider, platform)
    assert caught.value.code == 1011


@pytest.mark.parametrize(
    ("provider", "platform"),
    [("wxpay", "mp-alipay"), ("wxpay", "mp-toutiao"), ("alipay", "mp-weixin"), ("alipay", "mp-harmony")],
)
def test_a_foreign_mini_program_is_refused_with_a_way_out(provider: str, platform: str) -> None:
    with pytest.raises(InvalidArgument, match="need_qrcode=True") as caught:
        resolve(provider, platform)
    assert caught.value.code == -1


@pytest.mark.parametrize("platform", [*EVERY_PLATFORM, "a-till"])
def test_virtual_payment_is_for_wechats_mini_programs(platform: str) -> None:
    if platform == "mp-weixin":
        assert resolve("wxpay-virtual", platform) == "wxpay-virtual_mp-weixin"
        assert resolve("wxpay-virtual", platform, is_pc=True) == "wxpay-virtual_mp-weixin"
    else:
        with pytest.raises(InvalidArgument, match="no QR codes either"):
            resolve("wxpay-virtual", platform)
    with pytest.raises(InvalidArgument, match="no QR codes either"):
        resolve("wxpay-virtual", platform, need_qrcode=True)
    with pytest.raises(InvalidArgument, match="no product 'codepay'; it has mp-weixin"):
        resolve("wxpay-virtual", platform, auth_code="134567890123456789")


def test_an_unknown_product_is_answered_with_those_there_are() -> None:
    with pytest.raises(InvalidArgument, match="it has app-plus, codepay, h5, mp-alipay, page, wap") as caught:
        resolve("alipay", "h5", product="mweb")
    assert caught.value.code == -1


def test_a_cloud_functions_context_is_read() -> None:
    context = ClientContext.from_mapping(
        {
            "APPID": "__UNI__1",
            "PLATFORM": "h5",
            "CLIENTIP": "203.0.113.7",
            "CLIENTUA": WECHAT_IOS,
            "DEVICEID": "d1",
            "SPACEINFO": {"spaceId": "s"},
            "OS": "ios",
        }
    )
    assert context == ClientContext(
        platform="h5", client_ip="203.0.113.7", user_agent=WECHAT_IOS, appid="__UNI__1", device_id="d1"
    )
    assert pay_type_of("wxpay", context) == "wxpay_h5-weixin"


@pytest.mark.parametrize("key", ["platform", "uniPlatform"])
def test_a_cloud_objects_client_info_is_read(key: str) -> None:
    info = {
        "appId": "__UNI__1",
        key: "web",
        "clientIP": "203.0.113.7",
        "userAgent": CHROME_WINDOWS,
        "deviceId": "d1",
    }
    context = ClientContext.from_mapping(info)
    assert context == ClientContext(
        platform="web", client_ip="203.0.113.7", user_agent=CHROME_WINDOWS, appid="__UNI__1", device_id="d1"
    )
    assert pay_type_of("wxpay", context) == "wxpay_h5"


def test_an_empty_context_says_nothing() -> None:
    assert ClientContext.from_mapping({"PLATFORM": "", "CLIENTUA": None}) == ClientContext()


@pytest.mark.parametrize("about", every_about(), ids=lambda about: about.name)
def test_the_sets_of_pay_types_fit_together(about: About) -> None:
    assert about.qr_pay_types | about.openid_pay_types <= about.pay_types
    assert {split_pay_type(one)[0] for one in about.pay_types} == {about.name}


def test_a_pay_type_is_split_at_its_first_underscore() -> None:
    assert split_pay_type("wxpay_mp-weixin") == ("wxpay", "mp-weixin")
    assert split_pay_type("wxpay-virtual_mp-weixin") == ("wxpay-virtual", "mp-weixin")
