"""wechatpayv3's asyncio client, which keeps one httpx session."""

from __future__ import annotations

import asyncio
import logging

from wechatpayv3.async_ import AsyncWeChatPay, WeChatPayType

from benchmarks.driven import Contexts, drive, each, in_tasks

ORDER = {"description": "Tea, 500 g", "out_trade_no": "T20260101000001", "amount": {"total": 100}}
held = {}
loop = asyncio.new_event_loop()
contexts = Contexts()


def opened(material, base_url):
    made = AsyncWeChatPay(
        wechatpay_type=WeChatPayType.NATIVE,
        mchid=material["mch_id"],
        private_key=material["private_pem"],
        cert_serial_no=material["serial"],
        apiv3_key=material["v3_key"],
        appid=material["app_id"],
        notify_url="https://pay.example.com/notify",
        public_key=material["public_pem"],
        public_key_id=material["public_key_id"],
        logger=logging.getLogger("benchmarks.quiet"),
    )
    made._core._gate_way = base_url
    loop.run_until_complete(made.__aenter__())
    held["client"] = made


async def pay():
    status, text = await held["client"].pay(**ORDER)
    assert status == 200, text


def calls(count, at_once):
    before = contexts.made
    found = loop.run_until_complete(in_tasks(pay, count, at_once))
    return {**found, "contexts": contexts.made - before}


def offline(body, headers, count):
    """The call without HTTP: the answer stands where httpx would send."""
    import httpx

    async def send(*_, **__):
        return httpx.Response(200, headers=headers, content=body.encode())

    session = held["client"]._core._client
    names = [name for name in ("post", "get", "request") if hasattr(session, name)]
    for name in names:
        setattr(session, name, send)
    try:
        return each(lambda: _driven(pay()), count)
    finally:
        for name in names:
            delattr(session, name)


def _driven(coroutine):
    """Nothing in it waits, so that no event loop is needed."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise AssertionError("the stub waited")


if __name__ == "__main__":
    drive({"open": opened, "calls": calls, "offline": offline})
