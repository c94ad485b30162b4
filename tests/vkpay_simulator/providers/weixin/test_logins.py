"""Logins at api.weixin.qq.com over the wire, by the pages of WeChat alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aiohttp import ClientSession

from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.running import RunningSimulator

SESSION, ACCESS = "/sns/jscode2session", "/sns/oauth2/access_token"


class Merchant:
    """A server that knows its apps from the config row, and the users in front of it."""

    def __init__(
        self, sim: RunningSimulator, node: str, pid: str = "default", provider: str = "wxpay"
    ) -> None:
        self.sim = sim
        self.node = sim.merchant(pid)[provider][node]
        self.appid: str = self.node["appId"]
        self.address: str = self.node.get("weixinBaseUrl") or self.node["baseUrl"]
        self.path, self.named = (SESSION, "js_code") if node == "mp-weixin" else (ACCESS, "code")

    def code(self, openid: str | None = None) -> str:
        return self.sim.login(self.appid, openid)["code"]

    async def ask(self, given: str | None, path: str | None = None, **changed: str | None) -> dict[str, Any]:
        query = {
            "appid": self.appid,
            "secret": self.node["secret"],
            self.named: given,
            "grant_type": "authorization_code",
            **changed,
        }
        sent = {name: value for name, value in query.items() if value is not None}
        async with ClientSession() as session:
            url = self.address + (path or self.path)
            async with session.get(url, params=sent) as response:
                assert (response.status, response.content_type) == (200, "text/plain")
                said: dict[str, Any] = json.loads(await response.text())
                return said


@pytest.fixture
def mini(vkpay_sim: RunningSimulator) -> Merchant:
    return Merchant(vkpay_sim, "mp-weixin")


@pytest.fixture
def official(vkpay_sim: RunningSimulator) -> Merchant:
    return Merchant(vkpay_sim, "h5-weixin")


@pytest.mark.parametrize("provider", ["wxpay", "wxpay-virtual"])
async def test_a_mini_programs_user(vkpay_sim: RunningSimulator, provider: str) -> None:
    mini = Merchant(vkpay_sim, "mp-weixin", provider=provider)
    login = mini.sim.login(mini.appid)
    said = await mini.ask(login["code"])
    assert said.keys() == {"openid", "session_key"}
    assert said["openid"] == login["openid"]
    assert len(said["session_key"]) == 24


async def test_a_known_user_has_another_session_key_each_time(mini: Merchant) -> None:
    first, second = [await mini.ask(mini.code("oKnown")) for _ in "12"]
    assert first["openid"] == second["openid"] == "oKnown"
    assert first["session_key"] != second["session_key"]


@pytest.mark.parametrize("node", ["h5-weixin", "app-plus"])
async def test_a_pages_or_an_apps_user(vkpay_sim: RunningSimulator, node: str) -> None:
    merchant = Merchant(vkpay_sim, node)
    said = await merchant.ask(merchant.code("oKnown"))
    assert said.keys() == {"access_token", "expires_in", "refresh_token", "openid", "scope"}
    assert (said["openid"], said["expires_in"]) == ("oKnown", 7200)


@pytest.mark.parametrize("node", ["mp-weixin", "h5-weixin"])
async def test_a_code_works_once(vkpay_sim: RunningSimulator, node: str) -> None:
    merchant = Merchant(vkpay_sim, node)
    code = merchant.code()
    assert "openid" in await merchant.ask(code)
    assert (await merchant.ask(code))["errcode"] == 40163


@pytest.mark.parametrize("node", ["mp-weixin", "h5-weixin"])
async def test_a_code_is_good_for_five_minutes(vkpay_sim: RunningSimulator, node: str) -> None:
    merchant = Merchant(vkpay_sim, node)
    early, late = merchant.code(), merchant.code()
    await vkpay_sim.advance("4m")
    assert "openid" in await merchant.ask(early)
    await vkpay_sim.advance("1m1s")
    assert (await merchant.ask(late))["errcode"] == 40029


@pytest.mark.parametrize("node", ["mp-weixin", "h5-weixin"])
@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"appid": None}, 41002),
        ({"secret": ""}, 41004),
        ({"appid": "wx0"}, 40013),
        ({"secret": "x"}, 40125),
        ({"grant_type": "x"}, 40002),
        ({"grant_type": None}, 40002),
    ],
)
async def test_refused_credentials(
    vkpay_sim: RunningSimulator, node: str, changed: dict[str, str | None], code: int
) -> None:
    merchant = Merchant(vkpay_sim, node)
    given = merchant.code()
    said = await merchant.ask(given, **changed)
    assert said.keys() == {"errcode", "errmsg"}
    assert said["errcode"] == code
    assert ", rid: " in said["errmsg"]
    (entry,) = vkpay_sim.journal(operation="weixin.*")
    assert entry.explain.startswith(f"{code}: ")
    assert "openid" in await merchant.ask(given)


@pytest.mark.parametrize("node", ["mp-weixin", "h5-weixin"])
@pytest.mark.parametrize(("given", "code"), [(None, 41008), ("", 41008), ("nobody-gave-it", 40029)])
async def test_what_is_no_code(vkpay_sim: RunningSimulator, node: str, given: str | None, code: int) -> None:
    assert (await Merchant(vkpay_sim, node).ask(given))["errcode"] == code


async def test_a_code_belongs_to_its_app(vkpay_sim: RunningSimulator, mini: Merchant) -> None:
    other = Merchant(vkpay_sim, "mp-weixin", "certs")
    code = mini.code()
    assert (await other.ask(code))["errcode"] == 40029
    assert "openid" in await mini.ask(code)


async def test_each_kind_of_app_has_its_address(mini: Merchant, official: Merchant) -> None:
    code = official.code()
    assert (await official.ask(None, SESSION, js_code=code))["errcode"] == 40029
    assert (await mini.ask(None, ACCESS, code=mini.code()))["errcode"] == 40029
    (entry,) = mini.sim.journal(operation="weixin.oauth2_access_token")
    assert entry.explain.endswith(f"{mini.appid} is a mini program: ask /sns/jscode2session.")
    assert "openid" in await official.ask(code)


async def test_the_journal_shows_no_secret(mini: Merchant, official: Merchant) -> None:
    shown = ""
    secrets = []
    for merchant in (mini, official):
        code = merchant.code()
        said = await merchant.ask(code)
        secrets += [code, merchant.node["secret"]]
        secrets += [said[name] for name in ("session_key", "access_token", "refresh_token") if name in said]
        shown += repr(mini.sim.journal(operation="weixin.*"))
    assert len(secrets) == 7
    assert [secret for secret in secrets if secret in shown] == []


async def test_a_fault_is_one_of_wechats_codes(mini: Merchant) -> None:
    mini.sim.fault("business_code", code="45011", operation="weixin.jscode2session")
    code = mini.code()
    said = await mini.ask(code)
    assert (said["errcode"], said["errmsg"].partition(",")[0]) == (45011, "api minute-quota reach limit")
    assert "openid" in await mini.ask(code)


async def test_codes_do_not_outlive_a_reset(mini: Merchant) -> None:
    code = mini.code()
    mini.sim.reset()
    assert (await mini.ask(code))["errcode"] == 40029


@pytest.mark.parametrize("appid", ["", "wx0", "2021"])
def test_nobody_logs_in_to_an_app_that_is_not_here(vkpay_sim: RunningSimulator, appid: str) -> None:
    with pytest.raises(SimulatorError, match="take appId of GET /_sim/merchants") as caught:
        vkpay_sim.login(appid)
    assert caught.value.status == 404


async def test_the_control_api_logs_users_in(vkpay_sim: RunningSimulator) -> None:
    row = vkpay_sim.merchant()
    async with ClientSession() as session:
        for appid in (row["wxpay"]["mp-weixin"]["appId"], row["alipay"]["mp-alipay"]["appId"]):
            async with session.post(f"{vkpay_sim.url}/_sim/login", json={"appid": appid}) as response:
                assert response.status == 200
                assert (await response.json()).keys() == {"code", "openid"}
        for body, status in (({"appid": "wx0"}, 404), ({}, 400), ({"appid": 7}, 400)):
            async with session.post(f"{vkpay_sim.url}/_sim/login", json=body) as response:
                assert response.status == status
                assert (await response.json()).keys() == {"error"}
