"""wechatpayv3 as judge: its synchronous and its asynchronous client, one after the other."""

from __future__ import annotations

import asyncio
import inspect
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from judge import Judge, demand, expect, refused
from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.async_ import AsyncWeChatPay
from wechatpayv3.async_ import WeChatPayType as AsyncWeChatPayType

OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
PRICE = {"total": 100, "currency": "CNY"}
PASSWORD_NEEDED = "130000000000000003"  # to the simulator: USERPAYING until the buyer pays
REPORT = [
    {"info_type": "活动名称", "info_content": "新会员有礼"},
    {"info_type": "奖励说明", "info_content": "注册会员抽奖"},
]


@asynccontextmanager
async def client(judge: Judge, node: dict[str, Any], **options: Any) -> AsyncIterator[Any]:
    """The client under test on one merchant's settings; nothing but the base URL is changed."""
    made = (AsyncWeChatPay if judge.client.endswith("async") else WeChatPay)(
        wechatpay_type=None,
        mchid=node["mchId"],
        private_key=node["appPrivateKeyContent"],
        cert_serial_no=node["serialNo"],
        appid=node["appId"],
        apiv3_key=node["v3Key"],
        notify_url=judge.notify_url("pay"),
        timeout=(3, 10),
        **options,
    )
    made._core._gate_way = judge.base_url
    if isinstance(made, WeChatPay):
        yield made
    else:
        async with made:
            yield made


def public_key(node: dict[str, Any]) -> dict[str, str]:
    return {"public_key": node["wxpayPublicKeyContent"], "public_key_id": node["wxpayPublicKeyId"]}


async def settled(outcome: Any) -> Any:
    return await outcome if inspect.isawaitable(outcome) else outcome


async def answered(status: int, outcome: Any) -> Any:
    """What the client returned, with that status; JSON is decoded."""
    code, text = await settled(outcome)
    demand(code == status, (code, text))
    return json.loads(text) if text else None


def order(pay: Any, number: str, product: str, **fields: Any) -> dict[str, Any]:
    """The client's arguments. Its two halves each have an enumeration of their own."""
    kinds = AsyncWeChatPayType if isinstance(pay, AsyncWeChatPay) else WeChatPayType
    asked = {
        "description": "interop 测试",
        "out_trade_no": number,
        "amount": PRICE,
        "pay_type": kinds[product],
    }
    return asked | fields


async def create(pay: Any, number: str, product: str, **fields: Any) -> Any:
    return await answered(200, pay.pay(**order(pay, number, product, **fields)))


async def products(judge: Judge, pay: Any) -> None:
    app = judge.merchants["default"]["wxpay"]["app-plus"]["appId"]
    scene = {"payer_client_ip": "14.23.150.211", "h5_info": {"type": "Wap"}}
    with judge.proves("jsapi"):
        made = await bought(judge, pay, "JSAPI", "JSAPI", payer={"openid": OPENID})
        expect(made["prepay_id"][:2], "wx")
    with judge.proves("app"):
        made = await bought(judge, pay, "APP", "APP", appid=app)
        expect(made["prepay_id"][:2], "wx")
    with judge.proves("h5"):
        made = await bought(judge, pay, "H5", "MWEB", scene_info=scene)
        expect(made["h5_url"][:8], "https://")


async def bought(judge: Judge, pay: Any, product: str, trade_type: str, **fields: Any) -> Any:
    """What the create call gave for an order that was then paid."""
    number = judge.number()
    made = await create(pay, number, product, notify_url=judge.notify_url("products"), **fields)
    judge.pay(number)
    paid = await answered(200, pay.query(out_trade_no=number))
    expect((paid["trade_state"], paid["trade_type"]), ("SUCCESS", trade_type))
    return made


async def codepay(judge: Judge, pay: Any) -> None:
    at_once, asked = judge.number(), judge.number()
    scene = {"scene_info": {"store_info": {"id": "0001"}}}
    with judge.proves("codepay"):
        made = await create(pay, at_once, "CODEPAY", payer={"auth_code": "130000000000000000"}, **scene)
        expect(made["trade_state"], "SUCCESS")
        waiting = {"payer": {"auth_code": PASSWORD_NEEDED}, **scene}
        made = await answered(202, pay.pay(**order(pay, asked, "CODEPAY", **waiting)))
        expect(made["trade_state"], "USERPAYING")
        judge.pay(asked)
        expect((await answered(200, pay.query(out_trade_no=asked)))["trade_state"], "SUCCESS")
    with judge.proves("reverse"):
        judge.advance(15)
        made = await answered(200, pay.codepay_reverse(at_once))
        expect(made["out_trade_no"], at_once)


