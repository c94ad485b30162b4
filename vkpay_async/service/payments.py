"""Creating payments, and asking after them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any, Literal

from vkpay_async.errors import InvalidArgument
from vkpay_async.models import CreateOrder, Trade, TradeState, Value
from vkpay_async.notify.matching import check_trade
from vkpay_async.notify.routes import payment_path
from vkpay_async.order import Order
from vkpay_async.order_info import CodeUrl, OrderInfo
from vkpay_async.pay_type import ClientContext, pay_type_of
from vkpay_async.providers.base import Provider
from vkpay_async.qr import qr_data_url
from vkpay_async.registry import about
from vkpay_async.service import arguments
from vkpay_async.service.asking import Answer, Asking, take_in
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

    async def _settled(self, answer: Answer, seconds: int) -> Order:
        """Waits for the notification's own way to end; walks it itself when none has come."""
        pipeline, number = self._c.pipeline, answer.way.out_trade_no
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                if not (await self._c.ledger.require(number)).paid:
                    await pipeline.wait(number, NOTIFY_GRACE_S)
                running = await take_in(self._c, answer)
                if running is not None:
                    await asyncio.wait([running.task])
                while not await pipeline.answered(number):
                    await pipeline.wait(number, POLL_S)
        return await self._c.ledger.require(number)


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
