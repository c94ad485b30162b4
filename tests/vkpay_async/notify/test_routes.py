import pytest

from vkpay_async import NotificationInvalid
from vkpay_async.notify.routes import (
    Route,
    authorization_path,
    console_path,
    parse_path,
    payment_path,
    transfer_path,
)


@pytest.mark.parametrize(
    "prefix", ["", "/pay", "/a/b/c", "/vk-pay-notify", "/transfer-notify/x", "/transfer-auth-notify/x"]
)
@pytest.mark.parametrize("number", ["20261121-0001", "a|b*c_d", "100%", "a/b", "茶", "a b", "%2F"])
def test_a_payments_address_is_read_back_wherever_it_is_mounted(prefix: str, number: str) -> None:
    path = prefix + payment_path("wxpay_mp-weixin", number)
    assert path.isascii()
    assert parse_path(path) == Route(kind="payment", pay_type="wxpay_mp-weixin", number=number)
    assert parse_path(path + "?from=provider") == parse_path(path)
    assert parse_path(path + "/") == parse_path(path)


@pytest.mark.parametrize("prefix", ["", "/pay", "/vk-pay-notify/x/y"])
@pytest.mark.parametrize(
    ("pid", "read"), [(None, "default"), ("", "default"), ("shop-7", "shop-7"), ("a/b", "a/b")]
)
def test_the_address_of_a_transfer_or_authorisation_names_the_merchant(
    prefix: str, pid: str | None, read: str
) -> None:
    path = prefix + transfer_path("wxpay_transfer", "B1", pid)
    assert parse_path(path) == Route(kind="transfer", pay_type="wxpay_transfer", number="B1", pid=read)
    path = prefix + authorization_path("wxpay_transfer", "B1", pid)
    assert parse_path(path) == Route(kind="transfer_auth", pay_type="wxpay_transfer", number="B1", pid=read)


def test_the_addresses_are_vk_uni_pays() -> None:
    assert payment_path("alipay_h5", "A1") == "/vk-pay-notify/alipay_h5/A1"
    assert transfer_path("wxpay_transfer", "B1", None) == "/transfer-notify/wxpay_transfer/B1/default"
    assert authorization_path("wxpay_transfer", "AUTH1", "shop-7") == (
        "/transfer-auth-notify/wxpay_transfer/AUTH1/shop-7"
    )


@pytest.mark.parametrize("prefix", ["", "/pay"])
def test_an_address_set_in_a_console_names_no_order(prefix: str) -> None:
    anybodys = Route(kind="payment", pay_type="appleiap_app-plus", number="")
    assert console_path("appleiap_app-plus") == "/vk-pay-notify/appleiap_app-plus"
    assert parse_path(prefix + console_path("appleiap_app-plus")) == anybodys
    shops = Route(kind="payment", pay_type="appleiap_app-plus", number="", pid="shop/7")
    assert parse_path(prefix + console_path("appleiap_app-plus", "shop/7")) == shops
    douyins = Route(kind="payment", pay_type="douyin_mp-toutiao", number="")
    assert parse_path(prefix + "/vk-pay-notify/") == douyins


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/vk-pay-notify/wxpay_h5/A1/more",
        "/transfer-notify/x/B1",
        "/transfer-auth-notify/x/AUTH1",
        "/etc",
    ],
)
def test_any_other_address_is_refused(path: str) -> None:
    with pytest.raises(NotificationInvalid, match="expected …/vk-pay-notify/<pay_type>/<out_trade_no>"):
        parse_path(path)
