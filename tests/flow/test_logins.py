"""Users log in and pay, and merchants see what they have: the SDK against the simulator."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flow.conftest import Shop
from vkpay_async import (
    AuthenticationFailed,
    InvalidArgument,
    ProviderUnavailable,
    SessionLogin,
    TokenLogin,
    TransportError,
    ValidationFailed,
)
from vkpay_async.config import config_from_dict
from vkpay_async.web.exchange import Request
from vkpay_async.web.front_door import FrontDoor
from vkpay_simulator.running import RunningSimulator

CALLS = {
    "code2session_weixin_mp": ("wxpay", "mp-weixin"),
    "code2session_weixin_h5": ("wxpay", "h5-weixin"),
    "code2session_alipay": ("alipay", "mp-alipay"),
    "code2session_douyin": ("douyin", "mp-toutiao"),
}
every_login = pytest.mark.parametrize("name", CALLS)


def opened(sim: RunningSimulator, name: str, pid: str = "default", **known: str) -> dict[str, str]:
    """A user opens the app that the call is about."""
    provider, node = CALLS[name]
    return sim.login(sim.merchant(pid)[provider][node]["appId"], **known)


@every_login
@pytest.mark.parametrize("pid", ["default", "certs"])
async def test_a_user_logs_in(shop: Shop, name: str, pid: str) -> None:
    user = opened(shop.sim, name, pid)
    login = await getattr(shop.pay, name)(code=user["code"], pid=pid)
    assert login.openid == user["openid"]
    assert login.to_client() == {"code": 0, "msg": "ok", "openid": user["openid"]}


async def test_what_servers_alone_may_know(shop: Shop) -> None:
    mini = await shop.pay.code2session_weixin_mp(code=opened(shop.sim, "code2session_weixin_mp")["code"])
    assert isinstance(mini, SessionLogin)
    assert len(mini.session_key.reveal()) == 24
    for name in ("code2session_weixin_h5", "code2session_alipay"):
        login = await getattr(shop.pay, name)(code=opened(shop.sim, name)["code"])
        assert isinstance(login, TokenLogin)
        assert login.refresh_token
        assert login.expires is not None
        assert login.access_token.reveal() not in repr(login)


@every_login
async def test_a_code_works_once(shop: Shop, name: str) -> None:
    code = opened(shop.sim, name)["code"]
    await getattr(shop.pay, name)(code=code)
    with pytest.raises(ValidationFailed, match="code"):
        await getattr(shop.pay, name)(code=code)


@every_login
async def test_a_code_is_for_one_app(shop: Shop, name: str) -> None:
    code = opened(shop.sim, name, "certs")["code"]
    with pytest.raises(ValidationFailed, match="app_id"):
        await getattr(shop.pay, name)(code=code)


@every_login
async def test_a_lost_answer_uses_the_code_up(shop: Shop, name: str) -> None:
    """aiohttp sends a GET again by itself, so that WeChat's word on a used code may come at once."""
    shop.sim.fault("drop", after=True)
    code = opened(shop.sim, name)["code"]
    with pytest.raises((TransportError, ValidationFailed), match="new"):
        await getattr(shop.pay, name)(code=code)
    with pytest.raises(ValidationFailed):
        await getattr(shop.pay, name)(code=code)


@every_login
async def test_a_provider_that_fails(shop: Shop, name: str) -> None:
    shop.sim.fault("status", status=502)
    code = opened(shop.sim, name)["code"]
    with pytest.raises(ProviderUnavailable):
        await getattr(shop.pay, name)(code=code)
    assert await getattr(shop.pay, name)(code=code)


async def test_a_wrong_secret_is_named(shop: Shop) -> None:
    config: dict[str, Any] = shop.sim.config
    node = config["merchants"]["default"]["wxpay"]["mp-weixin"]
    config["merchants"]["default"]["wxpay"]["mp-weixin"] = {**node, "secret": "0" * 32}
    async with type(shop.pay)(config_from_dict(config), database="sqlite://") as pay:
        with pytest.raises(AuthenticationFailed, match="40125: .* → correct secret"):
            await pay.code2session_weixin_mp(code=opened(shop.sim, "code2session_weixin_mp")["code"])


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("code2session_weixin_mp", {"provider": "wxpay", "platform": "mp-weixin"}),
        ("code2session_weixin_h5", {"provider": "wxpay", "platform": "h5-weixin"}),
        ("code2session_alipay", {"provider": "alipay", "platform": "mp-alipay"}),
    ],
)
async def test_who_has_logged_in_can_pay(shop: Shop, name: str, arguments: dict[str, str]) -> None:
    login = await getattr(shop.pay, name)(code=opened(shop.sim, name)["code"])
    payment = await shop.pay.create_payment(
        out_trade_no="order_0001",
        total_fee=100,
        subject="Tea",
        type="goods",
        openid=login.openid,
        user_agent="Mozilla/5.0 (iPhone) MicroMessenger/8.0.60",
        **arguments,
    )
    assert payment.pay_type == f"{arguments['provider']}_{arguments['platform']}"
    order = await shop.sim.pay("order_0001")
    await shop.pay.idle()
    assert shop.shipped == ["order_0001"]
    assert order.payer == login.openid


