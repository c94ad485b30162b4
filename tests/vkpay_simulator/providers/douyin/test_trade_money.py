"""Refunds, settlements and bills of the general trade system."""

import json
from typing import Any

import pytest

from tests.vkpay_simulator.providers.douyin.merchant import DAY, NOTIFY_URL, Simulated, TradeShop, goods

DEADLINE = (1_767_196_800 + 3 * DAY) * 1000


def refunds(trade: TradeShop, **asked: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = trade.ask("refund_query", **asked)["data"]["refund_list"]
    return found


async def test_a_whole_order_is_given_back(trade: TradeShop, simulated: Simulated) -> None:
    order_id = trade.bought()
    answer = trade.ask_refund("R1", 1000, order_id, refund_all=True)
    refund_id = answer["data"]["refund_id"]
    assert answer["data"]["refund_audit_deadline"] == DEADLINE
    assert refunds(trade, out_refund_no="R1")[0]["refund_status"] == "PROCESSING"
    await simulated.advance(1)
    (found,) = refunds(trade, refund_id=refund_id)
    item = found["item_order_detail"][0]
    assert found == {
        "refund_id": refund_id,
        "out_refund_no": "R1",
        "order_id": order_id,
        "refund_status": "SUCCESS",
        "refund_total_amount": 1000,
        "create_at": 1_767_196_800_000,
        "refund_at": 1_767_196_801_000,
        "message": "",
        "refund_source": 2,
        "merchant_audit_detail": {
            "audit_status": "INIT",
            "need_refund_audit": 0,
            "refund_audit_deadline": DEADLINE,
            "deny_message": "",
        },
        "item_order_detail": [item],
    }
    assert item["refund_amount"] == 1000
    assert trade.verify(simulated.notified[-1])["type"] == "refund"
    told = simulated.told()[-1]
    assert (told["status"], told["out_refund_no"], told["refund_total_amount"], told["refund_type"]) == (
        "SUCCESS",
        "R1",
        1000,
        2,
    )
    assert simulated.notified[-1].url == NOTIFY_URL


def items(trade: TradeShop, number: str = "T1") -> list[str]:
    data = trade.ask("order_query", out_order_no=number)["data"]
    return [str(item["item_order_id"]) for item in data["item_order_list"]]


async def test_pieces_are_given_back(trade: TradeShop, simulated: Simulated) -> None:
    data = goods(total=500)
    data["skuList"][0]["quantity"] = 2
    order_id = trade.bought(**data | {"totalAmount": 1000})
    first, second = items(trade)

    def part(number: str, *pieces: tuple[str, int], total: int | None = None) -> int:
        detail = [{"item_order_id": item, "refund_amount": amount} for item, amount in pieces]
        amount = sum(amount for _, amount in pieces) if total is None else total
        return int(trade.ask_refund(number, amount, order_id, item_order_detail=detail)["err_no"])

    assert part("R1", (first, 501)) == 22001
    assert part("R2", ("motb0", 1)) == 22002
    assert part("R3", (first, 1), total=2) == 10000
    assert part("R4", *[(first, 1)] * 100) == 22007
    assert part("R5", (first, 500), (second, 100)) == 0
    assert part("R5", (first, 1)) == 22004
    assert part("R6", (second, 401)) == 22000
    assert trade.ask_refund("R7", 400, order_id, refund_all=True)["err_no"] == 22001
    assert part("R8", (second, 400)) == 0
    assert part("R9", (second, 1)) == 22013
    assert len(refunds(trade, order_id=order_id)) == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"refund_reason": []},
        {"refund_reason": [{"code": 1, "text": "x"}]},
        {"refund_reason": [{"code": 101, "text": "x" * 51}]},
        {"refund_reason": [{"code": 101, "text": "x"}] * 11},
        {"order_entry_schema": "x"},
        {"cp_extra": ""},
        {"out_refund_no": ""},
        {"refund_total_amount": 0},
        {"notify_url": "http://example.com"},
        {"refund_all": False},
        {"item_order_detail": [1]},
    ],
    ids=str,
)
def test_fields_that_do_not_do(trade: TradeShop, fields: dict[str, Any]) -> None:
    order_id = trade.bought()
    asked = {"refund_all": "item_order_detail" not in fields} | fields
    assert trade.ask_refund("R1", 1, order_id, **asked)["err_no"] == 10000


