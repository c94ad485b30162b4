"""A payment's whole life with the SDK on one side and the simulator on the other, and what may not pay it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.contract.cases import TOTAL, case_of, order
from tests.contract.conftest import SAMPLE
from tests.flow.conftest import Shop
from vkpay_async import InvalidArgument, NotificationResult, Payment, RefundState, VKPayError
from vkpay_async.pay_type import split_pay_type
from vkpay_simulator.actions import find_order
from vkpay_simulator.providers.base import SimulatorError

LATER_S = 61
"""By then every refund here has been settled, and another may follow."""


class Post:
    """Keeps the notifications of a shop as they came in."""

    def __init__(self, shop: Shop) -> None:
        self.arrived: list[dict[str, Any]] = []
        self.results: list[NotificationResult] = []
        self._take = shop.pay.handle_notification
        shop.pay.handle_notification = self.take  # type: ignore[method-assign]

    async def take(self, **raw: Any) -> NotificationResult:
        self.arrived.append(raw)
        self.results.append(await self._take(**raw))
        return self.results[-1]


@pytest.fixture
def post(shop: Shop) -> Post:
    return Post(shop)


async def pay(shop: Shop, name: str, number: str) -> Payment:
    payment, case = await order(shop, name, number), case_of(name)
    await case.opens(shop, payment)
    await case.pays(shop, payment)
    await shop.pay.idle()
    return payment


async def test_create_pay_notify_query_refund(shop: Shop, post: Post, name: str) -> None:
    number = "T2026112100000001"
    payment = await pay(shop, name, number)
    assert split_pay_type(payment.pay_type)[0] == name
    assert payment.to_client()["orderInfo"] is not None

    kept = await shop.pay.orders.require(number)
    assert (kept.status, kept.total_fee, kept.notify_mode) == (1, TOTAL, 1)
    assert kept.transaction_id
    assert shop.shipped == [number]
    assert [result.error for result in post.results] == [None] * len(post.results)

    status = await shop.pay.query_payment(out_trade_no=number)
    assert (status.order_paid, status.user_order_success) == (True, True)
    await _give_back(shop, number)

    (seen,) = shop.sim.orders()
    assert seen.provider == name
    shop.sim.reset()
    assert shop.sim.orders() == []


async def _give_back(shop: Shop, number: str) -> None:
    """In two parts, or a clear word that it has no refunds."""
    await shop.sim.advance(LATER_S)
    try:
        first = await shop.pay.refund(out_trade_no=number, refund_fee=5000)
    except InvalidArgument as error:
        assert "refund" in str(error)  # noqa: PT017 - either is right
        return
    assert first.refund_fee == 5000
    await shop.sim.advance(LATER_S)
    rest = await shop.pay.refund(out_trade_no=number)
    assert rest.refund_fee == TOTAL - 5000
    await shop.sim.advance(LATER_S)
    for refund in (first, rest):
        found = await shop.pay.query_refund(out_trade_no=number, out_refund_no=refund.out_refund_no)
        assert found.refund.state is RefundState.SUCCESS
    kept = await shop.pay.orders.require(number)
    assert (kept.status, kept.refund_fee) == (3, TOTAL)
    with pytest.raises(InvalidArgument, match="refunded in full"):
        await shop.pay.refund(out_trade_no=number)


async def test_copies_run_the_handler_once(shop: Shop, post: Post, name: str) -> None:
    shop.sim.fault("duplicate_notify", copies=3)
    await pay(shop, name, "T2026112100000001")
    for raw in list(post.arrived):
        await post.take(**raw)
    assert len(post.arrived) >= 4
    assert (shop.runs, await shop.status("T2026112100000001")) == (1, 1)


async def test_a_lost_notification_is_made_up_for_by_a_query(shop: Shop, name: str) -> None:
    if not case_of(name).can_ask:
        pytest.skip(f"{name} knows no order: what it sold is found by the proof that the client brings")
    shop.sim.fault("lose_notify", times=None)
    await pay(shop, name, "T2026112100000001")
    assert await shop.status("T2026112100000001") == 0
    status = await shop.pay.query_payment(out_trade_no="T2026112100000001", await_notify=True)
    assert (status.order_paid, status.user_order_success) == (True, True)
    assert shop.shipped == ["T2026112100000001"]


async def test_a_genuine_one_at_another_orders_address_pays_nothing(
    shop: Shop, post: Post, name: str
) -> None:
    """The buyer of one order sends its notification once more, for another of the same amount."""
    await pay(shop, name, "T2026112100000001")
    await order(shop, name, "T2026112100000002")
    for raw in list(post.arrived):
        elsewhere = raw["path"].replace("T2026112100000001", "T2026112100000002")
        await post.take(**{**raw, "path": elsewhere})
    assert await shop.status("T2026112100000002") == 0
    assert shop.shipped == ["T2026112100000001"]


async def test_a_genuine_one_rewritten_for_another_order_pays_nothing(
    shop: Shop, post: Post, name: str
) -> None:
    """As before, with the other order's numbers put into its text."""
    paid = await pay(shop, name, "T2026112100000001")
    other = await order(shop, name, "T2026112100000002")
    changes = {"T2026112100000001": "T2026112100000002"}
    if paid.order_info.provider_order_no and other.order_info.provider_order_no:
        changes[paid.order_info.provider_order_no] = other.order_info.provider_order_no
    for raw in list(post.arrived):
        path, body = raw["path"], raw["body"]
        for ours, theirs in changes.items():
            path, body = path.replace(ours, theirs), body.replace(ours.encode(), theirs.encode())
        await post.take(**{**raw, "path": path, "body": body})
        assert not post.results[-1].first
    assert await shop.status("T2026112100000002") == 0
    assert shop.shipped == ["T2026112100000001"]


