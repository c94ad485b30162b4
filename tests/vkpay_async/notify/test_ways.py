"""News of an order that was begun in one way and then in another: it is matched with the way that it is of."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from tests.vkpay_async.branches import NUMBER, PARTIES, Branches
from tests.vkpay_async.fake import Bank, Clock, hasten, open_shop
from tests.vkpay_async.notify.handling import accepted
from vkpay_async import NotificationMismatch, OrderConflict, TradeState
from vkpay_async.models import Notification
from vkpay_async.notify import NotificationResult
from vkpay_async.notify.routes import console_path, payment_path


async def tell(
    shop: Branches, pay_type: str, kind: Any = "payment", *, path: str | None = None, **fields: Any
) -> NotificationResult:
    provider = pay_type.partition("_")[0]
    state = TradeState.CLOSED if kind == "closed" else TradeState.SUCCESS
    known = {"state": state, "transaction_id": f"tx-{provider}", **PARTIES[provider], **fields}
    event = Notification(
        kind=kind, id="1", event="NEWS", trade=msgspec.structs.replace(shop.trade(NUMBER), **known)
    )
    return await shop.deliver(path or payment_path(pay_type, NUMBER), event)


async def test_it_pays_the_order_as_it_was_begun_there(branches: Branches) -> None:
    await branches.begin("wxpay_h5", sub_mchid="1900000009", time_expire=branches.clock.ms + 3_600_000)
    first = await branches.now()
    await branches.begin("alipay_wap", app_auth_token="their token")
    result = await tell(branches, "wxpay_h5", sub_mchid="1900000009")
    assert (accepted(result), result.first) == (True, True)
    order = await branches.now()
    for name in ("pay_type", "mch_id", "provider_appid", "sub_mchid", "app_auth_token", "time_expire"):
        assert getattr(order, name) == getattr(first, name)
    assert [way.pay_type for way in order.ways] == ["wxpay_h5", "alipay_wap"]
    assert order.ways[1].app_auth_token == "their token"


async def test_what_belongs_to_the_latest_way_is_not_asked_of_the_first(branches: Branches) -> None:
    """Alipay knows no sub-merchants of WeChat Pay's."""
    await branches.begin("alipay_wap")
    await branches.begin("wxpay_h5", sub_mchid="1900000009")
    result = await tell(branches, "alipay_wap")
    assert accepted(result)
    assert (await branches.now()).status == 1


async def test_what_belongs_to_the_first_way_is_still_asked_of_it(branches: Branches) -> None:
    await branches.begin("wxpay_h5", sub_mchid="1900000009")
    await branches.begin("alipay_wap")
    result = await tell(branches, "wxpay_h5", sub_mchid="1900000008")
    assert isinstance(result.error, NotificationMismatch)
    assert (await branches.now()).status == 0


@pytest.mark.parametrize("sub_mchid", ["1900000008", "1900000009"])
async def test_of_two_sub_merchants_the_one_that_was_paid(branches: Branches, sub_mchid: str) -> None:
    await branches.begin("wxpay_h5", sub_mchid="1900000008")
    await branches.begin("wxpay_h5", sub_mchid="1900000009")
    await tell(branches, "wxpay_h5", sub_mchid=sub_mchid)
    order = await branches.now()
    assert (order.status, order.sub_mchid) == (1, sub_mchid)


async def test_a_second_payment_is_for_a_person(branches: Branches) -> None:
    await branches.begin("alipay_wap")
    await branches.begin("wxpay_h5", sub_mchid="1900000009")
    await tell(branches, "alipay_wap")
    second = await tell(branches, "wxpay_h5", sub_mchid="1900000009")
    assert accepted(second)
    assert len(branches.runs) == 1
    (event,) = [one for one in await branches.events() if one.state == "unmatched"]
    assert "was paid twice: by tx-alipay, and now by tx-wxpay; give one of them back" in str(event.error)
    assert (await branches.now()).pay_type == "alipay_wap"


