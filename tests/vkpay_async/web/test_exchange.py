"""Who calls, and where."""

from __future__ import annotations

import pytest

from vkpay_async.web.exchange import Request, below, client_address


@pytest.mark.parametrize(
    ("forwarded", "proxies", "client"),
    [
        ("", 0, "10.0.0.1"),
        ("198.51.100.7", 0, "10.0.0.1"),
        ("198.51.100.7", 1, "198.51.100.7"),
        ("6.6.6.6, 198.51.100.7", 1, "198.51.100.7"),
        ("6.6.6.6, 198.51.100.7,10.0.0.2", 2, "198.51.100.7"),
        ("2001:DB8::1", 1, "2001:db8::1"),
        ("198.51.100.7", 2, "10.0.0.1"),
        ("unknown", 1, "10.0.0.1"),
        ("", 1, "10.0.0.1"),
    ],
)
def test_only_as_many_hops_as_were_announced_are_believed(forwarded: str, proxies: int, client: str) -> None:
    request = Request(
        method="POST", path="/", full_path="/", headers={"x-forwarded-for": forwarded}, peer="10.0.0.1"
    )
    assert client_address(request, proxies) == client


@pytest.mark.parametrize(
    ("path", "prefix", "rest"),
    [
        ("/health", "", "/health"),
        ("/health", "/", "/health"),
        ("/pay/health", "/pay", "/health"),
        ("/pay", "/pay", "/"),
        ("/a%20b/pay/x%2Fy", "/a b/pay/", "/x%2Fy"),
    ],
)
def test_the_path_below_a_prefix(path: str, prefix: str, rest: str) -> None:
    assert below(path, prefix) == rest
