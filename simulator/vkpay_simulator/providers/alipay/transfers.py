"""``alipay.fund.trans.uni.transfer``, ``alipay.fund.trans.common.query`` and ``alipay.fund.account.query``.

The first name told for a payee is taken for the true one; another name later is ``PAYEE_USERINFO_ERROR``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vkpay_simulator.clock import china_text
from vkpay_simulator.providers.alipay import hints
from vkpay_simulator.providers.alipay.buyers import OPEN_ID, USER_ID
from vkpay_simulator.providers.alipay.errors import Refusal
from vkpay_simulator.providers.alipay.fields import LARGEST_FEN, Fields, yuan
from vkpay_simulator.providers.alipay.messages import Messenger
from vkpay_simulator.providers.alipay.models import Call, Transfer, TransferOrder
from vkpay_simulator.providers.alipay.orders import Content, success
from vkpay_simulator.providers.alipay.trades import day_of

if TYPE_CHECKING:
    from vkpay_simulator.world import World

LEAST_FEN = {"TRANS_ACCOUNT_NO_PWD": 10, "STD_RED_PACKET": 1}
SCENES = {
    "TRANS_ACCOUNT_NO_PWD": ("DIRECT_TRANSFER",),
    "STD_RED_PACKET": ("DIRECT_TRANSFER", "PERSONAL_COLLECTION"),
}
IDENTITIES = {
    "ALIPAY_USER_ID": USER_ID,
    "ALIPAY_OPEN_ID": OPEN_ID,
    "ALIPAY_LOGON_ID": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+|1\d{10}", re.ASCII),
}
# To bank cards: a contract of its own, which nobody here has.
OTHER_CONTRACTS = ("BANKCARD_ACCOUNT", "EXPRESS_DC_STFA")
REMARK_FROM_FEN = 50_000_00
TRANSFER_SCENES = (
    "现金营销",
    "企业退款",
    "佣金报酬",
    "业务结算",
    "二手回收",
    "公益补助",
    "行政补贴和退款",
    "保险理赔",
)


class Transfers:
    """Transfers by the seller's and the merchant's number; every one is final when it is made."""

    def __init__(self, world: World, messenger: Messenger) -> None:
        self._world = world
        self._messenger = messenger
        self._made: dict[tuple[str, str], Transfer] = {}
        self._names: dict[str, str] = {}

    def clear(self) -> None:
        self._made.clear()
        self._names.clear()

    def of(self, seller_pid: str, out_biz_no: str) -> Transfer | None:
        return self._made.get((seller_pid, out_biz_no))

    def transfer(self, call: Call) -> Content:
        fields = Fields(call.biz, prefix="")
        order = _order(fields)
        made = self.of(call.seller.pid, order.out_biz_no)
        if made is None:
            made = self._make(call, fields, order)
        elif made.order != order:
            raise Refusal("PAYMENT_INFO_INCONSISTENCY")
        return success(
            order_id=made.order_id,
            out_biz_no=order.out_biz_no,
            pay_fund_order_id=made.pay_fund_order_id,
            status="SUCCESS",
            trans_date=china_text(made.at_ms),
        )

    def query(self, call: Call) -> Content:
        """``pay_fund_order_id`` wins over ``order_id``, which wins over ``out_biz_no``."""
        made = self._found(call, Fields(call.biz, prefix=""))
        if made is None:
            raise Refusal("ORDER_NOT_EXIST")
        return success(
            order_fee="0.00",
            order_id=made.order_id,
            out_biz_no=made.order.out_biz_no,
            pay_date=china_text(made.at_ms),
            pay_fund_order_id=made.pay_fund_order_id,
            status="SUCCESS",
            trans_amount=yuan(made.order.amount),
        )

    @staticmethod
    def balance(call: Call) -> Content:
        """What the caller has; nobody sees another's account."""
        fields = Fields(call.biz, prefix="")
        fields.one_of("account_type", ("ACCTRANS_ACCOUNT",))
        user_id, open_id = fields.text("alipay_user_id", 32), fields.text("alipay_open_id", 128)
        if user_id is None and open_id is None:
            raise fields.invalid("alipay_user_id 和 alipay_open_id 不能同时为空")
        seller = call.seller
        if user_id not in (None, seller.pid) or open_id not in (None, seller.open_id):
            raise Refusal("AUTHOREE_IS_NOT_MATCH")
        amount = yuan(seller.balance)
        return success(available_amount=amount, freeze_amount="0.00", total_amount=amount)

    def _make(self, call: Call, fields: Fields, order: TransferOrder) -> Transfer:
        _check_amount(order)
        _check_payee(call, order)
        _check_scene(fields)
        if order.name and self._names.setdefault(order.identity, order.name) != order.name:
            raise Refusal("PAYEE_USERINFO_ERROR")
        if call.seller.balance < order.amount:
            raise Refusal("PAYER_BALANCE_NOT_ENOUGH")
        call.seller.balance -= order.amount
        made = self._made[call.seller.pid, order.out_biz_no] = self._numbered(order)
        self._messenger.transferred(call, made)
        return made

    def _numbered(self, order: TransferOrder) -> Transfer:
        now = self._world.clock.now()
        day, digits = day_of(now), self._world.ids.digits
        return Transfer(
            order=order,
            order_id=f"{day}11007000000600{digits(10)}",
            pay_fund_order_id=f"{day}11007000150600{digits(10)}",
            at_ms=now,
        )

    def _found(self, call: Call, fields: Fields) -> Transfer | None:
        mine = [made for (pid, _), made in self._made.items() if pid == call.seller.pid]
        for name in ("pay_fund_order_id", "order_id"):
            number = fields.text(name, 64)
            if number is not None:
                return next((made for made in mine if getattr(made, name) == number), None)
        return self._by_merchant_number(call, fields)

    def _by_merchant_number(self, call: Call, fields: Fields) -> Transfer | None:
        out_biz_no = fields.required("out_biz_no", 64)
        asked = fields.required("product_code", 64), fields.required("biz_scene", 64)
        made = self.of(call.seller.pid, out_biz_no)
        fits = made is not None and (made.order.product_code, made.order.biz_scene) == asked
        return made if fits else None


