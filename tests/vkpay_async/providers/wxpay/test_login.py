"""Which of a merchant's nodes has users, and where they are asked after."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from vkpay_async.config import Secret
from vkpay_async.errors import ConfigError, InvalidArgument
from vkpay_async.providers.wxpay.provider import WxpayProvider

Make = Callable[..., WxpayProvider]
PATHS = {
    "mp-weixin": "/sns/jscode2session",
    "h5-weixin": "/sns/oauth2/access_token",
    "app-plus": "/sns/oauth2/access_token",
}


@pytest.mark.parametrize(("platform", "path"), PATHS.items())
@pytest.mark.parametrize(
    ("set_to", "host"),
    [
        (None, "https://api.weixin.qq.com"),
        ("http://127.0.0.1:9200/", "http://127.0.0.1:9200"),
        ("https://proxy.test/wx", "https://proxy.test/wx"),
    ],
)
def test_each_kind_of_app_has_its_address(
    make_provider: Make, platform: str, path: str, set_to: str | None, host: str
) -> None:
    provider = make_provider(
        platform=platform, secret=Secret("s"), weixin_base_url=set_to, base_url="https://pay.test"
    )
    request = next(provider.code2session("c"))
    assert request.url.partition("?")[0] == host + path
    assert f"appid={provider.appid}&secret=s&" in request.url


@pytest.mark.parametrize("platform", ["h5", "mweb", "transfer", "codepay"])
def test_nodes_that_only_pay_have_no_users(make_provider: Make, platform: str) -> None:
    with pytest.raises(InvalidArgument, match=rf"wxpay\.{platform} has no users .* take mp-weixin"):
        next(make_provider(platform=platform, secret=Secret("s")).code2session("c"))


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"secret": None}, "secret is not set; it is the AppSecret"),
        ({"secret": Secret("")}, "secret is not set; it is the AppSecret"),
        ({"weixin_base_url": "api.weixin.qq.com"}, "weixin_base_url must start with https://"),
    ],
)
def test_settings_that_are_missing_are_named(
    make_provider: Make, settings: dict[str, Any], text: str
) -> None:
    provider = make_provider(**{"platform": "mp-weixin", "secret": Secret("s"), **settings})
    with pytest.raises(ConfigError, match=text):
        next(provider.code2session("c"))


def test_the_balance_is_told_nowhere(provider: WxpayProvider) -> None:
    with pytest.raises(InvalidArgument, match="in the merchant platform only: look it up there"):
        provider.account_balance()
