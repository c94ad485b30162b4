"""``vkpay orders list`` and ``vkpay orders show``."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from vkpay_async.cli.orders.view import Found, handler_text, show_page
from vkpay_async.order import Order, RefundEntry

NEW_YEAR = 1_767_196_800_000
REFUND = RefundEntry(
    out_refund_no="A1-1",
    refund_fee=5000,
    refund_desc="one box broken",
    refund_date=NEW_YEAR + 60_000,
    state="SUCCESS",
)


@pytest.fixture
def ledger(keep: Callable[..., None], order: Callable[..., Order]) -> None:
    keep(
        order("A1", status=2, refund_fee=5000, refund_list=(REFUND,), pay_date=NEW_YEAR + 1000, user_id="u1"),
        order("A2", status=1, type="vip", pid="default", create_date=NEW_YEAR + 1),
        order("A3", status=-1, pid="shop-7", create_date=NEW_YEAR + 2, app_auth_token="T0KEN"),
        order("A4", custom={"goods_id": "g1"}, description="Tea\x1b[2J", create_date=NEW_YEAR + 3),
    )


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(
    ("args", "numbers"),
    [
        ([], ["A4", "A3", "A2", "A1"]),
        (["--status", "paid"], ["A2", "A1"]),
        (["--status", "SUCCESS"], ["A2"]),
        (["--status", "1", "--status=-1"], ["A3", "A2"]),
        (["--status", "notpay", "--status", "2"], ["A4", "A1"]),
        (["--type", "vip"], ["A2"]),
        (["--user", "u1"], ["A1"]),
        (["--pid", "shop-7"], ["A3"]),
        (["--pid", "default"], ["A4", "A2", "A1"]),
        (["--size", "3", "--after", "A2"], ["A1"]),
        (["--after", "A4", "--size", "2"], ["A3", "A2"]),
    ],
)
def test_orders_are_found_by_their_fields(vkpay: Any, args: list[str], numbers: list[str]) -> None:
    found = json.loads(vkpay("orders", "list", "--json", *args).stdout)
    assert [row["out_trade_no"] for row in found["rows"]] == numbers


@pytest.mark.usefixtures("ledger")
def test_a_page_says_where_the_next_one_begins(vkpay: Any) -> None:
    found = json.loads(vkpay("orders", "list", "--json", "--size", "3").stdout)
    assert (len(found.pop("rows")), found) == (3, {"next": "A2"})
    assert "3 orders; older ones with --after A2" in vkpay("orders", "list", "--size", "3").stdout
    assert json.loads(vkpay("orders", "list", "--json", "--after", "A2").stdout)["next"] is None


@pytest.mark.usefixtures("ledger")
def test_the_total_is_counted_when_it_is_asked_for(vkpay: Any) -> None:
    asked = ("orders", "list", "--size", "1", "--status", "paid", "--total")
    assert json.loads(vkpay(*asked, "--json").stdout)["total"] == 2
    assert "1 of 2 orders; older ones with --after A2" in vkpay(*asked).stdout


@pytest.mark.usefixtures("ledger")
def test_a_page_behind_an_order_there_is_not(vkpay: Any) -> None:
    result = vkpay("orders", "list", "--after", "A9")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "no order 'A9'" in result.stderr


@pytest.mark.usefixtures("ledger")
def test_people_read_yuan_and_beijings_time(vkpay: Any) -> None:
    result = vkpay("orders", "list", "--user", "u1")
    assert result.exit_code == 0
    lines = [line.split() for line in result.stdout.splitlines()]
    row = ["A1", "refunded", "in", "part", "199.00", "wxpay_h5", "goods", "u1", "2026-01-01", "00:00:00"]
    assert lines[1:] == [row, ["1", "orders"]]


@pytest.mark.usefixtures("ledger")
def test_no_order_is_no_table(vkpay: Any) -> None:
    assert vkpay("orders", "list", "--user", "nobody").stdout == "0 orders\n"


@pytest.mark.usefixtures("ledger")
def test_an_unknown_status_is_answered_with_the_known(vkpay: Any) -> None:
    result = vkpay("orders", "list", "--status", "payed")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "unknown status 'PAYED'; use a number −1…3 or NOTPAY" in result.stderr


@pytest.mark.usefixtures("ledger")
def test_one_order_with_its_refunds(vkpay: Any) -> None:
    text = vkpay("orders", "show", "A1").stdout
    lines = [line.split() for line in text.splitlines()]
    assert ["status", "2", "refunded", "in", "part"] in lines
    assert ["refunded", "50.00", "yuan"] in lines
    assert ["paid", "2026-01-01", "00:00:01", "UTC+8"] in lines
    assert ["merchant", "default"] in lines
    refund = ["A1-1", "SUCCESS", "50.00", "2026-01-01", "00:01:00", "one", "box", "broken"]
    assert lines[-1] == refund


@pytest.mark.usefixtures("ledger")
def test_what_a_buyer_wrote_is_only_text(vkpay: Any) -> None:
    text = vkpay("orders", "show", "A4").stdout
    assert "\x1b" not in text
    assert "Tea" in text
    assert '{"goods_id":"g1"}' in text


@pytest.mark.usefixtures("ledger")
def test_programs_read_fen_and_no_token(vkpay: Any) -> None:
    result = vkpay("orders", "show", "A3", "--json")
    row = json.loads(result.stdout)
    assert (row["total_fee"], row["create_date"], row["status"]) == (19900, NEW_YEAR + 2, -1)
    assert "T0KEN" not in result.stdout


def test_the_ways_in_which_an_order_was_begun(vkpay: Any, keep: Any, order: Any) -> None:
    keep(order("A1", pay_type="alipay_wap", app_auth_token="T0KEN"), order("A1"))
    shown = vkpay("orders", "show", "A1").stdout
    assert ["begun", "also", "alipay_wap"] in [line.split() for line in shown.splitlines()]
    said = vkpay("orders", "show", "A1", "--json").stdout
    assert json.loads(said)["other_ways"] == ["alipay_wap"]
    assert "T0KEN" not in shown + said


@pytest.mark.usefixtures("ledger")
def test_an_order_that_is_not_there(vkpay: Any) -> None:
    result = vkpay("orders", "show", "A9", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["code"] == 2001
    assert "no order 'A9'" in result.stderr


def test_looking_makes_no_database(vkpay: Any, tmp_path: Path) -> None:
    result = vkpay("orders", "list")
    assert result.exit_code == 1
    assert f"no database {tmp_path / 'vkpay.db'}" in result.stderr
    assert "--database" in result.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"status": 0}, ""),
        ({"status": 1}, "no answer yet"),
        ({"status": 1, "user_order_success": True}, "done"),
        ({"status": 1, "user_order_success": False}, "answered False"),
        (
            {"status": 1, "user_order_success": False, "handler_error": "KeyError: 'g'"},
            "failed: KeyError: 'g'",
        ),
    ],
)
def test_what_became_of_the_handler(order: Any, fields: dict[str, Any], text: str) -> None:
    assert handler_text(order(**fields)) == text


def test_a_narrow_terminal_loses_nothing(order: Any) -> None:
    file = StringIO()
    page = Found(rows=[order("20261121-000000000001")])
    show_page(Console(file=file, width=40), page)
    assert "…" not in file.getvalue()
    assert max(map(len, file.getvalue().splitlines())) <= 40
