"""Creating, asking after and closing payments."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from vkpay_async.errors import (
    InvalidArgument,
    NotificationMismatch,
    OrderConflict,
    OrderStateConflict,
    ResourceNotFound,
    VKPayError,
)
from vkpay_async.models import CreateOrder, Trade, TradeState, Value
from vkpay_async.notify import Source
from vkpay_async.notify.matching import check_trade
from vkpay_async.notify.routes import payment_path
from vkpay_async.notify.running import Run
from vkpay_async.order import Order
from vkpay_async.order_info import CodeUrl, OrderInfo
from vkpay_async.pay_type import ClientContext, pay_type_of
from vkpay_async.providers.base import Flow, Provider
from vkpay_async.qr import qr_data_url
from vkpay_async.registry import about
from vkpay_async.service import arguments
from vkpay_async.service.asking import ENDED, Answer, Asking
from vkpay_async.service.context import Context
from vkpay_async.service.results import Payment, PaymentStatus
from vkpay_async.telemetry import current_trace

NOTIFY_GRACE_S = 0.5
"""How long a paid order waits for its notification before the query's own answer is used."""

POLL_S = 0.5

REPAIR_AFTER_MS = 60_000
"""How long an order may be unpaid before the provider is asked of our own accord."""


class PaymentRequest(Value, frozen=True, kw_only=True):
    """The arguments of ``create_payment``, as they were given."""

    provider: str
    out_trade_no: str
    total_fee: int | None
    subject: str
    type: str
    context: ClientContext
    body: str | None = None
    openid: str | None = None
    need_qrcode: bool | Literal["image"] = False
    alipay_app_pay_to_h5_pay: bool | None = None
    product: str | None = None
    auth_code: str | None = None
    store_id: str | None = None
    custom: Mapping[str, Any] | None = None
    other: Mapping[str, Any] | None = None
    pid: str | None = None
    user_id: str | None = None
    nickname: str | None = None
    time_expire: int | None = None
    return_url: str | None = None
    profit_sharing: bool | None = None
    sub_appid: str | None = None
    sub_mchid: str | None = None
    app_auth_token: str | None = None
    provider_pay_method: str | None = None
    wxpay_virtual: Mapping[str, Any] | None = None
    biz_type: str | None = None
    appleiap: Mapping[str, Any] | None = None
    productid: str | None = None


_OF_ONE_PROVIDER = ("provider_pay_method", "wxpay_virtual", "biz_type", "appleiap", "productid")
"""Arguments that some providers alone have; they check them themselves."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How an order stands, all its ways together. ``payable`` are those in which it may still be paid; ``settled`` tells that a
    payment was found, which the order has now or a person is to see to."""

    settled: bool = False
    payable: tuple[Order, ...] = ()


