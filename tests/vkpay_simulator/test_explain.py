import pytest

from vkpay_simulator.delivery import Attempt, Delivery, Outgoing
from vkpay_simulator.exchange import Answer
from vkpay_simulator.explain import of_answer, of_attempt, of_unknown


@pytest.mark.parametrize(
    ("attempt", "says"),
    [
        (Attempt(at_ms=0, status=200, accepted=True), ""),
        (Attempt(at_ms=0, error="no answer within 5 s"), "no answer within 5 s"),
        (Attempt(at_ms=0, status=301), "The receiver redirects (301)"),
        (
            Attempt(at_ms=0, status=200, reply="success\n"),
            r"answered 200 with 'success\n', which alipay takes for",
        ),
        (Attempt(at_ms=0, status=500), "answered 500 with an empty body"),
    ],
)
def test_why_a_notification_was_not_accepted(attempt: Attempt, says: str) -> None:
    delivery = Delivery(
        id="d",
        provider="alipay",
        event="e",
        subject="s",
        url="u",
        build=lambda attempt: Outgoing(headers={}, body=b""),
        accepts=lambda status, body: False,
        pauses=(),
    )
    told = of_attempt(delivery, attempt)
    assert says in told if says else told == ""


def test_a_provider_explains_in_its_own_words() -> None:
    assert of_answer(Answer(status=401, explain="The mchid is unknown."), ()) == "The mchid is unknown."
    assert "signature" in of_answer(Answer(status=401), ())
    assert of_answer(Answer(status=200, body=b"fine"), ()) == ""
    assert of_answer(Answer(status=400, body=b'{"code":"PARAM_ERROR"}'), ()) == '{"code":"PARAM_ERROR"}'
    assert "drop, latency" in of_answer(Answer(), ("drop", "latency"))


def test_a_path_that_is_not_there_is_compared_with_those_that_are() -> None:
    known = [("GET", "/v3/a"), ("POST", "/v3/a"), ("POST", "/v3/refund")]
    assert of_unknown("PUT", "/v3/a", known) == "/v3/a takes GET and POST, not PUT."
    assert (
        of_unknown("POST", "/v3/refunds", known) == "There is no /v3/refunds here. Did you mean /v3/refund?"
    )
    assert of_unknown("GET", "/favicon.ico", known) == "There is no /favicon.ico here."
