"""Refunds: what is taken, what is refused, how they end."""

import re
from typing import Any

import pytest

from tests.vkpay_simulator.providers.wxpay.shop import NOTIFY, Shop
from vkpay_simulator.providers.base import SimulatorError

NO = "T20260101000001"
REFUNDS = "/v3/refund/domestic/refunds"


@pytest.fixture
def paid(shop: Shop) -> Shop:
    shop.paid()
    return shop


async def test_from_processing_to_success(paid: Shop) -> None:
    created = paid.refund().data
    assert re.fullmatch(r"503\d{26}", created["refund_id"])
    assert created == {
        "refund_id": created["refund_id"],
        "out_refund_no": "R1",
        "transaction_id": paid.query().data["transaction_id"],
        "out_trade_no": NO,
        "channel": "ORIGINAL",
        "user_received_account": "支付用户零钱",
        "create_time": "2026-01-01T00:00:00+08:00",
        "status": "PROCESSING",
        "funds_account": "AVAILABLE",
        "promotion_detail": [],
        "amount": {
            "total": 100,
            "refund": 40,
            "from": [],
            "payer_total": 100,
            "payer_refund": 40,
            "settlement_refund": 40,
            "settlement_total": 100,
            "discount_refund": 0,
            "currency": "CNY",
        },
    }
    assert paid.query().data["trade_state"] == "REFUND"
    await paid.world.agenda.advance(1)
    done = paid.get(f"{REFUNDS}/R1").data
    assert done == created | {"status": "SUCCESS", "success_time": "2026-01-01T00:00:01+08:00"}
    assert paid.sim.orders()[0].refunded_fee == 40


def test_by_wechat_number_which_wins(paid: Shop) -> None:
    number = paid.query().data["transaction_id"]
    assert paid.refund(transaction_id=number, out_trade_no="T-another").data["out_trade_no"] == NO


def test_same_again(paid: Shop) -> None:
    before = paid.account.balances[paid.account.mchid]
    assert paid.refund().data == paid.refund().data
    assert paid.account.balances[paid.account.mchid] == before - 40


def test_same_number_with_other_data(paid: Shop) -> None:
    paid.refund()
    result = paid.refund(41)
    assert (result.status, result.code, result.number) == (400, "INVALID_REQUEST", 268498688)


async def test_in_parts_until_nothing_is_left(paid: Shop) -> None:
    paid.refund(40)
    await paid.world.agenda.advance(60)
    assert (paid.refund(61, "R2").status, paid.refund(61, "R2").code) == (400, "INVALID_REQUEST")
    assert paid.refund(60, "R3").status == 200


async def test_a_minute_apart(paid: Shop) -> None:
    paid.refund()
    await paid.world.agenda.advance(59)
    result = paid.refund(10, "R2")
    assert (result.status, result.code) == (429, "FREQUENCY_LIMITED")
    await paid.world.agenda.advance(1)
    assert paid.refund(10, "R2").status == 200


async def test_fifty_times(shop: Shop) -> None:
    shop.paid()
    for count in range(50):
        assert shop.refund(1, f"R{count}").status == 200
        await shop.world.agenda.advance(60)
    assert shop.refund(1, "R50").data["message"] == "订单部分退款次数超过限制"


@pytest.mark.parametrize(("days", "status"), [(365, 200), (366, 400)])
async def test_for_a_year(paid: Shop, days: int, status: int) -> None:
    await paid.world.agenda.advance(days * 86_400)
    assert paid.refund().status == status


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"out_trade_no": None}, "/transaction_id"),
        ({"out_refund_no": "R/1"}, "/out_refund_no"),
        ({"reason": "理由" * 14}, "/reason"),
        ({"sub_mchid": "1600000000"}, "/sub_mchid"),
        ({"amount": {"refund": 0, "total": 100, "currency": "CNY"}}, "/amount/refund"),
        ({"amount": {"refund": 1, "total": 100}}, "/amount/currency"),
        (
            {
                "amount": {
                    "refund": 2,
                    "total": 100,
                    "currency": "CNY",
                    "from": [{"account": "AVAILABLE", "amount": 1}],
                }
            },
            "/amount/from",
        ),
    ],
)
def test_param_error(paid: Shop, changed: dict[str, Any], field: str) -> None:
    result = paid.refund(**changed)
    assert (result.code, result.data["detail"]["field"]) == ("PARAM_ERROR", field)


