"""One seed and a clock that stands still: the same requests get the same bytes, over a whole life."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

import pytest

from tests.vkpay_simulator.providers.wxpay.conftest import new_world
from tests.vkpay_simulator.providers.wxpay.shop import NOTIFY, OPENID, Result, Shop
from vkpay_simulator.delivery import Delivery
from vkpay_simulator.providers.wxpay.provider import WxpaySim
from vkpay_simulator.world import Settings, World

BILLS = "/v3/fund-app/mch-transfer/transfer-bills"
REFUNDS = "/v3/refund/domestic/refunds"
PARTNER = "/v3/pay/partner/transactions"


class Lives:
    """What happens to three merchants, from the first order to the last refund."""

    def __init__(self, world: World, sent: list[Delivery]) -> None:
        sim = cast("WxpaySim", world.providers["wxpay"])
        self.world = world
        self.shops = [Shop(world, sim, pid, sent) for pid in ("default", "certs", "partner")]

    async def run(self, secrets: dict[str, Any]) -> list[Result]:
        shop, certs, partner = self.shops
        results = [*self.payments(shop), *self.payments(certs), *self.of_a_partner(partner)]
        results += [certs.get("/v3/certificates"), *self.codes(shop)]
        await self.world.agenda.advance(20)
        results += [shop.reverse("C-000003"), shop.get(f"{REFUNDS}/R1"), *self.abnormal(shop, secrets)]
        results += self.transfers(shop, secrets)
        await self.world.agenda.advance(2)
        results += [shop.get(f"{BILLS}/out-bill-no/B2"), self.echo(shop, secrets), *self.refusals(shop)]
        await self.world.agenda.advance(8 * 86_400)
        return [*results, shop.query("no-native-1"), shop.get(f"{BILLS}/out-bill-no/B3")]

    def payments(self, shop: Shop) -> Iterator[Result]:
        for product in ("jsapi", "app", "native", "h5"):
            for number in (f"no-{product}-1", f"no-{product}-2"):
                yield shop.create(product, out_trade_no=number)
            shop.sim.pay(f"no-{product}-2", pid=shop.account.pid)
            yield shop.query(f"no-{product}-2")
        yield shop.close("no-app-1")
        yield shop.refund(out_trade_no="no-jsapi-2", notify_url=NOTIFY)

    def of_a_partner(self, partner: Shop) -> Iterator[Result]:
        sub = next(iter(partner.account.subs.values()))
        numbers = {"sp_mchid": partner.account.mchid, "sub_mchid": sub.mchid}
        appids = {"sp_appid": partner.account.appids["official"], "sub_appid": sub.appid}
        order = partner.order("native", appid=None, mchid=None) | numbers | appids
        yield partner.post(f"{PARTNER}/native", order)
        partner.sim.pay(order["out_trade_no"], pid="partner")
        yield partner.refund(sub_mchid=sub.mchid, notify_url=NOTIFY)

    def codes(self, shop: Shop) -> Iterator[Result]:
        for ending in ("01", "02", "03", "11", "15", "99"):
            yield shop.scan_code(ending, out_trade_no=f"C-0000{ending}")

    def abnormal(self, shop: Shop, secrets: dict[str, Any]) -> Iterator[Result]:
        refund = shop.refund(out_trade_no="no-native-2", out_refund_no="R2", notify_url=NOTIFY)
        shop.sim.settle_refund("R2", "ABNORMAL")
        body = {
            "out_refund_no": "R2",
            "type": "USER_BANK_CARD",
            "bank_type": "ICBC_DEBIT",
            "bank_account": secrets["text"],
            "real_name": secrets["text"],
        }
        target = f"{REFUNDS}/{refund.data['refund_id']}/apply-abnormal-refund"
        yield refund
        yield shop.post(target, body, headers=secrets["headers"])

    def transfers(self, shop: Shop, secrets: dict[str, Any]) -> Iterator[Result]:
        for number in ("B1", "B2", "B3"):
            yield shop.transfer(
                out_bill_no=number, user_name=secrets["text"], headers=secrets["headers"], notify_url=NOTIFY
            )
        shop.sim.settle_transfer("B1", "confirm")
        yield shop.post(f"{BILLS}/out-bill-no/B2/cancel")
        yield shop.get(f"{BILLS}/out-bill-no/B1")

    def echo(self, shop: Shop, secrets: dict[str, Any]) -> Result:
        body = {"echo_message": "hi", "encrypted_echo_message": secrets["text"], "notify_url": NOTIFY}
        return shop.post("/v3/security/echo", body, headers=secrets["headers"])

    def refusals(self, shop: Shop) -> Iterator[Result]:
        yield shop.create("native", out_trade_no="no-native-2", payer={"openid": OPENID})
        yield shop.close("no-jsapi-2")
        yield shop.get(f"{REFUNDS}/R9")
        yield shop.get("/v3/certificates", text=b"x")
        yield shop.get("/v3/certificates", mchid="1900000000")


def written(results: list[Result], sent: list[Delivery]) -> list[Any]:
    """Everything that went out: answers, and two attempts at every notification."""
    answers = [(r.status, list(r.answer.headers.items()), r.answer.body, r.answer.explain) for r in results]
    attempts = [(d.id, d.event, d.url, d.build(attempt)) for d in sent for attempt in (0, 1)]
    return [*answers, *attempts]


async def live(world: World, secrets: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    sent: list[Delivery] = []
    monkeypatch.setattr(world, "notify", sent.append)
    results = await Lives(world, sent).run(secrets)
    assert {result.status for result in results} == {200, 202, 204, 400, 401, 403, 404, 500}
    assert Counter(delivery.event for delivery in sent) == {
        "TRANSACTION.SUCCESS": 9,
        "REFUND.SUCCESS": 4,
        "REFUND.ABNORMAL": 1,
        "MCHTRANSFER.BILL.FINISHED": 3,
        "SECURITY_ECHO.SUCCESS": 1,
    }
    return written(results, sent)


@pytest.fixture
def secrets(shop: Shop) -> dict[str, Any]:
    """Made once: the client's own encryption is never the same twice. The key is that of the seed."""
    text, headers = shop.encrypted("张三")
    return {"text": text, "headers": headers}


async def test_one_seed_one_life(secrets: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    lives = [await live(new_world(), secrets, monkeypatch) for _ in "12"]
    assert lives[0] == lives[1]


async def test_the_same_life_after_a_reset(secrets: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    world = new_world()
    first = await live(world, secrets, monkeypatch)
    world.reset()
    assert await live(world, secrets, monkeypatch) == first


async def test_another_seed_another_life(secrets: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    other = new_world(Settings(seed=2))
    text, headers = Shop(other, other.providers["wxpay"], "default", []).encrypted("张三")  # type: ignore[arg-type]
    first = await live(new_world(), secrets, monkeypatch)
    assert not set(map(str, first)) & set(
        map(str, await live(other, {"text": text, "headers": headers}, monkeypatch))
    )