async def payment(judge: Judge, pay: Any, number: str) -> None:
    with judge.proves("native", "public_key_mode"):
        made = await create(pay, number, "NATIVE", attach="a&b=中")
        expect(made["code_url"][:9], "weixin://")
    with judge.proves("query"):
        expect((await answered(200, pay.query(out_trade_no=number)))["trade_state"], "NOTPAY")
        judge.pay(number)
        paid = await answered(200, pay.query(out_trade_no=number))
        expect((paid["trade_state"], paid["amount"]["total"], paid["attach"]), ("SUCCESS", 100, "a&b=中"))
    with judge.proves("query_by_id"):
        again = await answered(200, pay.query(transaction_id=paid["transaction_id"]))
        expect(again, paid)
    with judge.proves("notify_payment"):
        arrived = judge.received("pay")
        event = pay.callback(arrived.headers, arrived.body)
        expect(event["event_type"], "TRANSACTION.SUCCESS")
        expect((event["resource"]["out_trade_no"], event["resource"]["amount"]["total"]), (number, 100))
    with judge.proves("notify_tampered"):
        forged = arrived.body.replace(b'"ciphertext":"', b'"ciphertext":"A', 1)
        demand(forged != arrived.body, arrived.body)
        expect(pay.callback(arrived.headers, forged), None)
        other = judge.number()
        await create(pay, other, "NATIVE", notify_url=judge.notify_url("spoilt"))
        judge.spoil_next_notification(other)
        judge.pay(other)
        spoilt = judge.received("spoilt")
        expect(pay.callback(spoilt.headers, spoilt.body), None)


async def refunds(judge: Judge, pay: Any, number: str) -> None:
    out_refund_no = judge.number("r")
    amount = {"refund": 30, "total": 100, "currency": "CNY"}
    with judge.proves("refund"):
        url = judge.notify_url("refund")
        made = await answered(
            200, pay.refund(out_refund_no, amount, out_trade_no=number, reason="少发一件", notify_url=url)
        )
        expect((made["status"], made["amount"]["refund"]), ("PROCESSING", 30))
    with judge.proves("refund_query"):
        judge.advance(2)
        made = await answered(200, pay.query_refund(out_refund_no))
        expect((made["status"], made["out_trade_no"]), ("SUCCESS", number))
        expect((await answered(200, pay.query(out_trade_no=number)))["trade_state"], "REFUND")
    with judge.proves("notify_refund"):
        arrived = judge.received("refund")
        event = pay.callback(arrived.headers, arrived.body)
        expect((event["event_type"], event["resource"]["refund_status"]), ("REFUND.SUCCESS", "SUCCESS"))


async def rest(judge: Judge, pay: Any, number: str) -> None:
    with judge.proves("refund_rest"):
        judge.advance(60)
        too_much = {"refund": 71, "total": 100, "currency": "CNY"}
        failed = await answered(400, pay.refund(judge.number("r"), too_much, out_trade_no=number))
        expect(failed["code"], "INVALID_REQUEST")
        url, all_of_it = judge.notify_url("rest"), {"refund": 70, "total": 100, "currency": "CNY"}
        made = await answered(
            200, pay.refund(judge.number("r"), all_of_it, out_trade_no=number, notify_url=url)
        )
        expect(made["amount"]["payer_refund"], 70)


async def closing(judge: Judge, pay: Any) -> None:
    with judge.proves("close"):
        number = judge.number()
        await create(pay, number, "NATIVE")
        expect(await answered(204, pay.close(number)), None)
        expect((await answered(200, pay.query(out_trade_no=number)))["trade_state"], "CLOSED")


async def transfer(judge: Judge, pay: Any, number: str, **fields: Any) -> Any:
    """A transfer whose receiver's name the client encrypts for WeChat Pay."""
    report = {"transfer_scene_report_infos": REPORT, "notify_url": judge.notify_url("transfer")}
    asked = (number, "1000", OPENID, 30000, "奖励")
    return await answered(200, pay.mch_transfer_bills(*asked, user_name="张三", **report, **fields))


async def transfers(judge: Judge, pay: Any) -> None:
    number = judge.number("t")
    with judge.proves("transfer"):
        made = await transfer(judge, pay, number)
        expect(made["state"], "WAIT_USER_CONFIRM")
        demand(bool(made["package_info"]), made)
    with judge.proves("transfer_query"):
        found = await answered(200, pay.mch_transfer_bills_query(out_bill_no=number))
        expect((found["state"], found["transfer_amount"]), ("WAIT_USER_CONFIRM", 30000))
        again = await answered(200, pay.mch_transfer_bills_query(transfer_bill_no=made["transfer_bill_no"]))
        expect(again["out_bill_no"], number)
    with judge.proves("sensitive"):
        expect(pay.decrypt(found["user_name"]), "张三")
    with judge.proves("notify_transfer"):
        judge.control("transfer", {"out_bill_no": number, "outcome": "confirm"})
        arrived = judge.received("transfer")
        event = pay.callback(arrived.headers, arrived.body)
        expect((event["event_type"], event["resource"]["state"]), ("MCHTRANSFER.BILL.FINISHED", "SUCCESS"))
    number = judge.number("t")
    if isinstance(pay, AsyncWeChatPay):
        with judge.cannot(
            "transfer_cancel", "signs an empty body and sends `null`; a strict server answers 401"
        ):
            await transfer(judge, pay, number)
            expect((await answered(401, pay.mch_transfer_bills_cancel(number)))["code"], "SIGN_ERROR")
    else:
        with judge.proves("transfer_cancel"):
            await transfer(judge, pay, number)
            made = await answered(200, pay.mch_transfer_bills_cancel(number))
            demand(made["state"] in {"CANCELING", "CANCELLED"}, made)