async def test_who_has_logged_in_can_pay_virtually_in_the_same_mini_program(shop: Shop) -> None:
    """As real merchants have it: one app in both nodes. The session_key that signs is kept by the way."""
    row: dict[str, Any] = shop.sim.config["merchants"]["default"]
    own = {name: row["wxpay-virtual"]["mp-weixin"][name] for name in ("appId", "secret")}
    row["wxpay"]["mp-weixin"] = {**row["wxpay"]["mp-weixin"], **own}
    config = config_from_dict({**shop.sim.config, "merchants": {"default": row}})
    async with type(shop.pay)(config, database="sqlite://") as pay:
        login = await pay.code2session_weixin_mp(code=shop.sim.login(own["appId"])["code"])
        payment = await pay.create_payment(
            provider="wxpay-virtual",
            platform="mp-weixin",
            out_trade_no="T2026010100000001",
            subject="VIP",
            type="goods",
            openid=login.openid,
            wxpay_virtual={
                "mode": "short_series_goods",
                "buy_quantity": 1,
                "product_id": "vip30",
                "goods_price": 990,
            },
        )
    assert payment.order_info.to_client().keys() == {"mode", "signData", "paySig", "signature"}


async def test_the_front_door_logs_users_in(shop: Shop) -> None:
    door = FrontDoor(shop.pay, trust_client=True)
    actions = {
        "pay/code2SessionWeixin": "code2session_weixin_mp",
        "pay/code2SessionWeixinMP": "code2session_weixin_mp",
        "pay/code2SessionWeixinH5": "code2session_weixin_h5",
        "pay/code2SessionAlipay": "code2session_alipay",
    }
    for action, name in actions.items():
        user = opened(shop.sim, name)
        body = f'{{"action": "{action}", "data": {{"code": "{user["code"]}"}}}}'.encode()
        reply = await door.answer(Request(method="POST", path="/", full_path="/pay/"), body)
        assert reply.body == f'{{"code":0,"msg":"ok","openid":"{user["openid"]}"}}'.encode()


@pytest.mark.parametrize("platform", ["transfer", "h5", None])
async def test_what_is_at_alipay(shop: Shop, platform: str | None) -> None:
    before = await shop.pay.query_account_balance(provider="alipay", platform=platform)
    assert before.available_amount == before.total_amount
    assert before.freeze_amount == 0
    await shop.pay.create_payment(
        provider="alipay",
        platform="h5",
        out_trade_no="order_0001",
        total_fee=1234,
        subject="Tea",
        type="goods",
    )
    await shop.sim.pay("order_0001")
    after = await shop.pay.query_account_balance(provider="alipay", platform=platform)
    assert after.available_amount is not None
    assert before.available_amount is not None
    assert after.available_amount - before.available_amount == 1234


async def test_somebody_elses_account_is_not_shown(shop: Shop) -> None:
    with pytest.raises(Exception, match="AUTHOREE_IS_NOT_MATCH"):
        await shop.pay.query_account_balance(provider="alipay", account="2088000000000000")


@pytest.mark.parametrize("channel", [None, "wx", "alipay", "hz"])
async def test_what_is_at_douyin(shop: Shop, channel: str | None) -> None:
    balance = await shop.pay.query_account_balance(provider="douyin", account=channel)
    assert balance.to_client().keys() == {
        "code",
        "msg",
        "onlineAmount",
        "withdrawableAmount",
        "freezeAmount",
    }


@pytest.mark.parametrize(
    ("provider", "platform", "instead"),
    [
        ("wxpay", None, "look it up there"),
        ("huawei", None, "in the provider's console"),
        ("vkspay", None, "in the provider's console"),
    ],
)
async def test_others_do_not_tell(shop: Shop, provider: str, platform: str | None, instead: str) -> None:
    with pytest.raises(InvalidArgument, match=instead):
        await shop.pay.query_account_balance(provider=provider, platform=platform)
    assert shop.sim.journal() == []