@pytest.mark.parametrize("pay_type", ["wxpay_h5", "alipay_wap"])
async def test_that_one_way_was_closed_does_not_close_the_order(branches: Branches, pay_type: str) -> None:
    await branches.begin("wxpay_h5", "alipay_wap")
    assert accepted(await tell(branches, pay_type, "closed", transaction_id=None))
    assert (await branches.now()).status == 0
    assert [one.state for one in await branches.events()] == ["done"]


async def test_what_a_strangers_provider_closes_is_no_news(branches: Branches) -> None:
    await branches.begin("wxpay_h5", "wxpay_mweb")
    assert accepted(await tell(branches, "alipay_wap", "closed", transaction_id=None))
    assert await branches.events() == []


async def test_one_payment_under_two_apps_of_a_merchant_runs_one_handler(branches: Branches) -> None:
    """Without the merchant's number an event is named by the app that heard of it."""
    await branches.begin("alipay_h5", "alipay_wap")
    runner = branches.pay.context.pipeline.runner
    began = []
    start = runner.start

    def counted(*args: Any) -> Any:
        began.append(args)
        return start(*args)

    runner.start = counted  # type: ignore[method-assign]
    for pay_type in ("alipay_h5", "alipay_wap"):
        provider: Any = branches.pay.provider(pay_type).sans_io
        provider.mch_id, provider.appid = None, f"app of {pay_type}"
        await tell(branches, pay_type, transaction_id="tx", appid=provider.appid, mch_id=None)
    assert len(began) == 1
    assert len(branches.runs) == 1


async def test_a_number_that_the_first_provider_gave_finds_the_order_still(branches: Branches) -> None:
    await branches.begin("wxpay_h5")
    await branches.pay.orders.set_providers_number(NUMBER, "P1")
    await branches.begin("alipay_wap")
    address = console_path("wxpay_h5")
    strangers = await tell(
        branches, "alipay_wap", path=console_path("alipay_wap"), out_trade_no="", provider_order_no="P1"
    )
    assert strangers.error is not None
    result = await tell(branches, "wxpay_h5", path=address, out_trade_no="", provider_order_no="P1")
    assert (accepted(result), result.number) == (True, NUMBER)
    order = await branches.now()
    assert (order.pay_type, order.provider_order_no) == ("wxpay_h5", "P1")


async def test_a_number_of_one_way_pays_nothing_in_another(branches: Branches) -> None:
    await branches.begin("wxpay_h5")
    await branches.pay.orders.set_providers_number(NUMBER, "P1")
    await branches.begin("alipay_wap")
    result = await tell(branches, "alipay_wap", provider_order_no="P1")
    assert isinstance(result.error, NotificationMismatch)


@pytest.mark.usefixtures("branch")
async def test_everything_at_once_in_two_processes_pays_once(
    bank: Bank, clock: Clock, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both ways are paid; whoever hears of which first, the other payment is for a person, and one handler runs."""
    hasten(monkeypatch)
    one, two = (Branches(open_shop(bank, clock, database_url).pay, bank, clock) for _ in range(2))
    async with one.pay, two.pay:
        for shop in (one, two):
            shop.listen()
        await one.begin("wxpay_h5", "alipay_wap")
        one.say("wxpay_h5")
        one.say("alipay_wap")
        clock.ms += 60_000
        answers = await asyncio.gather(
            one.pay.run_jobs("repair"),
            tell(two, "wxpay_h5"),
            one.pay.query_payment(out_trade_no=NUMBER, await_notify=True),
            tell(one, "alipay_wap"),
            two.pay.run_jobs("repair"),
            two.pay.query_payment(out_trade_no=NUMBER, await_notify=True),
            one.begin("wxpay_h5"),
            return_exceptions=True,
        )
        assert {type(answer) for answer in answers if isinstance(answer, Exception)} <= {OrderConflict}
        await one.pay.run_jobs("repair")
        order, events = await one.now(), await one.events()
    assert order.status == 1
    assert {way.pay_type for way in order.ways} == {"wxpay_h5", "alipay_wap"}
    assert order.transaction_id == f"tx-{order.pay_type.partition('_')[0]}"
    assert len(one.runs) + len(two.runs) == 1
    assert sorted((event.state, event.pay_type) for event in events) == sorted(
        ("done" if way.pay_type == order.pay_type else "unmatched", way.pay_type) for way in order.ways
    )
