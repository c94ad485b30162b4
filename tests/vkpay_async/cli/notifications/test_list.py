"""``vkpay notifications list`` and ``show``."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from vkpay_async.cli.notifications.advice import advice_for, without_handler
from vkpay_async.cli.notifications.body import readable
from vkpay_async.ledger import Event


def numbers(result: Any) -> list[str]:
    return [row["number"] for row in json.loads(result.stdout)["rows"]]


@pytest.mark.parametrize(
    ("args", "found"),
    [
        ([], ["unfit-1", "nohandler-1", "failed-1", "parked-1", "done-1"]),
        (["--failed"], ["unfit-1", "failed-1", "parked-1"]),
        (["--state", "done"], ["nohandler-1", "done-1"]),
        (["--state", "parked", "--state", "failed"], ["failed-1", "parked-1"]),
        (["--state", "running"], []),
        (["--size", "2"], ["unfit-1", "nohandler-1"]),
    ],
)
def test_the_newest_first_by_state(
    vkpay: Any, events: dict[str, str], args: list[str], found: list[str]
) -> None:
    assert numbers(vkpay("notifications", "list", "--json", *args)) == found


def test_the_next_page_starts_before_an_id(vkpay: Any, events: dict[str, str]) -> None:
    first = vkpay("notifications", "list", "--size", "3")
    assert f"older ones with --before {events['failed-1']}" in first.stdout
    assert numbers(vkpay("notifications", "list", "--json", "--before", events["failed-1"])) == [
        "parked-1",
        "done-1",
    ]


def test_each_state_says_what_to_do(vkpay: Any, events: dict[str, str]) -> None:
    said = " ".join(vkpay("notifications", "list").stdout.split())
    assert "parked: its handler failed too often and is not run again" in said
    assert f"vkpay notifications replay {events['parked-1']} --app module:attribute" in said
    assert "unmatched: it is genuine and does not fit" in said
    assert "done: no handler ran" in said
    assert "ConnectionError: the warehouse does not answer" in said
    assert "\x1b" not in said


def test_nothing_heard_is_no_table(vkpay: Any, events: dict[str, str]) -> None:
    assert vkpay("notifications", "list", "--state", "running").stdout == "no notifications\n"


def test_a_state_there_is_not(vkpay: Any, events: dict[str, str]) -> None:
    result = vkpay("notifications", "list", "--state", "lost")
    assert result.exit_code == 1
    assert "no state 'lost'; there are running, waiting" in result.stderr


@pytest.mark.parametrize("by", ["id", "number"])
def test_one_is_shown_without_its_payer(vkpay: Any, events: dict[str, str], by: str) -> None:
    said = vkpay("notifications", "show", events["parked-1"] if by == "id" else "parked-1").stdout
    lines = [line.split() for line in said.splitlines()]
    assert ["state", "parked"] in lines
    assert ["heard", "by", "a", "notification", "at", "/pay/vk-pay-notify/wxpay_h5/parked-1"] in lines
    assert '"openid": "***"' in said
    assert '"total_fee": 19900' in said
    assert "phone: ***" in said
    assert "oPayerWhoIsHidden" not in said


def test_programs_are_not_told_either(vkpay: Any, events: dict[str, str]) -> None:
    result = vkpay("notifications", "show", "unfit-1", "--json")
    [row] = json.loads(result.stdout)["rows"]
    assert (row["state"], row["body"]["trade"]["openid"], row["happened"]["openid"]) == (
        "unmatched",
        "***",
        "***",
    )
    assert "oPayerWhoIsHidden" not in result.stdout


def test_the_bytes_are_there_for_who_asks(vkpay: Any, events: dict[str, str]) -> None:
    body = msgspec.json.decode(vkpay("notifications", "show", events["done-1"], "--raw").stdout_bytes)
    assert body["trade"]["openid"] == "oPayerWhoIsHidden"


def test_a_number_nobody_told_of(vkpay: Any, events: dict[str, str]) -> None:
    result = vkpay("notifications", "show", "X9", "--json")
    assert result.exit_code == 1
    assert "no notification 'X9'" in json.loads(result.stdout)["msg"]


def test_looking_makes_no_database(vkpay: Any) -> None:
    result = vkpay("notifications", "list")
    assert result.exit_code == 1
    assert "no database" in result.stderr


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b'{"resource":{"ciphertext":"c","nonce":"n"}}', {"resource": {"ciphertext": "***", "nonce": "n"}}),
        (b'[{"OpenId":"o"},{"openid":""}]', [{"OpenId": "***"}, {"openid": ""}]),
        (
            b"trade_status=TRADE_SUCCESS&buyer_id=2088&subject=%E8%8C%B6",
            {"trade_status": "TRADE_SUCCESS", "buyer_id": "***", "subject": "茶"},
        ),
        (b"<xml><openid>o</openid></xml>", None),
        (b"\xff\xfe", None),
    ],
)
def test_a_body_is_read_as_what_it_is(body: bytes, shown: Any) -> None:
    assert readable(body) == shown


def event(**fields: Any) -> Event:
    known = {
        "number": "A1",
        "what": "w",
        "id": "I1",
        "provider": "wxpay",
        "pay_type": "wxpay_h5",
        "kind": "payment",
    }
    return Event(**{**known, **fields})


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (
            {"state": "running", "due": 1_767_196_800_000},
            "another takes over after 2026-01-01 00:00:00 UTC+8",
        ),
        ({"state": "waiting"}, "see that vkpay serve or vkpay worker is running"),
        ({"state": "failed", "due": 1_767_196_800_000}, "runs again at 2026-01-01 00:00:00 UTC+8"),
        ({"state": "done", "attempts": 1}, ""),
        ({"state": "done", "kind": "closed"}, ""),
        ({"state": "done", "kind": "bound"}, ""),
    ],
)
def test_the_advice_on_a_state(fields: dict[str, Any], text: str) -> None:
    assert text in advice_for(event(**fields))
    assert bool(text) == bool(advice_for(event(**fields)))


def test_a_closing_needs_no_handler() -> None:
    assert not without_handler(event(kind="closed"))
    assert without_handler(event())