async def test_what_is_not_refunded(trade: TradeShop, simulated: Simulated) -> None:
    order_id = trade.ordered()["orderId"]
    assert trade.ask_refund("R1", 1000, order_id, refund_all=True)["err_no"] == 22000
    assert trade.ask_refund("R2", 1000, "motb0", refund_all=True)["err_no"] == 20000
    simulated.douyin.pay("T1")
    await simulated.advance(365 * DAY + 1)
    trade.access = ""
    assert trade.ask_refund("R3", 1000, order_id, refund_all=True)["err_no"] == 22000


async def test_a_refund_ended_by_hand(trade: TradeShop, simulated: Simulated) -> None:
    order_id = trade.bought()
    trade.ask_refund("R1", 1000, order_id, refund_all=True)
    assert simulated.douyin.settle_refund("R1", "FAIL")["refund_status"] == "FAIL"
    assert simulated.told()[-1]["status"] == "FAIL"
    await simulated.advance(5)
    assert refunds(trade, out_refund_no="R1")[0]["refund_status"] == "FAIL"
    assert trade.ask_refund("R2", 1000, order_id, refund_all=True)["err_no"] == 0


def test_wechat_takes_fifty_refunds_of_an_order(trade: TradeShop) -> None:
    order_id = trade.bought()
    (item,) = items(trade)
    codes = [
        trade.ask_refund(
            f"R{n}", 1, order_id, item_order_detail=[{"item_order_id": item, "refund_amount": 1}]
        )["err_no"]
        for n in range(51)
    ]
    assert codes == [0] * 50 + [22000]


class TestUsersRefund:
    def asked(self, simulated: Simulated, amount: int = 400) -> dict[str, Any]:
        answer: dict[str, Any] = simulated.control("user-refund", out_trade_no="T1", amount=amount)
        return answer

    async def test_the_merchant_agrees(self, trade: TradeShop, simulated: Simulated) -> None:
        trade.bought()
        asked = self.asked(simulated)
        assert asked["merchant_audit_detail"]["audit_status"] == "TOAUDIT"
        assert simulated.notified[-1].event == "pre_create_refund"
        told = simulated.told()[-1]
        assert (told["refund_id"], told["need_refund_audit"]) == (asked["refund_id"], 1)
        audit = {"refund_id": asked["refund_id"], "refund_audit_status": 1}
        assert trade.ask("refund_audit_callback", **audit)["err_no"] == 0
        assert trade.ask("refund_audit_callback", **audit)["err_no"] == 22006
        await simulated.advance(1)
        (found,) = refunds(trade, refund_id=asked["refund_id"])
        assert (found["refund_status"], found["merchant_audit_detail"]["audit_status"]) == (
            "SUCCESS",
            "AGREE",
        )
        assert simulated.told()[-1]["refund_type"] == 1

    def test_the_merchant_denies(self, trade: TradeShop, simulated: Simulated) -> None:
        trade.bought()
        audit = {"refund_id": self.asked(simulated)["refund_id"], "refund_audit_status": 2}
        assert trade.ask("refund_audit_callback", **audit)["err_no"] == 10000
        assert trade.ask("refund_audit_callback", **audit, deny_message="已发货")["err_no"] == 0
        assert (simulated.told()[-1]["status"], simulated.told()[-1]["message"]) == ("FAIL", "已发货")
        assert trade.ask("refund_audit_callback", refund_id="motb0", refund_audit_status=1)["err_no"] == 20000

    async def test_several_pieces(self, trade: TradeShop, simulated: Simulated) -> None:
        """The amount is taken from the first pieces, and a denial stands when the deadline comes."""
        data = goods(total=500)
        data["skuList"][0]["quantity"] = 2
        trade.bought(**data | {"totalAmount": 1000})
        asked = self.asked(simulated)
        assert [item["refund_amount"] for item in asked["item_order_detail"]] == [400]
        audit = {"refund_id": asked["refund_id"], "refund_audit_status": 2, "deny_message": "已发货"}
        assert trade.ask("refund_audit_callback", **audit)["err_no"] == 0
        await simulated.advance(3 * DAY + 1)
        trade.access = ""
        (found,) = refunds(trade, refund_id=asked["refund_id"])
        assert (found["refund_status"], found["merchant_audit_detail"]["audit_status"]) == ("FAIL", "DENY")

    async def test_the_merchant_says_nothing(self, trade: TradeShop, simulated: Simulated) -> None:
        trade.bought()
        refund_id = self.asked(simulated)["refund_id"]
        await simulated.advance(3 * DAY + 1)
        trade.access = ""
        (found,) = refunds(trade, refund_id=refund_id)
        assert found["merchant_audit_detail"]["audit_status"] == "OVERTIME_AGREE"
        assert found["refund_status"] == "SUCCESS"

    def test_what_there_is_nothing_left_of(self, trade: TradeShop, simulated: Simulated) -> None:
        trade.bought()
        assert self.asked(simulated, 1001)["status"] == 409
        assert simulated.control("user-refund", out_trade_no="T1")["refund_total_amount"] == 1000
        simulated.shop().paid("T2")
        assert simulated.control("user-refund", out_trade_no="T2")["status"] == 409