def _order(fields: Fields) -> TransferOrder:
    product_code = fields.one_of("product_code", LEAST_FEN)
    payee = Fields(fields.mapping("payee_info"), prefix="")
    return TransferOrder(
        out_biz_no=fields.required("out_biz_no", 64),
        amount=fields.fen("trans_amount", required=True) or 0,
        product_code=product_code,
        biz_scene=fields.one_of("biz_scene", SCENES[product_code]),
        identity_type=payee.one_of("identity_type", (*IDENTITIES, *OTHER_CONTRACTS)),
        identity=payee.required("identity", 128),
        name=payee.text("name", 128),
        title=fields.text("order_title", 128),
        remark=fields.text("remark", 200),
    )


def _check_amount(order: TransferOrder) -> None:
    if order.amount < LEAST_FEN[order.product_code]:
        raise Refusal("EXCEED_LIMIT_SM_MIN_AMOUNT")
    if order.amount > LARGEST_FEN:
        raise Refusal("EXCEED_LIMIT_SM_AMOUNT")
    if order.amount >= REMARK_FROM_FEN and order.remark is None:
        raise Refusal("MEMO_REQUIRED_IN_TRANSFER_ERROR")


def _check_payee(call: Call, order: TransferOrder) -> None:
    app = call.app
    if order.identity_type in OTHER_CONTRACTS:
        raise Refusal("PRODUCT_NOT_SIGN", why=hints.no_contract(order.identity_type))
    if order.product_code not in app.products:
        why = hints.missing_product(app.app_id, call.method, (order.product_code,), app.products)
        raise Refusal("PRODUCT_NOT_SIGN", why=why)
    if order.identity in (call.seller.pid, call.seller.open_id, call.seller.email):
        raise Refusal("PAYER_PAYEE_CANNOT_SAME")
    if order.identity_type == "ALIPAY_USER_ID" and app.id_mode == "open_id":
        raise Refusal("PAYEE_NOT_EXIST", why=hints.open_ids_only(app.app_id))
    if not IDENTITIES[order.identity_type].fullmatch(order.identity):
        raise Refusal("PAYEE_NOT_EXIST")
    if order.identity_type == "ALIPAY_LOGON_ID" and order.name is None:
        raise Refusal("INVALID_PARAMETER", "参数无效，收款方登录号转账时 name 不能为空")


def _check_scene(fields: Fields) -> None:
    scene = fields.text("transfer_scene_name", 64)
    if scene is None:
        return
    if scene not in TRANSFER_SCENES:
        raise Refusal("TRANSFER_SCENE_NAME_ILLEGAL")
    reports = fields.array("transfer_scene_report_infos")
    if not reports or not all(_is_report(one) for one in reports):
        raise Refusal("TRANSFER_SCENE_REPORT_INFO_ILLEGAL")


def _is_report(value: object) -> bool:
    return isinstance(value, dict) and bool(value.get("info_type")) and bool(value.get("info_content"))
