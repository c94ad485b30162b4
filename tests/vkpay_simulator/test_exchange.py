from multidict import CIMultiDict, CIMultiDictProxy

from vkpay_simulator.exchange import Request


def test_the_parts_of_a_target() -> None:
    headers = CIMultiDictProxy(CIMultiDict[str]())
    request = Request(method="GET", target="/a%20b?x=%E4%BD%A0&y=&x=2", headers=headers)
    assert (request.path, request.query_string) == ("/a%20b", "x=%E4%BD%A0&y=&x=2")
    assert request.query == {"x": "2", "y": ""}
    assert request.with_body(b"z").body == b"z"