class TestSettlement:
    def settle(self, trade: TradeShop, number: str, **fields: Any) -> dict[str, Any]:
        asked = {
            "app_id": trade.app_id,
            "out_order_no": "T1",
            "out_settle_no": number,
            "settle_desc": "主动结算",
            "notify_url": NOTIFY_URL,
        }
        kept = {name: value for name, value in (asked | fields).items() if value is not None}
        return trade.ask("settle_create", **kept)

    async def test_an_order_is_settled(self, trade: TradeShop, simulated: Simulated) -> None:
        order_id = trade.bought(total=10_000)
        assert self.settle(trade, "S1")["err_no"] == 23107
        trade.ask("fulfill_push_status", order_id=order_id, item_order_id_list=items(trade), to_status="x")
        await simulated.advance(3 * DAY)
        trade.access = ""
        share = json.dumps([{"merchant_uid": "R", "amount": 1000}])
        settle_id = self.settle(trade, "S1", settle_params=share)["data"]["settle_id"]
        assert self.settle(trade, "S1")["err_no"] == 23111
        await simulated.advance(1)
        for name, text in (
            ("settle_id", settle_id),
            ("order_id", order_id),
            ("out_settle_no", "S1"),
            ("out_order_no", "T1"),
        ):
            (found,) = trade.ask("settle_query", app_id=trade.app_id, **{name: text})["data"]
            assert (found["settle_status"], found["settle_amount"], found["rake"]) == ("SUCCESS", 9940, 60)
        assert trade.ask("settle_query", out_settle_no="S9")["data"] == []
        assert trade.verify(simulated.notified[-1])["type"] == "settle"
        assert simulated.told()[-1]["out_settle_no"] == "S1"
        assert self.settle(trade, "S2")["err_no"] == 23112
        assert trade.ask_refund("R1", 10_000, order_id, refund_all=True)["err_no"] == 0
        simulated.control("account", pid="certs", balances={"wx": 0})
        await simulated.advance(1)
        assert simulated.told()[-1]["message"] == "商户可提现余额不足"

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"app_id": "tt0"}, 23001),
            ({"out_order_no": None}, 23003),
            ({"out_settle_no": None}, 23004),
            ({"settle_desc": None}, 23005),
            ({"cp_extra": "x" * 2049}, 23006),
            ({"settle_params": " " * 2049}, 23007),
            ({"settle_params": '[{"amount":1}]'}, 23008),
            ({"settle_params": '[{"merchant_uid":"R","amount":0}]'}, 23009),
            ({"settle_desc": "x" * 81}, 23010),
            ({"settle_params": "x"}, 10000),
            ({"item_order_id": "motb0"}, 23025),
            ({"out_order_no": "T9"}, 23101),
            ({"settle_params": '[{"merchant_uid":"R","amount":301}]'}, 23113),
        ],
    )
    async def test_refusals(
        self, trade: TradeShop, simulated: Simulated, fields: dict[str, Any], code: int
    ) -> None:
        trade.bought()
        await simulated.advance(7 * DAY)
        assert self.settle(trade, "S1", **fields)["err_no"] == code

    def test_a_refusal_comes_with_400(self, trade: TradeShop) -> None:
        trade.ordered()
        body = json.dumps({"out_order_no": "T1", "out_settle_no": "S1", "settle_desc": "x"}).encode()
        path = "/api/trade_basic/v1/developer/settle_create/"
        answer = trade.simulated.route("POST", path, body, {"access-token": trade.token()})
        assert (answer.status, json.loads(answer.body)["err_no"]) == (400, 23102)

    async def test_an_app_that_settles_by_itself(self, trade: TradeShop, simulated: Simulated) -> None:
        simulated.control("account", pid="certs", auto_settle=True)
        trade.bought()
        assert self.settle(trade, "S1")["err_no"] == 23117
        await simulated.advance(7 * DAY + 1)
        assert simulated.told()[-1]["is_auto_settle"] is True

    async def test_there_is_nothing_left_to_settle_by_itself(
        self, trade: TradeShop, simulated: Simulated
    ) -> None:
        simulated.control("account", pid="certs", auto_settle=True)
        trade.bought()
        simulated.control("account", pid="certs", auto_settle=False)
        await simulated.advance(7 * DAY - 10)
        simulated.control("account", pid="certs", sandbox=True)
        assert self.settle(trade, "S1")["err_no"] == 0
        await simulated.advance(20)
        assert [one["out_settle_no"] for one in simulated.told()[1:]] == ["S1"]

    async def test_a_settlement_ended_by_hand(self, trade: TradeShop, simulated: Simulated) -> None:
        trade.bought()
        await simulated.advance(7 * DAY)
        self.settle(trade, "S1")
        assert simulated.control("settle", out_settle_no="S1", status="FAIL")["settle_status"] == "FAIL"
        assert simulated.control("settle", out_settle_no="S1", status="FAIL")["status"] == 409
        await simulated.advance(5)
        assert trade.ask("settle_query", out_settle_no="S1")["data"][0]["settle_status"] == "FAIL"
        assert self.settle(trade, "S2")["err_no"] == 0
        assert simulated.control("settle", out_settle_no="S2", status="x")["status"] == 400


