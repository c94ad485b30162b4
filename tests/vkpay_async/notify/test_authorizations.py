"""An authorisation's news: that it takes effect and that it is closed are told once each, whoever heard of them first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from tests.vkpay_async.fake import Bank, Clock, Shop, open_shop
from tests.vkpay_async.notify.handling import accepted
from vkpay_async import AuthorizationState, ChangedAuthorization, NotificationMismatch, Transaction
from vkpay_async.models import Notification
from vkpay_async.notify.routes import authorization_path, payment_path, transfer_path

EFFECT, CLOSED = AuthorizationState.TAKING_EFFECT, AuthorizationState.CLOSED


def listen(*shops: Shop, failures: tuple[Exception, ...] = ()) -> list[ChangedAuthorization]:
    told: list[ChangedAuthorization] = []
    left = list(failures)

    async def changed(authorization: ChangedAuthorization) -> None:
        told.append(authorization)
        if left:
            raise left.pop(0)

    for shop in shops:
        shop.pay.on_transfer_authorized(changed)
    return told


async def test_the_handler_is_told_once(shop: Shop) -> None:
    told = listen(shop)
    results = [await shop.notify_authorization(authorization_id="201") for _ in range(3)]
    assert all(map(accepted, results))
    assert [result.first for result in results] == [True, False, False]
    (given,) = told
    assert isinstance(given, ChangedAuthorization)
    assert (given.out_authorization_no, given.state, given.authorization_id, given.openid) == (
        "AUTH1",
        EFFECT,
        "201",
        "payer",
    )
    event = await shop.event("AUTH1")
    assert (event.kind, event.state, given.idempotency_key) == ("transfer_auth", "done", event.id)


async def test_that_it_is_closed_is_told_as_well(shop: Shop) -> None:
    told = listen(shop)
    for state in (EFFECT, CLOSED, EFFECT, CLOSED):
        assert accepted(await shop.notify_authorization(state=state))
    assert [given.state for given in told] == [EFFECT, CLOSED]
    assert len({given.idempotency_key for given in told}) == 2


async def test_fifty_copies_at_once_are_one(shop_on_disk: Shop) -> None:
    told = listen(shop_on_disk)
    results = await asyncio.gather(*(shop_on_disk.notify_authorization() for _ in range(50)))
    assert all(map(accepted, results))
    assert sum(result.first for result in results) == 1
    assert len(told) == 1


@pytest.fixture
async def shops(bank: Bank, clock: Clock, database_url: str) -> AsyncIterator[tuple[Shop, Shop]]:
    one, other = open_shop(bank, clock, database_url), open_shop(bank, clock, database_url)
    async with one.pay, other.pay:
        yield one, other


async def test_two_processes_tell_it_once(shops: tuple[Shop, Shop]) -> None:
    told = listen(*shops)
    results = await asyncio.gather(
        *(shops[n % 2].notify_authorization(state=(EFFECT, CLOSED)[n % 4 // 2]) for n in range(40))
    )
    assert all(map(accepted, results))
    for shop in shops:
        await shop.pay.idle()
    assert sorted(given.state for given in told) == [CLOSED, EFFECT]


async def test_a_handler_that_came_later_runs_in_one_of_two_processes(shops: tuple[Shop, Shop]) -> None:
    """Both find an event that nobody was there to hear: its row is locked, as there is no other."""
    assert accepted(await shops[0].notify_authorization())
    told = listen(*shops)
    await asyncio.gather(*(shops[n % 2].notify_authorization() for n in range(20)))
    for shop in shops:
        await shop.pay.idle()
    assert len(told) == 1


async def test_a_query_that_hears_of_it_first_tells_it(shop: Shop) -> None:
    told = listen(shop)
    for _ in range(2):
        await shop.pay.query_user_confirm_authorization(provider="wxpay", out_authorization_no="AUTH1")
        await shop.pay.idle()
    assert accepted(await shop.notify_authorization())
    assert [given.state for given in told] == [EFFECT]
    assert (await shop.event("AUTH1")).source == 0


async def test_what_is_neither_is_acknowledged_and_told_to_nobody(shop: Shop) -> None:
    told = listen(shop)
    waiting = AuthorizationState.WAIT_USER_CONFIRM
    assert accepted(await shop.notify_authorization(state=waiting))
    assert (told, await shop.events("AUTH1")) == ([], [])


async def test_without_a_handler_it_is_kept_and_told_to_one_that_comes_later(shop: Shop) -> None:
    assert accepted(await shop.notify_authorization())
    assert (await shop.event("AUTH1")).state == "done"
    told = listen(shop)
    for _ in range(2):
        assert accepted(await shop.notify_authorization())
    assert len(told) == 1


async def test_the_same_number_of_another_merchant_is_another(shop: Shop) -> None:
    told = listen(shop)
    assert accepted(await shop.notify_authorization())
    assert accepted(await shop.notify_authorization(pid="shop7", mch_id="1900000007"))
    assert len({given.idempotency_key for given in told}) == 2


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"mch_id": "1900000007"}, "merchant '1900000007' does not fit ours"),
        ({"number": "AUTH2"}, "authorisation number 'AUTH2' does not fit ours, 'AUTH1'"),
    ],
)
async def test_another_is_refused_and_kept_for_a_person(
    shop: Shop, wrong: dict[str, Any], words: str
) -> None:
    told = listen(shop)
    result = await shop.notify_authorization(**wrong)
    assert result.reply.body == b"again"
    assert isinstance(result.error, NotificationMismatch)
    assert words in str(result.error)
    assert (told, result.first) == ([], False)
    event = await shop.event("AUTH1")
    assert (event.state, event.error) == ("unmatched", result.error.msg)
    with pytest.raises(NotificationMismatch):
        await shop.pay.replay_notification(event.id)


@pytest.mark.parametrize("path", [transfer_path, payment_path, authorization_path])
async def test_news_at_the_address_of_another_kind(shop: Shop, path: Any) -> None:
    await shop.order("AUTH12")
    own = path is authorization_path
    arguments = ("wxpay_transfer", "AUTH12") if path is payment_path else ("wxpay_transfer", "AUTH12", None)
    given = ChangedAuthorization(out_authorization_no="AUTH12", state=EFFECT, raw_state="TAKING_EFFECT")
    news = {"authorization": given} if not own else {"trade": shop.trade("AUTH12")}
    kind: Any = "payment" if own else "transfer_auth"
    result = await shop.deliver(path(*arguments), Notification(kind=kind, id="1", event="X", **news))
    assert isinstance(result.error, NotificationMismatch)
    assert "at the address of a" in str(result.error)
    assert (await shop.pay.orders.require("AUTH12")).status == 0


async def test_a_handler_that_fails_is_told_again_by_the_jobs(shop: Shop) -> None:
    told = listen(shop, failures=(RuntimeError("no book"),))
    for _ in range(2):
        assert accepted(await shop.notify_authorization())
    assert len(told) == 1
    event = await shop.event("AUTH1")
    assert (event.state, event.error) == ("failed", "RuntimeError: no book")
    assert await shop.redeliver(15_000) == 1
    assert told[0] == told[1]
    assert (await shop.event("AUTH1")).state == "done"


async def test_replay_tells_it_once_more_under_the_same_key(shop: Shop) -> None:
    told = listen(shop)
    assert accepted(await shop.notify_authorization())
    event = await shop.pay.replay_notification((await shop.event("AUTH1")).id)
    assert event.state == "done"
    assert told[0] == told[1]


async def test_one_that_did_not_fit_is_matched_again(shop: Shop) -> None:
    """Its merchant was not ours while the configuration named another."""
    told = listen(shop)
    shop.bank.authorization_mch_id = "1900000007"
    with pytest.raises(NotificationMismatch):
        await shop.pay.query_user_confirm_authorization(provider="wxpay", out_authorization_no="AUTH1")
    event = await shop.event("AUTH1")
    provider: Any = shop.pay.provider("wxpay_transfer").sans_io
    provider.mch_id = "1900000007"
    await shop.pay.replay_notification(event.id)
    assert [given.state for given in told] == [EFFECT]


async def test_what_a_handler_writes_in_tx_is_written_once(bank: Bank, clock: Clock, database: str) -> None:
    shop = open_shop(bank, clock, database)
    fails = [RuntimeError("the power went")]

    @shop.pay.on_transfer_authorized
    async def changed(authorization: ChangedAuthorization, tx: Transaction) -> None:
        await tx.execute(text("INSERT INTO marks VALUES (1)"))
        if fails:
            raise fails.pop()

    async with shop.pay:
        await shop.pay.orders.write(lambda c: c.execute(text("CREATE TABLE marks (n INTEGER)")))
        assert accepted(await shop.notify_authorization())
        assert (await shop.event("AUTH1")).state == "failed"
        assert await shop.redeliver(15_000) == 1
        assert accepted(await shop.notify_authorization())
        assert await shop.pay.orders.read(lambda c: c.scalar(text("SELECT COUNT(*) FROM marks"))) == 1


async def test_with_the_policy_handled_the_provider_comes_again_until_it_succeeds(
    bank: Bank, clock: Clock
) -> None:
    shop = open_shop(bank, clock, "sqlite://", reply_policy="handled")
    told = listen(shop, failures=(RuntimeError("no book"),))
    async with shop.pay:
        assert not accepted(await shop.notify_authorization())
        assert accepted(await shop.notify_authorization())
        assert len(told) == 2
