"""When a request is sent again, and after how long."""

from __future__ import annotations

import pytest

from vkpay_async.providers.base import HttpRequest, HttpResponse
from vkpay_async.transport.retry import MAX_PAUSE, NoAnswer, NotSent, Outcome, pause_before, retry_after


def answer(status: int, **headers: str) -> HttpResponse:
    return HttpResponse(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=b"")


NEVER_LEFT = NotSent("cannot connect")
SILENCE = NoAnswer("no answer in time")
FIRST, SECOND, THIRD = 0.1, 0.2, 0.4


@pytest.mark.parametrize(
    ("outcome", "repeatable", "once_only"),
    [
        (NEVER_LEFT, FIRST, FIRST),
        (SILENCE, FIRST, None),
        (answer(429), FIRST, None),
        (answer(500), FIRST, None),
        (answer(502), FIRST, None),
        (answer(503), FIRST, None),
        (answer(504), FIRST, None),
        (answer(200), None, None),
        (answer(204), None, None),
        (answer(302), None, None),
        (answer(400), None, None),
        (answer(401), None, None),
        (answer(404), None, None),
        (answer(501), None, None),
        (answer(429, retry_after="0"), 0.0, None),
        (answer(429, retry_after="2"), 2.0, None),
        (answer(500, retry_after=" 5 "), 5.0, None),
        (answer(429, retry_after="6"), None, None),
        (answer(503, retry_after="3600"), None, None),
        (answer(503, retry_after="Wed, 21 Oct 2026 07:28:00 GMT"), FIRST, None),
        (answer(503, retry_after="-1"), FIRST, None),
        (answer(503, retry_after="²"), FIRST, None),
        (answer(200, retry_after="1"), None, None),
    ],
)
def test_the_pause_before_the_next_attempt(
    outcome: Outcome, repeatable: float | None, once_only: float | None
) -> None:
    policy = pause_before(3)
    for may_repeat, pause in ((True, repeatable), (False, once_only)):
        for moves_money in (True, False):
            request = HttpRequest(
                method="POST",
                url="http://a/",
                operation="x",
                repeatable=may_repeat,
                moves_money=moves_money,
            )
            assert policy(request, outcome, 1) == pause


def test_pauses_grow_to_a_limit_and_attempts_end() -> None:
    request = HttpRequest(method="GET", url="http://a/", operation="x")
    policy = pause_before(9)
    pauses = [policy(request, NEVER_LEFT, sent) for sent in range(1, 11)]
    assert pauses == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, MAX_PAUSE, MAX_PAUSE, None, None])


def test_one_attempt_means_none_more() -> None:
    request = HttpRequest(method="GET", url="http://a/", operation="x")
    assert pause_before(1)(request, NEVER_LEFT, 1) is None


@pytest.mark.parametrize(("value", "seconds"), [("7", 7.0), ("", None), ("soon", None), ("1.5", None)])
def test_only_whole_seconds_are_read(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}) == seconds
    assert retry_after({}) is None