class Payments:
    """The payment operations over one application's parts."""

    def __init__(self, context: Context) -> None:
        self._c = context
        self._asking = Asking(context.providers, context.transport)

    async def create(self, request: PaymentRequest) -> Payment:
        pay_type = self._pay_type(request)
        provider = self._c.providers.get(request.pid, pay_type)
        order = provider.prepared(self._checked(request, pay_type))
        arguments.checked_total(order.total_fee)
        row = self._row(request, order, provider)
        info = await self._c.transport.run(
            provider.create(order),
            before=lambda: self._kept(row, one_payer=about(request.provider).one_payer),
        )
        if info.provider_order_no is not None:
            await self._c.ledger.set_providers_number(order.out_trade_no, info.provider_order_no, way=row)
        return Payment(
            provider=request.provider,
            pay_type=pay_type,
            out_trade_no=order.out_trade_no,
            total_fee=order.total_fee,
            platform=request.context.platform,
            order_info=info,
            need_qrcode=_shows_qrcode(request, info) or bool(request.need_qrcode),
            qrcode_image=await self._image(request, info),
        )

    async def _kept(self, row: Order, *, one_payer: bool) -> Order:
        repair_due = self._c.env.now_ms() + REPAIR_AFTER_MS
        return await self._c.ledger.add(row, repair_due=repair_due, one_payer=one_payer)

    async def query(
        self, order: Order, *, await_notify: bool, await_max_time: int, pay_order_info: bool
    ) -> PaymentStatus:
        if not 5 <= await_max_time <= 40:
            raise InvalidArgument("await_max_time is 5–40 seconds")
        answer = await self._asking.paid_or_latest(order)
        if answer.trade.state.paid:
            check_trade(answer.way, answer.trade, answer.provider)
        if answer.trade.state.paid and await_notify:
            order = await self._settled(answer, await_max_time)
        else:
            order = await self._c.ledger.require(order.out_trade_no)
        return _status(order, answer.trade, pay_order_info)

    async def settle(self, order: Order) -> Standing:
        """Asks how an order stands in every way; a payment goes the way of a notification.

        Raises :class:`NotificationMismatch` when what was paid is not the order, what kept it from asking, and
        :class:`OrderConflict` when a person is to look at one way and another may still be paid.
        """
        answers, failures = await self._asking.every(order)
        paid, misfits = await self._take_in([one for one in answers if one.trade.state.paid])
        if any(state is not TradeState.REFUND for state in paid):
            return Standing(settled=True)
        if failures:
            raise failures[0]
        still = tuple(one.way for one in answers if not (one.trade.state.paid or one.trade.state in ENDED))
        if still and (paid or misfits):
            raise OrderConflict(_one_way_for_a_person(order, still))
        if misfits:
            raise misfits[0]
        return Standing(settled=bool(paid), payable=still)

    async def close(self, order: Order, ways: Sequence[Order] = ()) -> Order:
        """Closes an order in ``ways``, by default all it was begun in, and here when nothing of it can be paid any more."""
        if order.paid:
            raise OrderConflict(f"order {order.out_trade_no!r} is paid; refund it instead of closing it")
        flows = [(way, self._provider(way).close(way.ref())) for way in ways or order.ways]
        failures: list[VKPayError] = []
        for way, flow in flows:
            try:
                await self._closed(order, way, flow)
            except VKPayError as error:
                failures.append(error)
        if failures:
            raise failures[0]
        return await self.mark_closed(order)

    async def mark_closed(self, order: Order) -> Order:
        """Of an order that ended unpaid in every way. Raises :class:`OrderConflict` when it was begun once more meanwhile."""
        now, number = self._c.env.now_ms(), order.out_trade_no
        found = await self._c.ledger.mark_closed(number, now=now, as_read=order)
        if found.status == 0:
            raise OrderConflict(
                f"order {number!r} was begun once more while it was being closed; close it again"
            )
        return found

    def _pay_type(self, request: PaymentRequest) -> str:
        arguments.required_text(request.provider, "provider", 1005)
        to_h5 = request.alipay_app_pay_to_h5_pay
        if to_h5 is None:
            to_h5 = self._c.config.merchant(request.pid).alipay_app_pay_to_h5_pay
        return pay_type_of(
            request.provider,
            request.context,
            auth_code=request.auth_code,
            need_qrcode=bool(request.need_qrcode),
            alipay_app_pay_to_h5_pay=self._c.config.alipay_app_pay_to_h5_pay if to_h5 is None else to_h5,
            product=request.product,
        )

    def _checked(self, request: PaymentRequest, pay_type: str) -> CreateOrder:
        provider = request.provider
        number = arguments.checked_trade_no(request.out_trade_no, provider)
        arguments.required_text(request.type, "type", 1002)
        self._check_user(request.user_id)
        openid = None if request.need_qrcode else request.openid
        if (
            pay_type in about(provider).openid_pay_types
            and not openid
            and not self._other_names_payer(request)
        ):
            raise InvalidArgument(f"openid is missing: {pay_type} needs the payer's", code=1006)
        return CreateOrder(
            pay_type=pay_type,
            out_trade_no=number,
            total_fee=self._total(request),
            subject=arguments.required_text(request.subject, "subject", 1004),
            notify_url=self._c.config.notify_base(request.pid) + payment_path(pay_type, number),
            body=request.body,
            openid=openid,
            client_ip=request.context.client_ip,
            time_expire=arguments.checked_expiry(
                request.time_expire, pay_type, provider, self._c.env.now_ms()
            ),
            auth_code=request.auth_code,
            store_id=request.store_id,
            return_url=request.return_url,
            profit_sharing=request.profit_sharing,
            sub_appid=request.sub_appid,
            sub_mchid=request.sub_mchid,
            app_auth_token=request.app_auth_token,
            other=dict(request.other or {}),
            options={
                name: value for name in _OF_ONE_PROVIDER if (value := getattr(request, name)) is not None
            },
        )

    @staticmethod
    def _total(request: PaymentRequest) -> int:
        """0 where the provider works it out."""
        if request.total_fee is None and about(request.provider).priced:
            return 0
        return arguments.checked_total(request.total_fee)

    @staticmethod
    def _other_names_payer(request: PaymentRequest) -> bool:
        """Alipay's service-provider mode names the payer in ``other`` (``op_buyer_open_id``)."""
        return any(key in (request.other or {}) for key in ("op_buyer_open_id", "buyer_open_id", "buyer_id"))

    def _check_user(self, user_id: str | None) -> None:
        allowed = self._c.config.user_whitelist
        if allowed is not None and user_id not in allowed:
            raise InvalidArgument("user_id is not in user_whitelist: this user may not create payments")

    def _row(self, request: PaymentRequest, order: CreateOrder, provider: Provider) -> Order:
        base = self._c.config.notify_base(request.pid)
        return Order(
            out_trade_no=order.out_trade_no,
            type=request.type,
            pay_type=order.pay_type,
            total_fee=order.total_fee,
            description=order.subject,
            platform=request.context.platform,
            uni_platform={"h5": "web", "app-plus": "app"}.get(
                request.context.platform or "", request.context.platform
            ),
            user_id=request.user_id,
            nickname=request.nickname,
            device_id=request.context.device_id,
            client_ip=request.context.client_ip,
            openid=order.openid,
            appid=request.context.appid,
            custom=arguments.checked_custom(
                request.custom, user_id=request.user_id, nickname=request.nickname
            ),
            create_date=self._c.env.now_ms(),
            stat_data={"platform": request.context.platform, "ua": request.context.user_agent},
            pid=request.pid,
            app_auth_token=order.app_auth_token,
            sub_mchid=order.sub_mchid,
            sub_appid=order.sub_appid,
            time_expire=order.time_expire,
            traceparent=current_trace(),
            provider_pay_method=request.provider_pay_method,
            expand_data=order.expand_data,
            notify_url=base,
            notify_path=order.notify_url.removeprefix(base),
            mch_id=provider.mch_id,
            provider_appid=provider.appid,
        )

    async def _image(self, request: PaymentRequest, info: OrderInfo) -> str | None:
        if not isinstance(info, CodeUrl):
            return None
        if request.need_qrcode != "image" and not _shows_qrcode(request, info):
            return None
        return await asyncio.to_thread(qr_data_url, info.code_url)

    async def _closed(self, order: Order, way: Order, flow: Flow[None]) -> None:
        # Alipay knows no order that nobody has opened; closing it here is all there is to close.
        with contextlib.suppress(ResourceNotFound):
            try:
                await self._c.transport.run(flow)
            except OrderStateConflict:
                # Two ways may be one order at the provider, which the first has closed.
                if len(order.ways) == 1 or (await self._asking.ask(way)).trade.state not in ENDED:
                    raise

    async def _settled(self, answer: Answer, seconds: int) -> Order:
        """Waits for the notification's own way to end; walks it itself when none has come."""
        pipeline, number = self._c.pipeline, answer.way.out_trade_no
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                if not (await self._c.ledger.require(number)).paid:
                    await pipeline.wait(number, NOTIFY_GRACE_S)
                running = await self._paid(answer)
                if running is not None:
                    await asyncio.wait([running.task])
                while not await pipeline.answered(number):
                    await pipeline.wait(number, POLL_S)
        return await self._c.ledger.require(number)

    async def _take_in(
        self, answers: Sequence[Answer]
    ) -> tuple[list[TradeState], list[NotificationMismatch]]:
        """Each payment, as a notification would bring it. A second one of the same order is kept for a person."""
        paid: list[TradeState] = []
        misfits: list[NotificationMismatch] = []
        for answer in answers:
            try:
                await self._paid(answer)
            except NotificationMismatch as error:
                misfits.append(error)
            else:
                paid.append(answer.trade.state)
        return paid, misfits

    async def _paid(self, answer: Answer) -> Run | None:
        """Heard by asking; under the way of paying that was asked. The handler, where this process runs it."""
        way, provider = answer.way, answer.provider
        source = Source(pay_type=way.pay_type, pid=way.pid or "default")
        settled = await self._c.pipeline.paid(way.out_trade_no, answer.trade, provider, source)
        if settled.error is not None:
            raise settled.error
        return settled.running

    def _provider(self, way: Order) -> Provider:
        return self._c.providers.get(way.pid, way.pay_type)


def _one_way_for_a_person(order: Order, still: Sequence[Order]) -> str:
    pay_types = ", ".join(way.pay_type for way in still)
    return (
        f"order {order.out_trade_no!r}: something is not right with one of its payments, see `vkpay notifications list`; "
        f"it may still be paid by {pay_types}"
    )


def _shows_qrcode(request: PaymentRequest, info: OrderInfo) -> bool:
    return isinstance(info, CodeUrl) and about(request.provider).shows_qrcode


def _status(order: Order, trade: Trade, pay_order_info: bool) -> PaymentStatus:
    paid = trade.state in (TradeState.SUCCESS, TradeState.FINISHED)
    return PaymentStatus(
        out_trade_no=order.out_trade_no,
        order_paid=paid,
        status=order.status,
        trade_state=trade.state,
        msg="ok" if paid else unpaid_text(trade),
        transaction_id=order.transaction_id or trade.transaction_id,
        user_order_success=order.user_order_success,
        pay_order=order if pay_order_info else None,
    )


def unpaid_text(trade: Trade) -> str:
    """As vk-uni-pay words it."""
    return "订单已退款" if "退款" in trade.description else trade.description or "未支付或已退款"