async def test_a_signature_that_does_not_hold_is_refused(shop: Shop, post: Post, name: str) -> None:
    if case_of(name).confirms:
        pytest.skip(f"{name} is asked about each notification, and its word counts")
    shop.sim.fault("bad_signature", operation=f"{name}.notify", times=None)
    await pay(shop, name, "T2026112100000001")
    assert post.results
    for result in post.results:
        assert isinstance(result.error, VKPayError)
        assert result.reply.status >= 400 or b"success" not in result.reply.body.lower()
    assert (await shop.status("T2026112100000001"), shop.runs) == (0, 0)


async def test_what_was_changed_on_the_way_is_refused(shop: Shop, post: Post, name: str) -> None:
    """Spoilt at every byte: it is refused with an error of ours, or says what it said before."""
    await pay(shop, name, "T2026112100000001")
    await order(shop, name, "T2026112100000002")
    raw = post.arrived[0]
    body: bytes = raw["body"]
    for at in range(0, len(body), max(1, len(body) // 60)):
        changed = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
        path = raw["path"].replace("T2026112100000001", "T2026112100000002")
        await post.take(**{**raw, "path": path, "body": changed})
        result = post.results[-1]
        assert result.error is None or isinstance(result.error, VKPayError)
        assert not result.first
    assert await shop.status("T2026112100000002") == 0
    assert shop.shipped == ["T2026112100000001"]


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"a=1", b"\xff", b"<xml/>", b"{" * 5000, b"&" * 5000, b'{"a":' * 5000]
)
async def test_what_is_no_notification_is_refused(shop: Shop, name: str, body: bytes) -> None:
    payment = await order(shop, name, "T2026112100000001")
    path = f"/pay/vk-pay-notify/{payment.pay_type}/{payment.out_trade_no}"
    headers: Mapping[str, str] = {"Content-Type": "application/json"}
    result = await shop.pay.handle_notification(path=path, headers=headers, body=body)
    assert isinstance(result.error, VKPayError)
    assert str(result.error)
    assert result.error.acknowledged or result.reply.status >= 400 or result.reply.body
    assert not result.first
    assert await shop.status(payment.out_trade_no) == 0


async def test_the_simulator_finds_an_order_by_its_number_as_in_its_list(shop: Shop, name: str) -> None:
    await pay(shop, name, "T2026112100000001")
    await order(shop, name, "T2026112100000002")
    listed = shop.sim.world.providers[name].orders()
    assert listed
    for one in listed:
        assert find_order(shop.sim.world, one.out_trade_no, provider=name, pid=one.pid) == one
    with pytest.raises(SimulatorError):
        find_order(shop.sim.world, "T2026112100000003", provider=name)


async def test_a_number_at_two_providers_is_one_order(shop: Shop) -> None:
    """The buyer changes from one wallet to another before paying: the eighth provider is no exception."""
    for name in ("wxpay", SAMPLE):
        await order(shop, name, "T2026112100000001")
    assert len(shop.sim.orders()) == 2
    await shop.sim.pay("T2026112100000001", provider=SAMPLE)
    kept = await shop.pay.orders.require("T2026112100000001")
    assert (kept.status, kept.pay_type) == (1, "samplepay_h5")
