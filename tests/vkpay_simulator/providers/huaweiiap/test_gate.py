"""Whose call it is: the token, and whether it fits the body."""

import json
from typing import Any

import pytest

from tests.vkpay_simulator.providers.huaweiiap.shop import APPLICATION, ORDER, START_S, Shop, Simulated

LOOKUP = f"{APPLICATION}/order/lookup"
BODY = b'{"orderNo":"1"}'


def test_a_token_over_the_body_opens(shop: Shop) -> None:
    assert shop.ask(LOOKUP, BODY) == {"orderStatus": 0}


def test_the_digest_of_no_body_is_that_of_the_empty_string(shop: Shop) -> None:
    assert shop.ask(f"{APPLICATION}/notifications/test") == {}


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"kid": "x"}, "is no key here"),
        ({"alg": "HS256"}, "under ES256"),
        ({"aud": "appstoreconnect-v1"}, "aud"),
        ({"iss": "x"}, "iss"),
        ({"aid": "x"}, "aid"),
        ({"digest": "0" * 64}, "digest"),
        ({"iat": START_S - 7000, "exp": START_S - 61}, "the server's time"),
        ({"iat": START_S + 61, "exp": START_S + 3600}, "the server's time"),
        ({"iat": START_S, "exp": START_S + 3601}, "at most 3600"),
        ({"iat": "now"}, "cannot be read"),
    ],
)
def test_a_token_that_does_not_fit(shop: Shop, wrong: dict[str, Any], why: str) -> None:
    answer = shop.send(LOOKUP, BODY, token=shop.token(BODY, **wrong))
    assert (answer.status, answer.body) == (401, b"")
    assert why in answer.explain


@pytest.mark.parametrize("token", ["", "a.b", "!.!.!", "bm8.bm8.bm8", "e30.e30.", "." * 100_000])
def test_what_is_no_token(shop: Shop, token: str) -> None:
    assert shop.send(LOOKUP, BODY, token=token).status == 401


def test_a_changed_token(shop: Shop) -> None:
    head, claims, _ = shop.token(BODY).split(".")
    other = shop.token(b"{}").split(".")[2]
    assert shop.send(LOOKUP, BODY, token=f"{head}.{claims}.{other}").status == 401


def test_without_a_token(simulated: Simulated) -> None:
    answer = simulated.post(LOOKUP, BODY)
    assert (answer.status, "Bearer" in answer.explain) == (401, True)


def test_another_apps_key_sees_nothing(simulated: Simulated, shop: Shop) -> None:
    one = shop.buys()
    other = simulated.shop("certs")
    assert other.code(
        f"{ORDER}/order/status/query", {"purchaseOrderId": one["purchaseOrderId"], "purchaseToken": "x"}
    ) == ("1001880012")


@pytest.mark.parametrize(
    "body",
    [b"no JSON", b"[]", b"{}", b'{"orderNo":1}', b"\xff", b"[" * 100_000, b'{"orderNo":' + b"[" * 100_000],
)
def test_a_body_that_does_not_fit(shop: Shop, body: bytes) -> None:
    assert shop.code(LOOKUP, body) == "1001880006"


def test_an_app_without_iap(simulated: Simulated, shop: Shop) -> None:
    assert simulated.control("account", activated=False)["activated"] is False
    assert shop.code(LOOKUP, BODY) == "1001880005"
    assert shop.buys()["status"] == 409
    simulated.world.reset()
    assert shop.ask(LOOKUP, BODY) == {"orderStatus": 0}


def test_one_seed_makes_the_same_keys_and_purchases() -> None:
    first, second = Simulated(seed=3).shop(), Simulated(seed=3).shop()
    assert first.node == second.node
    assert first.buys() == second.buys()
    assert first.node["privateKey"] != Simulated(seed=4).shop().node["privateKey"]
    assert json.dumps(first.node)