def test_sub_merchant_of_a_direct_merchant_is_an_undocumented_field(paid: Shop) -> None:
    result = paid.refund(sub_mchid="1600000000")
    assert (result.number, result.data["message"]) == (270924358, "请求中含有未在API文档中定义的参数")


def test_everything_optional(paid: Shop) -> None:
    source = {"account": "AVAILABLE", "amount": 40}
    amount = {"refund": 40, "total": 100, "currency": "CNY", "from": [source]}
    goods = {"merchant_goods_id": "g", "unit_price": 40, "refund_amount": 40, "refund_quantity": 1}
    result = paid.refund(amount=amount, reason="broken", funds_account="AVAILABLE", goods_detail=[goods])
    assert result.data["amount"]["from"] == [source]


class TestRefused:
    def test_total_differs(self, paid: Shop) -> None:
        result = paid.refund(amount={"refund": 1, "total": 101, "currency": "CNY"})
        assert (result.status, result.code) == (400, "INVALID_REQUEST")

    def test_unknown_order(self, shop: Shop) -> None:
        assert (shop.refund().status, shop.refund().code) == (404, "RESOURCE_NOT_EXISTS")

    def test_unpaid_order(self, shop: Shop) -> None:
        shop.create()
        assert shop.refund().code == "RESOURCE_NOT_EXISTS"

    def test_order_of_somebody_else(self, shop: Shop, certs: Shop) -> None:
        number = certs.paid()["transaction_id"]
        assert (shop.refund(transaction_id=number).status, shop.refund(transaction_id=number).code) == (
            403,
            "NO_AUTH",
        )

    def test_not_opened(self, paid: Shop) -> None:
        paid.account.permissions.discard("refund")
        assert paid.refund().code == "NO_AUTH"

    def test_balance_short(self, paid: Shop) -> None:
        paid.account.balances[paid.account.mchid] = 39
        assert (paid.refund().status, paid.refund().code) == (403, "NOT_ENOUGH")
        paid.account.balances[paid.account.mchid] = 40
        assert paid.refund().status == 200

    def test_query_unknown(self, shop: Shop) -> None:
        result = shop.get(f"{REFUNDS}/R1")
        assert (result.status, result.code) == (404, "RESOURCE_NOT_EXISTS")


class TestClosed:
    def close(self, paid: Shop) -> None:
        paid.refund()
        paid.sim.settle_refund("R1", "CLOSED")

    def test_money_is_back(self, paid: Shop) -> None:
        before = paid.account.balances[paid.account.mchid]
        self.close(paid)
        assert paid.account.balances[paid.account.mchid] == before
        assert paid.sim.orders()[0].refunded_fee == 0
        assert paid.query().data["trade_state"] == "REFUND"

    async def test_again_under_the_same_number(self, paid: Shop) -> None:
        self.close(paid)
        assert paid.refund().data["status"] == "PROCESSING"
        await paid.world.agenda.advance(1)
        assert paid.get(f"{REFUNDS}/R1").data["status"] == "SUCCESS"

    async def test_not_again_after_a_year(self, paid: Shop) -> None:
        self.close(paid)
        await paid.world.agenda.advance(365 * 86_400 + 1)
        assert (paid.refund().code, paid.refund().data["message"]) == (
            "INVALID_REQUEST",
            "订单已超过可退款的最大期限",
        )

    async def test_again_when_the_money_has_gone_elsewhere(self, paid: Shop) -> None:
        self.close(paid)
        await paid.world.agenda.advance(60)
        paid.refund(100, "R2")
        assert paid.refund().code == "INVALID_REQUEST"


