"""Retention messaging: what its endpoints refuse. Apple's own libraries go through all of it (``tests/interop``)."""

import uuid
from typing import Any

import pytest

from tests.vkpay_simulator.providers.appleiap.shop import Shop, ok

IMAGE, MESSAGE = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))
PNG = b"\x89PNG\r\n\x1a\n"
BASE = "v1/messaging"
TEXT = {"header": "Stay", "body": "There is more"}


def image(
    shop: Shop, number: str = IMAGE, content: bytes = PNG, query: str = "", kind: str = "image/png"
) -> Any:
    return shop.send("PUT", f"/inApps/{BASE}/image/{number}{query}", content, **{"Content-Type": kind})


class TestImages:
    def test_only_png(self, shop: Shop) -> None:
        for answer in (image(shop, content=b"GIF89a"), image(shop, kind="image/jpeg")):
            assert b"4000161" in answer.body
        assert b"4000216" in image(shop, query="?imageSize=HUGE").body
        assert b"4000000" in image(shop, number="x").body

    def test_each_once(self, shop: Shop) -> None:
        assert image(shop, query="?imageSize=BULLET_POINT").status == 200
        assert b"4090000" in image(shop).body
        assert shop.get(f"{BASE}/image/list")["imageIdentifiers"] == [
            {"imageIdentifier": IMAGE, "imageState": "APPROVED", "imageSize": "BULLET_POINT"}
        ]
        assert shop.send("DELETE", f"/inApps/{BASE}/image/{IMAGE}").status == 200
        assert shop.code("DELETE", f"{BASE}/image/{IMAGE}") == 4040014


class TestMessages:
    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"header": "x" * 67}, 4000162),
            ({"body": "x" * 145}, 4000163),
            ({"image": {"imageIdentifier": IMAGE, "altText": "x" * 151}}, 4000175),
            ({"image": {"imageIdentifier": IMAGE, "altText": "x"}}, 4040014),
            ({"headerPosition": "ABOVE_IMAGE"}, 4000224),
            ({"bulletPoints": [{"text": "x"}] * 6}, 4000218),
            ({"bulletPoints": [{"text": "x" * 67}]}, 4000219),
            ({"bulletPoints": [{"text": "x", "altText": "x" * 151}]}, 4000175),
            ({"bulletPoints": [{"text": "x", "imageIdentifier": IMAGE}]}, 4040014),
            ({"header": 1}, 4000000),
        ],
        ids=str,
    )
    def test_what_is_wrong(self, shop: Shop, change: dict[str, Any], code: int) -> None:
        assert shop.code("PUT", f"{BASE}/message/{MESSAGE}", TEXT | change) == code

    def test_each_once(self, shop: Shop) -> None:
        assert shop.send("PUT", f"/inApps/{BASE}/message/{MESSAGE}", TEXT).status == 200
        assert shop.code("PUT", f"{BASE}/message/{MESSAGE}", TEXT) == 4090001
        assert shop.send("DELETE", f"/inApps/{BASE}/message/{MESSAGE}").status == 200
        assert shop.code("DELETE", f"{BASE}/message/{MESSAGE}") == 4040015

    def test_a_default_that_is_none(self, shop: Shop) -> None:
        place = f"{BASE}/default/com.example.premium/en-US"
        assert shop.code("PUT", place, {"messageIdentifier": MESSAGE}) == 4040015
        assert shop.code("GET", place) == 4040020
        assert shop.code("DELETE", place) == 4040020

    def test_what_is_shown_where(self, shop: Shop) -> None:
        image(shop)
        shown = TEXT | {
            "image": {"imageIdentifier": IMAGE, "altText": "tea"},
            "headerPosition": "ABOVE_IMAGE",
            "bulletPoints": [{"text": "more", "imageIdentifier": IMAGE, "altText": "tea"}, {"text": "less"}],
        }
        assert shop.send("PUT", f"/inApps/{BASE}/message/{MESSAGE}", shown).status == 200
        assert shop.get(f"{BASE}/message/list")["messageIdentifiers"] == [
            {"messageIdentifier": MESSAGE, "messageState": "APPROVED"}
        ]
        assert shop.code("DELETE", f"{BASE}/image/{IMAGE}") == 4030019
        place = f"{BASE}/default/com.example.premium/en-US"
        assert shop.send("PUT", f"/inApps/{place}", {"messageIdentifier": MESSAGE.upper()}).status == 200
        assert shop.get(place) == {"messageIdentifier": MESSAGE}
        assert shop.code("GET", f"{BASE}/default/com.example.premium/zh-Hans") == 4040020
        assert shop.send("DELETE", f"/inApps/{place}").status == 200
        assert shop.code("GET", place) == 4040020


class TestAddress:
    def test_kept_for_its_environment(self, shop: Shop, production: Shop) -> None:
        path = f"{BASE}/realtime/url"
        said = {"realtimeURL": "https://shop.example.com/retention"}
        assert shop.send("PUT", f"/inApps/{path}", said).status == 200
        assert shop.get(path) == said
        assert production.code("GET", path) == 4040021
        assert shop.send("DELETE", f"/inApps/{path}").status == 200
        assert shop.code("GET", path) == 4040021

    def test_how_fast_it_answers(self, shop: Shop) -> None:
        path = f"{BASE}/performanceTest"
        shop.send("PUT", f"/inApps/{BASE}/realtime/url", {"realtimeURL": "https://shop.example.com/r"})
        one = {"originalTransactionId": shop.subscribes()["transactionId"]}
        begun = ok(shop.send("POST", f"/inApps/{path}", one))
        ended = shop.get(f"{path}/result/{begun['requestId']}")
        assert (ended["result"], ended["target"]) == ("PASS", "https://shop.example.com/r")
        assert ended["config"] == begun["config"]

    @pytest.mark.parametrize("url", ["", "ftp://x", "https://" + "x" * 250, "shop"])
    def test_no_address(self, shop: Shop, url: str) -> None:
        assert shop.code("PUT", f"{BASE}/realtime/url", {"realtimeURL": url}) == 4000215
        assert shop.code("GET", f"{BASE}/realtime/url") == 4040021
        assert shop.code("DELETE", f"{BASE}/realtime/url") == 4040021

    def test_a_test_of_nothing(self, shop: Shop) -> None:
        path = f"{BASE}/performanceTest"
        assert shop.code("POST", path, {"originalTransactionId": "x"}) == 4000211
        assert shop.code("POST", path, {"originalTransactionId": "2"}) == 4040005
        assert shop.code("GET", f"{path}/result/x") == 4040018
