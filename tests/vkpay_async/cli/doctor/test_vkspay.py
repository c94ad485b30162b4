"""What the doctor says of a store at VksPay."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Find = Callable[..., dict[str, dict[str, str]]]


@pytest.fixture
def find(vkpay: Any, config: dict[str, Any], write_config: Any) -> Find:
    """The findings about the store, by kind, after a change of its settings."""

    def run(*args: str, **change: Any) -> dict[str, dict[str, str]]:
        config["merchants"] = {"default": {"vkspay": config["merchants"]["default"]["vkspay"] | change}}
        write_config(config)
        checks = json.loads(vkpay("doctor", "--json", *args).stdout)["checks"]
        return {one["check"].rpartition(" ")[2]: one for one in checks}

    return run


def test_what_is_right(find: Find) -> None:
    found = find("--online")
    assert {one["state"] for one in found.values()} == {"ok"}
    assert {"keys", "mode", "address", "online", "clock"} <= set(found)


@pytest.mark.parametrize(
    ("kind", "change", "text"),
    [
        ("config", {"key": ""}, "vkspay: key is not set"),
        ("config", {"mchId": ""}, "vkspay: mch_id is not set"),
        ("config", {"secret": "x"}, "vkspay: unknown key 'secret'"),
        ("keys", {"baseUrl": "pay.example.com"}, "base_url must start with https://"),
    ],
)
def test_what_is_wrong(find: Find, kind: str, change: dict[str, Any], text: str) -> None:
    found = find(**change)[kind]
    assert (found["state"], bool(found["advice"])) == ("problem", True)
    assert text in found["detail"]


def test_a_store_that_the_gateway_does_not_know(find: Find) -> None:
    found = find("--online", mchId="9999")["online"]
    assert (found["state"], bool(found["advice"])) == ("problem", True)
