"""The simulator as the demo knows it: a process, and a control API over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import aiohttp

PACKAGE = "vkpay_simulator"
NEEDED = (PACKAGE, "faker")
INSTALL = "pip install 'vkpay-async[cli,simulator]'"
READY = "VKPAY_SIM_READY"
START_LIMIT_S = 30.0
STOP_LIMIT_S = 3.0
CALL_LIMIT_S = 15.0
LAST_LINES = 5


class SimulatorFailed(Exception):
    """The simulator could not be started, or refused a call; the text says what to do."""


class Simulator:
    """What the people outside the merchant do: buyers and receivers of money; and time."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self._session = session

    async def pay(self, out_trade_no: str, *, provider: str, pid: str) -> None:
        """The buyer pays. Ends when the notification has been answered."""
        await self._post("pay", {"out_trade_no": out_trade_no, "provider": provider, "pid": pid})

    async def advance(self, seconds: int) -> None:
        """Moves business time on; what is due on the way has happened when it ends."""
        await self._post("clock", {"advance_seconds": seconds})

    async def confirm_transfer(self, out_bill_no: str, *, provider: str, pid: str) -> None:
        """The receiver takes the money."""
        body = {"out_bill_no": out_bill_no, "outcome": "confirm", "provider": provider, "pid": pid}
        await self._post("transfer", body)

    async def confirm_authorization(self, out_authorization_no: str, *, pid: str) -> None:
        """The user agrees to receive without confirming."""
        body = {"out_authorization_no": out_authorization_no, "outcome": "confirm", "pid": pid}
        await self._post("authorization", body)

    async def take_order_string(self, order_string: str) -> str:
        """Alipay's phone SDK pays what the merchant's app hands to it; gives the SDK's ``resultStatus``."""
        answer = await self._post("alipay/app-pay", {"order_string": order_string})
        return f"{answer['resultStatus']} {answer['memo']}".strip()

    async def tt_pay(self, order_info: dict[str, Any]) -> int:
        """Douyin's cashier opens and is paid at; gives the code of ``tt.pay``, -1 where it does not open."""
        answer = await self._post("douyin/tt-pay", order_info)
        return int(answer.get("code", -1))

    async def request_order(self, arguments: dict[str, Any]) -> str:
        """Douyin's mini program asks for an order; gives its number."""
        answer = await self._post("douyin/request-order", arguments)
        if "orderId" not in answer:
            raise SimulatorFailed(f"tt.requestOrder failed: {answer['errNo']} {answer['why']}")
        return str(answer["orderId"])

    async def log_in(self, appid: str) -> str:
        """A user opens an app; the code that it hands to its server."""
        answer = await self._post("login", {"appid": appid})
        return str(answer["code"])

    async def request_virtual_payment(self, asked: dict[str, Any]) -> str:
        """``wx.requestVirtualPayment`` on the user's phone, which then waits for the password; gives its ``errMsg``."""
        answer = await self._post("wxpay-virtual/request-virtual-payment", {**asked, "action": "open"})
        return f"{answer.get('advice', '')} {answer['errMsg']}".strip()

    async def notify_at(self, url: str, *, pid: str) -> None:
        """What a merchant sets in the consoles of providers whose orders name no address."""
        await self._post(f"merchants/{pid}", {"notify_url": url})

    async def request_payment(self, order_str: str) -> str:
        """Huawei's phone pays what the app hands to it; empty, or the code and why."""
        answer = await self._post("huawei/request-payment", {"order_str": order_str})
        return f"{answer['code'] or ''} {answer['why']}".strip()

    async def app_store(self, what: str, **body: Any) -> dict[str, Any]:
        """A customer of Apple's does something, or Apple itself; what is then to be told is due at once."""
        return await self._post(f"appleiap/{what}", body)

    async def app_gallery(self, what: str, **body: Any) -> dict[str, Any]:
        """As :meth:`app_store`, of Huawei's."""
        return await self._post(f"huaweiiap/{what}", body)

    async def open(self, address: str) -> int:
        """The buyer's browser opens an address; gives the HTTP status."""
        async with self._session.get(address) as page:
            await page.read()
            return page.status

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        try:
            async with self._session.post(f"{self.url}/_sim/{path}", json=body) as response:
                answer: dict[str, Any] = await response.json()
        except (aiohttp.ClientError, ValueError, TimeoutError) as error:
            raise SimulatorFailed(f"the simulator does not answer: {type(error).__name__} {error}") from error
        if response.status >= 400:
            raise SimulatorFailed(f"the simulator refused /_sim/{path}: {answer['error']}")
        return answer


@contextlib.asynccontextmanager
async def running_simulator(folder: Path, port: int, seed: int | None) -> AsyncIterator[Simulator]:
    """A simulator process that lives as long as the block; ``folder`` gets its ``vkpay.toml``.

    Raises :class:`SimulatorFailed`.
    """
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise SimulatorFailed(f"vkpay demo needs {', '.join(missing)}: {INSTALL}")
    command = [
        sys.executable,
        "-m",
        PACKAGE,
        "up",
        "--port",
        str(port),
        "--config-out",
        str(config_in(folder)),
    ]
    if seed is not None:
        command += ["--seed", str(seed)]
    log = folder / "simulator.log"
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=errors)
    try:
        url = await _ready(process, log)
        timeout = aiohttp.ClientTimeout(total=CALL_LIMIT_S)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            yield Simulator(url, session)
    finally:
        await _stop(process)


def config_in(folder: Path) -> Path:
    return folder / "vkpay.toml"


async def _ready(process: Process, log: Path) -> str:
    assert process.stdout is not None  # noqa: S101 - it was asked for as a pipe
    try:
        async with asyncio.timeout(START_LIMIT_S):
            async for line in process.stdout:
                word, _, url = line.decode().partition(" ")
                if word == READY:
                    return url.strip()
    except TimeoutError:
        raise SimulatorFailed(f"the simulator was not ready after {START_LIMIT_S:.0f} s") from None
    raise SimulatorFailed(f"the simulator did not start:\n{_why(log)}")


def _why(log: Path) -> str:
    """What it said last; where a package of its own is missing, what installs it."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    if lines and lines[-1].startswith("ModuleNotFoundError"):
        return f"{lines[-1]}: {INSTALL}"
    return "\n".join(lines[-LAST_LINES:])


async def _stop(process: Process) -> None:
    """Ends the process in any case. Ctrl-C may have reached it before."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(STOP_LIMIT_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