async def errors(judge: Judge, pay: Any, number: str) -> None:
    with judge.proves("business_error"):
        expect((await answered(404, pay.query(out_trade_no="nosuchorder")))["code"], "ORDER_NOT_EXIST")
        unpaid = judge.number()
        await create(pay, unpaid, "NATIVE")
        changed = order(pay, unpaid, "NATIVE", amount={"total": 101, "currency": "CNY"})
        failed = await answered(400, pay.pay(**changed))
        expect(failed["code"], "INVALID_REQUEST")
    with judge.proves("bad_signature"):
        judge.spoil_next_answer(number)
        with refused(Exception, "failed to verify the signature"):
            await settled(pay.query(out_trade_no=number))
    with judge.proves("wrong_key"):
        node = judge.merchants["default"]["wxpay"]["h5"]
        stranger = judge.merchants["certs"]["wxpay"]["h5"]["appPrivateKeyContent"]
        async with client(judge, node | {"appPrivateKeyContent": stranger}, **public_key(node)) as impostor:
            failed = await answered(401, impostor.query(out_trade_no=number))
            expect(failed["code"], "SIGN_ERROR")


def seed(folder: str, certificate: str) -> None:
    Path(folder, "other.pem").write_text(certificate)


def cached(folder: str, serial: str) -> str:
    return Path(folder, f"{serial}.pem").read_text().strip()


async def certificates(judge: Judge) -> None:
    """The cache holds somebody else's certificate, so that the client has to download before it can verify."""
    node = judge.merchants["certs"]["wxpay"]["h5"]
    with judge.proves("certificates", "certificate_mode"), tempfile.TemporaryDirectory() as folder:
        if judge.client == "wechatpayv3":
            seed(folder, judge.merchants["default"]["wxpay"]["h5"]["appCertContent"])
        async with client(judge, node, cert_dir=folder) as pay:
            number = judge.number()
            await create(pay, number, "NATIVE", notify_url=judge.notify_url("certs"))
            expect(cached(folder, node["platformSerialNo"]), node["platformCertContent"].strip())
            judge.pay(number)
            arrived = judge.received("certs")
            event = pay.callback(arrived.headers, arrived.body)
            expect(event["resource"]["out_trade_no"], number)
            transfer_app = judge.merchants["certs"]["wxpay"]["transfer"]["appId"]
            await transfer(judge, pay, judge.number("t"), appid=transfer_app)


async def partner(judge: Judge) -> None:
    node = judge.merchants["partner"]["wxpay"]["h5"]
    sub_mchid = node["subMerchants"][0]["subMchid"]
    with judge.proves("partner"):
        async with client(judge, node, partner_mode=True, **public_key(node)) as pay:
            paid, unpaid = judge.number(), judge.number()
            url = judge.notify_url("partner")
            await create(pay, paid, "NATIVE", sub_mchid=sub_mchid, notify_url=url)
            judge.pay(paid)
            sub_app = {"sub_mchid": sub_mchid, "sub_appid": node["subMerchants"][0]["subAppid"]}
            made = await create(pay, judge.number(), "JSAPI", payer={"sub_openid": OPENID}, **sub_app)
            expect(made["prepay_id"][:2], "wx")
            found = await answered(200, pay.query(out_trade_no=paid, sub_mchid=sub_mchid))
            expect((found["trade_state"], found["sub_mchid"]), ("SUCCESS", sub_mchid))
            arrived = judge.received("partner")
            event = pay.callback(arrived.headers, arrived.body)
            expect(event["resource"]["sub_mchid"], sub_mchid)
            refund = {"out_refund_no": judge.number("r"), "amount": PRICE | {"refund": 100}}
            made = await answered(200, pay.refund(out_trade_no=paid, sub_mchid=sub_mchid, **refund))
            expect(made["status"], "PROCESSING")
            await create(pay, unpaid, "NATIVE", sub_mchid=sub_mchid)
            expect(await answered(204, pay.close(unpaid, sub_mchid=sub_mchid)), None)


async def main() -> None:
    judge = Judge("wechatpayv3")
    nodes = judge.merchants["default"]["wxpay"]
    async with client(judge, nodes["h5"], **public_key(nodes["h5"])) as pay:
        number = judge.number()
        await payment(judge, pay, number)
        await refunds(judge, pay, number)
        await rest(judge, pay, number)
        await products(judge, pay)
        await codepay(judge, pay)
        await closing(judge, pay)
        await errors(judge, pay, number)
    async with client(judge, nodes["transfer"], **public_key(nodes["transfer"])) as pay:
        await transfers(judge, pay)
    await certificates(judge)
    await partner(judge)


asyncio.run(main())