class TestAbnormal:
    @pytest.fixture
    def abnormal(self, paid: Shop) -> Shop:
        paid.refund(notify_url=NOTIFY)
        paid.sim.settle_refund("R1", "ABNORMAL", pid="default")
        return paid

    def apply(self, shop: Shop, **changed: Any) -> Any:
        account, headers = shop.encrypted("6225000000000000")
        name, _ = shop.encrypted("张三")
        refund_id = changed.pop("refund_id", None) or shop.get(f"{REFUNDS}/R1").data["refund_id"]
        body = {
            "out_refund_no": "R1",
            "type": "USER_BANK_CARD",
            "bank_type": "CMB_DEBIT",
            "bank_account": account,
            "real_name": name,
        } | changed
        wanted = {name: value for name, value in body.items() if value is not None}
        return shop.post(f"{REFUNDS}/{refund_id}/apply-abnormal-refund", wanted, headers=headers)

    async def test_to_the_users_card(self, abnormal: Shop) -> None:
        result = self.apply(abnormal).data
        assert (result["status"], result["channel"]) == ("PROCESSING", "OTHER_BANKCARD")
        assert result["user_received_account"] == "招商银行借记卡0000"
        await abnormal.world.agenda.advance(1)
        assert [delivery.event for delivery in abnormal.sent[1:]] == ["REFUND.ABNORMAL", "REFUND.SUCCESS"]

    def test_to_the_merchants_card(self, abnormal: Shop) -> None:
        result = self.apply(
            abnormal, type="MERCHANT_BANK_CARD", bank_type=None, bank_account=None, real_name=None
        )
        assert result.data["user_received_account"] == "商户结算银行账户"

    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"real_name": None}, "/real_name"),
            ({"bank_type": "XYZ_DEBIT"}, "/bank_type"),
            ({"bank_account": "plain"}, "/bank_account"),
            ({"type": "CASH"}, "/type"),
            ({"sub_mchid": "1600000000"}, "/sub_mchid"),
        ],
    )
    def test_param_error(self, abnormal: Shop, changed: dict[str, Any], field: str) -> None:
        assert self.apply(abnormal, **changed).data["detail"]["field"] == field

    @pytest.mark.parametrize(
        "changed", [{"refund_id": "50300000000000000000000000000"}, {"out_refund_no": "R2"}]
    )
    def test_unknown(self, abnormal: Shop, changed: dict[str, Any]) -> None:
        assert self.apply(abnormal, **changed).code == "RESOURCE_NOT_EXISTS"

    def test_not_opened(self, abnormal: Shop) -> None:
        abnormal.account.permissions.discard("refund")
        assert self.apply(abnormal, refund_id="503").code == "NO_AUTH"

    def test_only_when_abnormal(self, paid: Shop) -> None:
        paid.refund()
        assert self.apply(paid).code == "INVALID_REQUEST"


class TestSettle:
    def test_unknown(self, shop: Shop) -> None:
        with pytest.raises(SimulatorError, match="create it first"):
            shop.sim.settle_refund("R1", "SUCCESS")

    def test_unknown_end(self, paid: Shop) -> None:
        paid.refund()
        with pytest.raises(SimulatorError, match="ABNORMAL"):
            paid.sim.settle_refund("R1", "PROCESSING")

    async def test_settled_before_the_timer(self, paid: Shop) -> None:
        paid.refund()
        assert paid.sim.settle_refund("R1", "ABNORMAL")["status"] == "ABNORMAL"
        await paid.world.agenda.advance(1)
        assert paid.get(f"{REFUNDS}/R1").data["status"] == "ABNORMAL"
        with pytest.raises(SimulatorError, match="PROCESSING"):
            paid.sim.settle_refund("R1", "SUCCESS")


class TestPartner:
    def pay(self, partner: Shop) -> Any:
        sub = next(iter(partner.account.subs.values()))
        order = partner.order("native") | {
            "sp_appid": partner.account.appids["mini"],
            "sp_mchid": partner.account.mchid,
            "sub_mchid": sub.mchid,
        }
        del order["appid"], order["mchid"]
        assert partner.post("/v3/pay/partner/transactions/native", order).status == 200
        partner.sim.pay(NO)
        return sub

    def test_from_the_sub_merchants_money(self, partner: Shop) -> None:
        sub = self.pay(partner)
        before = dict(partner.account.balances)
        assert partner.refund(sub_mchid=sub.mchid).status == 200
        assert partner.account.balances == before | {sub.mchid: before[sub.mchid] - 40}
        assert partner.get(f"{REFUNDS}/R1?sub_mchid={sub.mchid}").data["status"] == "PROCESSING"

    def test_sub_mchid_is_needed(self, partner: Shop) -> None:
        self.pay(partner)
        assert (partner.refund().code, partner.refund().number) == ("PARAM_ERROR", 268443704)
        assert partner.get(f"{REFUNDS}/R1").data["detail"]["field"] == "sub_mchid"

    def test_another_sub_merchant(self, partner: Shop) -> None:
        sub = self.pay(partner)
        other = list(partner.account.subs)[1]
        assert (partner.refund(sub_mchid=other).code, partner.refund(sub_mchid=other).number) == (
            "NO_AUTH",
            268447845,
        )
        partner.refund(sub_mchid=sub.mchid)
        assert partner.get(f"{REFUNDS}/R1?sub_mchid={other}").code == "RESOURCE_NOT_EXISTS"