async def test_bills(trade: TradeShop, simulated: Simulated) -> None:
    trade.bought()
    asked = {"app_id": trade.app_id, "merchant_id": trade.mch_id, "bill_date": "20260101"}
    assert trade.ask("/api/apps/v3/bills/", **asked, bill_type="payment")["err_no"] == 10000
    await simulated.advance(DAY + 36_000)
    trade.access = ""
    (url,) = trade.ask("/api/apps/v3/bills/", **asked, bill_type="payment")["data"]["bill_list"]
    path = url.removeprefix("http://127.0.0.1:9200")
    assert ",T1," in simulated.route("GET", path).body.decode()
    (url,) = trade.ask("/api/apps/v3/fund/bills/", **asked)["data"]["fund_bill_list"]
    assert simulated.route("GET", url.removeprefix("http://127.0.0.1:9200")).status == 200
    for wrong in ({"bill_type": "x"}, {"merchant_id": "7"}):
        asked_wrong = asked | {"bill_type": "payment"} | wrong
        assert trade.ask("/api/apps/v3/bills/", **asked_wrong)["err_no"] == 10000
    await simulated.advance(3600)
    assert simulated.route("GET", path).status == 404


async def test_a_withdrawal(trade: TradeShop, simulated: Simulated) -> None:
    """As in guaranteed payment, but asked for with a token, and told with the platform's key."""
    saas = "/api/apps/ecpay/saas/"
    asked = {"merchant_uid": trade.mch_id, "channel_type": "alipay", "out_order_id": "W1"}
    more = asked | {"withdraw_amount": 500, "callback": NOTIFY_URL}
    answer = trade.ask(f"{saas}merchant_withdraw/", **more)
    assert (answer["err_no"], trade.ask(f"{saas}merchant_withdraw/", **more)["order_id"]) == (
        0,
        answer["order_id"],
    )
    assert trade.ask(f"{saas}query_withdraw_order/", **asked)["status"] == "PROCESSING"
    await simulated.advance(1)
    assert trade.ask(f"{saas}query_withdraw_order/", **asked)["status"] == "SUCCESS"
    assert trade.verify(simulated.notified[-1])["type"] == "withdraw"
    assert (simulated.told()[-1]["out_order_id"], simulated.told()[-1]["status"]) == ("W1", "SUCCESS")
    assert trade.ask(f"{saas}query_withdraw_order/", **asked | {"out_order_id": "W9"})["err_no"] == 10000
