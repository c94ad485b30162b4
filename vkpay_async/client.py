"""The front door: one object for all providers and merchants of an application."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack

import msgspec

from vkpay_async.clock import SYSTEM_ENV
from vkpay_async.config import Config, config_from_dict, config_from_env, config_from_file
from vkpay_async.errors import InvalidArgument
from vkpay_async.jobs import JobCounts, JobLoop, run_once
from vkpay_async.models import (
    LowerHeaders,
    RawNotification,
    Refund,
    Transfer,
    TransferAuthorization,
    TransferRef,
)
from vkpay_async.notify import Handlers, NotificationResult, Pipeline, Receiver
from vkpay_async.order import Order
from vkpay_async.pay_type import ClientContext, split_pay_type
from vkpay_async.providers.base import Env
from vkpay_async.providers.registry import Providers
from vkpay_async.service.aes import Aes
from vkpay_async.service.arguments import required_text
from vkpay_async.service.authorizations import Authorizations
from vkpay_async.service.balances import Balances
from vkpay_async.service.bound import BoundProvider
from vkpay_async.service.coins import Coins
from vkpay_async.service.context import Context
from vkpay_async.service.logins import Logins
from vkpay_async.service.options import AuthorizationOptions, PaymentOptions, TransferOptions
from vkpay_async.service.payments import PaymentRequest, Payments
from vkpay_async.service.purchases import Purchases, checked_proof
from vkpay_async.service.refunds import Refunds
from vkpay_async.service.results import Payment, PaymentStatus, PurchaseStatus, RefundStatus
from vkpay_async.service.shared import SharedTokens
from vkpay_async.service.transfers import Transfers
from vkpay_async.service.unpaid import Unpaid
from vkpay_async.transport import Transport

if TYPE_CHECKING:
    from vkpay_async.ledger import Event, Ledger, Merchants, Tokens
    from vkpay_async.ledger.days import Reconciliation

DEFAULT_DATABASE = "sqlite:///vkpay.db"


def _configured(config: Config) -> str | None:
    return config.database.reveal() if config.database else None


class VKPay:
    """Payments of an application: every provider, every merchant, one order ledger.

    Use it as ``async with pay: …`` or call :meth:`close` at the end. ``database`` is a SQLAlchemy URL, by default the
    config's, else a file ``vkpay.db``. ``config_key`` decrypts the merchants that are kept there (:attr:`merchants`), by
    default the environment's ``VKPAY_CONFIG_KEY``. ``env`` replaces time and nonces in tests. ``context`` holds
    the parts, for jobs.
    """

    def __init__(
        self,
        config: Config,
        *,
        database: str | None = None,
        env: Env = SYSTEM_ENV,
        transport: Transport | None = None,
        config_key: str | None = None,
    ) -> None:
        from vkpay_async.ledger import KnownMerchants, Ledger, Merchants, Tokens

        self.config = config
        self.orders: Ledger = Ledger(database or _configured(config) or DEFAULT_DATABASE)
        self._transport = transport or Transport(config.http)
        self._handlers = Handlers()
        from vkpay_async.config.vault import vault_from_env, vault_from_text

        vault = vault_from_text(config_key) if config_key else vault_from_env()
        self._providers = Providers(config, env, more_merchants=vault is not None)
        self.merchants: Merchants = Merchants(self.orders, vault, env.now_ms)
        self.tokens: Tokens = Tokens(self.orders, vault)
        self._transport.shared = SharedTokens(self.tokens, env.now_ms)
        self._known = KnownMerchants(self.merchants, self._providers, env.now_ms)
        self._pipeline = Pipeline(
            providers=self._providers, ledger=self.orders, handlers=self._handlers, env=env
        )
        self._receiver = Receiver(
            providers=self._providers,
            ledger=self.orders,
            transport=self._transport,
            pipeline=self._pipeline,
            known=self._known,
        )
        self.context = context = Context(
            env=env,
            providers=self._providers,
            ledger=self.orders,
            transport=self._transport,
            pipeline=self._pipeline,
        )
        self._payments = Payments(context)
        self._unpaid = Unpaid(context)
        self._purchases = Purchases(context)
        self._refunds = Refunds(context)
        self._transfers = Transfers(context)
        self._authorizations = Authorizations(context)
        self.aes = Aes(lambda: context.config)
        self.query_account_balance = Balances(context, self._known.ensure).query_account_balance
        self.coins = Coins(context, self._known.ensure)
        logins = Logins(context, self._known.ensure)
        self.code2session_weixin_mp = logins.code2session_weixin_mp
        self.code2session_weixin_h5 = logins.code2session_weixin_h5
        self.code2session_alipay = logins.code2session_alipay
        self.code2session_douyin = logins.code2session_douyin
        self.on_paid = self._handlers.on_paid
        self.on_refunded = self._handlers.on_refunded
        self.on_transferred = self._handlers.on_transferred
        self.on_event = self._handlers.on_event
        self.on_transfer_authorized = self._handlers.on_transfer_authorized

    @classmethod
    def from_file(cls, path: str | Path, **options: Any) -> Self:
        """Reads a TOML file. Raises :class:`ConfigError` naming file, node and key."""
        return cls(config_from_file(path), **options)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], **options: Any) -> Self:
        """Takes the shape of the TOML file, a vk-uni-pay config, or a ``vk-pay-config`` row."""
        return cls(config_from_dict(data), **options)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, **options: Any) -> Self:
        """Reads ``VKPAY_…`` variables."""
        return cls(config_from_env(environ), **options)

    async def __aenter__(self) -> Self:
        await self.orders.open()
        await self._known.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Waits for running handlers, then closes connections and the database."""
        await self._pipeline.close()
        await self._transport.close()
        await self.orders.close()

    @asynccontextmanager
    async def lifespan(self, app: object = None) -> AsyncIterator[None]:
        """For frameworks that take a lifespan: ``FastAPI(lifespan=pay.lifespan)``. The jobs run meanwhile."""
        async with self, self.jobs_running():
            yield

    async def create_payment(
        self,
        *,
        provider: str,
        out_trade_no: str,
        total_fee: int | None = None,
        subject: str,
        type: str,  # noqa: A002 - vk-uni-pay's name for the handler's key
        platform: str | None = None,
        context: Mapping[str, Any] | None = None,
        is_pc: bool | None = None,
        client_ip: str | None = None,
        user_agent: str | None = None,
        **options: Unpack[PaymentOptions],
    ) -> Payment:
        """Creates a payment and keeps its order. ``total_fee`` in fen, ``time_expire`` in ms since the epoch.

        ``total_fee`` is left out only where the provider works it out. Called again for an unpaid order, it begins it once more:
        in another way perhaps, beside those before, which are asked after and closed as well.

        ``context`` is a cloud function's context or a ``getClientInfo()`` object; ``platform``, ``client_ip`` and
        ``user_agent`` override it. The other options are those of :class:`PaymentOptions`.

        Raises :class:`InvalidArgument` (codes 1001–1006, 1011), :class:`NotifyUrlMissing` (101),
        :class:`OrderConflict`, :class:`ProviderError`, :class:`TransportError`.
        """
        where = ClientContext.from_mapping(context or {})
        given = {"platform": platform, "is_pc": is_pc, "client_ip": client_ip, "user_agent": user_agent}
        where = msgspec.structs.replace(where, **{k: v for k, v in given.items() if v is not None})
        request = PaymentRequest(
            provider=provider,
            out_trade_no=out_trade_no,
            total_fee=total_fee,
            subject=subject,
            type=type,
            context=where,
            **options,
        )
        await self._known.ensure(request.pid)
        return await self._payments.create(request)

    async def verify_purchase(
        self,
        *,
        out_trade_no: str,
        signed_transaction: str | None = None,
        transaction_id: str | None = None,
        transaction_receipt: str | None = None,
        transaction_identifier: str | None = None,
        await_max_time: int = 20,
    ) -> PurchaseStatus:
        """Takes in what a customer has bought on a device (Apple), and credits its order once.

        One of: StoreKit 2's ``signed_transaction`` (``jwsRepresentation``), a ``transaction_id``, or an old base64
        ``transaction_receipt`` with its ``transaction_identifier``. Waits up to ``await_max_time`` seconds for the order's handler.
        The app finishes the transaction when ``finish`` is true. A renewal is credited to an order of its own.

        Raises :class:`OrderNotFound` (2001), :class:`NotificationMismatch` for what is not this order's,
        :class:`SignatureInvalid`, :class:`InvalidArgument` (1014, 1015, 1016), :class:`OrderConflict`, :class:`ProviderError`,
        :class:`TransportError`.
        https://developer.apple.com/documentation/storekit/verificationresult/jwsrepresentation-21vgo
        """
        number = required_text(out_trade_no, "out_trade_no", 1001)
        proof = checked_proof(signed_transaction, transaction_id, transaction_receipt, transaction_identifier)
        order = await self._order(number, None, None)
        return await self._purchases.verify(order, proof, await_max_time=await_max_time)

    async def query_payment(
        self,
        *,
        out_trade_no: str | None = None,
        transaction_id: str | None = None,
        await_notify: bool = False,
        await_max_time: int = 20,
        pay_order_info: bool = False,
        provider: str | None = None,
    ) -> PaymentStatus:
        """Asks the provider how a payment stands; until it is paid, each at which the order was begun.

        With ``await_notify`` it waits up to ``await_max_time`` (5–40 s) until the order's handler has answered, and when
        no notification has come half a second after the payment it starts the handler itself.

        Raises :class:`OrderNotFound` (2001), :class:`NotificationMismatch` when what was paid is not the order (amount,
        app, merchant), :class:`ProviderError`, :class:`TransportError`.
        """
        order = await self._order(out_trade_no, transaction_id, provider)
        return await self._payments.query(
            order, await_notify=await_notify, await_max_time=await_max_time, pay_order_info=pay_order_info
        )

    async def close_payment(self, *, out_trade_no: str) -> Order:
        """Makes an unpaid order unpayable here and at the provider, or at all of them where it was begun in several ways.

        Raises :class:`OrderNotFound`, :class:`OrderConflict` (paid, or begun once more meanwhile), :class:`InvalidArgument`
        where a provider closes nothing, :class:`ProviderError`, :class:`TransportError`: it is then open as before.
        """
        return await self._unpaid.close(await self._order(out_trade_no, None, None))

    async def refund(
        self,
        *,
        out_trade_no: str | None = None,
        transaction_id: str | None = None,
        refund_fee: int | None = None,
        out_refund_no: str | None = None,
        refund_desc: str | None = None,
        provider: str | None = None,
        total_fee: int | None = None,
    ) -> Refund:
        """Refunds ``refund_fee`` fen, or all that is left when it is left out.

        ``out_refund_no`` is the idempotency key, by default ``<out_trade_no>-<n>``; after :class:`OutcomeUnknown` repeat
        with the same one or call :meth:`query_refund`; until then ``refund_fee`` without a number is refused, because it
        might be a second refund. ``total_fee`` may be given as a check.

        Raises :class:`OrderNotFound` (2001), :class:`OrderNotPaid` (2002), :class:`InvalidArgument`,
        :class:`OrderConflict`, :class:`OutcomeUnknown`, :class:`ProviderError`.
        """
        order = await self._order(out_trade_no, transaction_id, provider)
        if total_fee is not None and total_fee != order.total_fee:
            raise InvalidArgument(f"total_fee {total_fee} is not the order's {order.total_fee}")
        return await self._refunds.create(
            order, refund_fee=refund_fee, out_refund_no=out_refund_no, refund_desc=refund_desc
        )

    async def query_refund(
        self, *, out_trade_no: str, out_refund_no: str | None = None, provider: str | None = None
    ) -> RefundStatus:
        """Asks the provider about the newest refund of an order, or about ``out_refund_no``.

        Raises :class:`OrderNotFound` (2001), :class:`OrderNotRefunded` (2003), :class:`ProviderError`.
        """
        return await self._refunds.query(await self._order(out_trade_no, None, provider), out_refund_no)

    async def transfer(
        self,
        *,
        provider: str | None = None,
        out_bill_no: str | None = None,
        transfer_amount: int | None = None,
        platform: str = "transfer",
        pid: str | None = None,
        **fields: Unpack[TransferOptions],
    ) -> Transfer:
        """Sends ``transfer_amount`` fen to a user; the fields are those of :class:`TransferOptions`.

        A WeChat user confirms it with ``options``, unless the transfer names an authorisation by ``out_authorization_no``
        or ``authorization_id``: then there is no openid, and the money arrives at once. ``authorization_info``
        (``out_authorization_no``, ``user_display_name``) asks for an authorisation while the user confirms.

        ``out_bill_no`` is the idempotency key: use the same one when trying again. The spellings of the older calls are
        taken too (``money``, ``amount``, ``out_biz_no``, ``re_user_name``, ``payee_account``, ``payee_real_name`` …).

        Raises :class:`InvalidArgument` (1005, 1007–1010, 1012), :class:`OutcomeUnknown`, :class:`ProviderError`.
        """
        numbers = {"out_bill_no": out_bill_no, "transfer_amount": transfer_amount}
        await self._known.ensure(pid)
        return await self._transfers.create(provider, platform, pid, {**fields, **numbers})

    async def query_transfer(
        self,
        *,
        provider: str,
        out_bill_no: str | None = None,
        transfer_bill_no: str | None = None,
        platform: str = "transfer",
        pid: str | None = None,
    ) -> Transfer:
        """Asks the provider how a transfer stands. Raises :class:`ResourceNotFound` and other errors."""
        ref = TransferRef(out_bill_no=out_bill_no, transfer_bill_no=transfer_bill_no)
        await self._known.ensure(pid)
        return await self._transfers.query(provider, platform, pid, ref)

    async def cancel_transfer(
        self, *, provider: str, out_bill_no: str, platform: str = "transfer", pid: str | None = None
    ) -> Transfer:
        """Takes back a transfer that the user has not confirmed (WeChat). Success means accepted."""
        await self._known.ensure(pid)
        return await self._transfers.cancel(provider, platform, pid, TransferRef(out_bill_no=out_bill_no))

    async def create_user_confirm_authorization(
        self,
        *,
        provider: str,
        out_authorization_no: str,
        openid: str,
        transfer_scene_id: str,
        user_display_name: str,
        platform: str = "transfer",
        pid: str | None = None,
        **options: Unpack[AuthorizationOptions],
    ) -> TransferAuthorization:
        """Asks a user to receive the transfers of a scene without confirming them (WeChat), once for all.

        The client hands ``options`` to ``requestMerchantTransfer`` within 24 hours; the answer is told to
        ``on_transfer_authorized``. ``user_display_name`` is the user's name at your shop, at most 32 characters. Repeat an
        unsure one with the same ``out_authorization_no``: 5 to 32 letters, digits, ``_`` or ``-``.

        Raises :class:`InvalidArgument` (1005, 1012; Alipay has no such thing), :class:`OutcomeUnknown`, :class:`ProviderError`.
        https://pay.weixin.qq.com/doc/v3/merchant/4015901167
        """
        named: dict[str, Any] = {
            "out_authorization_no": out_authorization_no,
            "openid": openid,
            "transfer_scene_id": transfer_scene_id,
            "user_display_name": user_display_name,
        }
        await self._known.ensure(pid)
        return await self._authorizations.create(provider, platform, pid, {**options, **named})

    async def query_user_confirm_authorization(
        self,
        *,
        provider: str,
        out_authorization_no: str,
        is_display_authorization: bool = False,
        platform: str = "transfer",
        pid: str | None = None,
    ) -> TransferAuthorization:
        """Asks how an authorisation stands; what is news is told to ``on_transfer_authorized``.

        With ``is_display_authorization`` the answer for one in effect has the ``options`` that show it to the user.
        Raises :class:`ResourceNotFound` and other errors.
        """
        await self._known.ensure(pid)
        return await self._authorizations.query(
            provider, platform, pid, out_authorization_no, display=is_display_authorization
        )

    async def close_user_confirm_authorization(
        self, *, provider: str, out_authorization_no: str, platform: str = "transfer", pid: str | None = None
    ) -> TransferAuthorization:
        """Ends an authorisation for good; another one needs another number.

        Raises :class:`OutcomeUnknown`, :class:`ResourceNotFound` and other errors.
        """
        await self._known.ensure(pid)
        return await self._authorizations.close(provider, platform, pid, out_authorization_no)

    async def handle_notification(
        self, *, path: str, headers: Mapping[str, str], body: bytes, method: str = "POST", query: str = ""
    ) -> NotificationResult:
        """Takes a provider's request as it came in, and says what to answer it. ``query`` is what stood behind ``?``.

        ``body`` must be the raw bytes. Never raises: a refused one has its error in the result.
        """
        if not isinstance(headers, LowerHeaders):
            headers = {str(name).lower(): value for name, value in headers.items()}
        return await self._receiver.receive(
            RawNotification(path=path, headers=headers, body=body, method=method, query=query)
        )

    async def reload_merchants(self) -> None:
        """Takes in what has changed in the database's merchants; those in use are looked after once a minute anyway.

        Raises :class:`ConfigError` for one that cannot be decrypted; the others are taken in all the same.
        """
        await self._known.reload()

    async def replay_notification(self, event_id: str) -> Event:
        """Takes a stored notification once more, whatever became of it before, and runs its handler.

        One that did not fit is matched again; one whose handler has run is handled again, under the same
        ``idempotency_key``. The answer says how it ended. Raises :class:`InvalidArgument` for an unknown id or one that is
        being handled now, and what still does not fit.
        """
        return await self._pipeline.replay(event_id)

    @property
    def handlers(self) -> Handlers:
        """What is registered with this object."""
        return self._handlers

    async def reconcile(
        self, day: dt.date, *, pid: str | None = None, provider: str | None = None
    ) -> list[Reconciliation]:
        """Compares each account's bill of a day in Beijing with the ledger, line by line, and keeps the differences.

        Raises :class:`ProviderError` where a bill is not made yet (it is some time before 10:00 of the next day).
        """
        from vkpay_async.jobs.reconcile import books_of, reconcile

        books = books_of(self.context, pid=pid, provider=provider)
        return [await reconcile(self.context, one, day) for one in books]

    async def idle(self) -> None:
        """Waits until no handler runs in this process: for tests, and before an orderly end."""
        await self._pipeline.close()

    @asynccontextmanager
    async def jobs_running(
        self, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> AsyncIterator[None]:
        """Runs the jobs in this process while the block lasts: ``async with pay, pay.jobs_running(): …``.

        They run failed handlers again, ask after payments, refunds and transfers that nothing was heard of, and close
        orders whose time is over. Any number of processes may run them at once.
        """
        async with JobLoop(self.context, sleep=sleep):
            yield

    async def run_jobs(self, *names: str) -> JobCounts:
        """Runs each job once, or those named, and waits for the handlers they set off: for tests, and for cron.

        Raises :class:`InvalidArgument` for a name there is not, and what a job raised when all have had their turn.
        """
        return await run_once(self.context, names)

    def provider(self, pay_type: str, *, pid: str | None = None) -> BoundProvider:
        """One merchant's provider with all its own operations, e.g. ``pay.provider("wxpay_h5", pid="shop-7")``.

        A merchant of the database is known inside ``async with pay``, or after :meth:`reload_merchants`.
        """
        return BoundProvider(self._providers.get(pid, pay_type), self._transport)

    async def _order(
        self, out_trade_no: str | None, transaction_id: str | None, provider: str | None
    ) -> Order:
        if out_trade_no is None and transaction_id is not None:
            found = await self.orders.get_by_transaction(transaction_id)
            order = found or await self.orders.require(transaction_id)
        else:
            order = await self.orders.require(required_text(out_trade_no, "out_trade_no", 1001))
        if provider is not None and all(
            provider != split_pay_type(way.pay_type)[0] for way in order.ways_to_ask
        ):
            raise InvalidArgument(
                f"order {order.out_trade_no!r} is paid through {order.pay_type}, not {provider}"
            )
        await self._known.ensure(order.pid)
        return order
