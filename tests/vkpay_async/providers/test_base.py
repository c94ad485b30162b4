import pytest

from vkpay_async import InvalidArgument
from vkpay_async.providers.base import Flow, HttpRequest, HttpResponse, run_offline, target_of


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://api.example", "/"),
        ("https://api.example/", "/"),
        ("https://api.example/v3/pay?a=b%20c&d=e/f", "/v3/pay?a=b%20c&d=e/f"),
        ("http://127.0.0.1:9200/gateway.do", "/gateway.do"),
    ],
)
def test_the_target_is_what_stands_on_the_request_line(url: str, target: str) -> None:
    assert target_of(url) == target


@pytest.mark.parametrize("url", ["", "/v3/pay", "api.example/v3", "https://", "://x"])
def test_only_absolute_addresses_have_one(url: str) -> None:
    with pytest.raises(InvalidArgument, match="not an absolute URL"):
        target_of(url)


def test_a_flow_runs_without_a_network() -> None:
    def flow() -> Flow[bytes]:
        first = yield HttpRequest(method="GET", url="https://a.example/1", operation="x")
        second = yield HttpRequest(method="GET", url="https://a.example/2", operation="x")
        return first.body + second.body

    def answer(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=200, headers={}, body=request.url[-1:].encode())

    assert run_offline(flow(), answer) == b"12"
