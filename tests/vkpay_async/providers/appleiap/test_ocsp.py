"""Whether a certificate was revoked, asked of the responders that it names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.vkpay_async.providers.appleiap.conftest import NOW_MS, Clock, bought, quiet
from tests.vkpay_async.providers.appleiap.pki import LEAF, Pki, Responders, chain, issue
from vkpay_async.errors import ProviderUnavailable, SignatureInvalid
from vkpay_async.providers.appleiap.provider import AppleProvider
from vkpay_async.providers.base import HttpRequest, HttpResponse, run_offline

MINUTE = 60_000
Make = Callable[..., AppleProvider]


class Asked:
    """Runs Flows against responders, and keeps what they were asked."""

    def __init__(self, responders: Responders) -> None:
        self.responders = responders
        self.requests: list[HttpRequest] = []
        self.status = 200
        self.body: bytes | None = None

    def answer(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        body = self.responders.answer(request.body) if self.body is None else self.body
        return HttpResponse(status=self.status, headers={}, body=body)

    def __call__(self, flow: Any) -> Any:
        return run_offline(flow, self.answer)


@pytest.fixture
def asked(pki: Pki) -> Asked:
    return Asked(Responders(pki, datetime.fromtimestamp(NOW_MS / 1000, UTC)))


@pytest.fixture
def online(make: Make) -> AppleProvider:
    return make(online_checks=True, timeout=5000)


def test_both_certificates_are_asked_about(online: AppleProvider, pki: Pki, asked: Asked) -> None:
    assert asked(online.verify_transaction(pki.sign(bought()))).transaction_id
    assert [request.url for request in asked.requests] == [
        "http://ocsp.test/intermediate",
        "http://ocsp.test/leaf",
    ]
    for request in asked.requests:
        assert (request.method, request.operation) == ("POST", "appleiap.ocsp")
        assert request.headers["Content-Type"] == "application/ocsp-request"
        assert (request.timeout_ms, request.fetches_key) == (5000, True)
        assert isinstance(ocsp.load_der_ocsp_request(request.body).hash_algorithm, hashes.SHA256)


def test_a_word_lasts_fifteen_minutes(online: AppleProvider, pki: Pki, asked: Asked, clock: Clock) -> None:
    signed = pki.sign(bought())
    asked(online.verify_transaction(signed))
    clock.ms += 15 * MINUTE
    quiet(online.verify_transaction(signed))
    clock.ms += 1
    asked(online.verify_transaction(signed))
    assert len(asked.requests) == 4


def test_or_as_long_as_the_responder_says(
    online: AppleProvider, pki: Pki, asked: Asked, clock: Clock
) -> None:
    asked.responders.until = timedelta(minutes=2)
    signed = pki.sign(bought())
    asked(online.verify_transaction(signed))
    clock.ms += 2 * MINUTE + 1
    asked(online.verify_transaction(signed))
    assert len(asked.requests) == 4


def test_who_comes_while_one_asks_gets_by_with_the_last_word(
    online: AppleProvider, pki: Pki, asked: Asked, clock: Clock
) -> None:
    signed = pki.sign(bought())
    asked(online.verify_transaction(signed))
    clock.ms += 20 * MINUTE
    first = online.verify_transaction(signed)
    request = next(first)
    assert quiet(online.verify_transaction(signed)).transaction_id
    request = first.send(asked.answer(request))
    with pytest.raises(StopIteration):
        first.send(asked.answer(request))
    quiet(online.verify_transaction(signed))


def test_one_that_gave_up_asking_leaves_it_to_the_next(
    online: AppleProvider, pki: Pki, asked: Asked, clock: Clock
) -> None:
    signed = pki.sign(bought())
    asked(online.verify_transaction(signed))
    clock.ms += 20 * MINUTE
    abandoned = online.verify_transaction(signed)
    next(abandoned)
    abandoned.close()
    with pytest.raises(AssertionError):
        quiet(online.verify_transaction(signed))


def test_a_revoked_certificate(online: AppleProvider, pki: Pki, asked: Asked) -> None:
    asked.responders.status = ocsp.OCSPCertStatus.REVOKED
    with pytest.raises(SignatureInvalid, match="revoked"):
        asked(online.verify_transaction(pki.sign(bought())))


def test_offline_certificates_count_by_the_day_of_signing_online_by_today(
    online: AppleProvider, make: Make, pki: Pki
) -> None:
    leaf = issue("leaf", pki.intermediate, mark=LEAF, ends=datetime(2025, 1, 1, tzinfo=UTC))
    x5c = chain(leaf, pki.intermediate, pki.root)
    signed = pki.sign(bought(signedDate=1_730_000_000_000), key=leaf.key, x5c=x5c)
    assert quiet(make().verify_transaction(signed))
    with pytest.raises(SignatureInvalid, match="not valid at"):
        quiet(online.verify_transaction(signed))


@pytest.mark.parametrize(("status", "body"), [(503, b""), (200, b"no DER"), (200, b"0" * 70_000), (404, b"")])
def test_nobody_who_answers_is_no_forgery(
    online: AppleProvider, pki: Pki, asked: Asked, status: int, body: bytes
) -> None:
    asked.status, asked.body = status, body
    with pytest.raises(ProviderUnavailable, match="OCSP") as caught:
        asked(online.verify_transaction(pki.sign(bought())))
    assert caught.value.retryable


def test_a_responder_that_is_busy(online: AppleProvider, pki: Pki, asked: Asked) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding

    busy = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
    asked.body = busy.public_bytes(Encoding.DER)
    with pytest.raises(ProviderUnavailable, match="TRY_LATER"):
        asked(online.verify_transaction(pki.sign(bought())))


def out_of_date(responders: Responders) -> None:
    responders.until = timedelta(minutes=-2)
    responders.since = timedelta(hours=-1)


def from_the_future(responders: Responders) -> None:
    responders.since = timedelta(minutes=2)


def without_end(responders: Responders) -> None:
    responders.until = None


def unknown(responders: Responders) -> None:
    responders.status = ocsp.OCSPCertStatus.UNKNOWN


@pytest.mark.parametrize("wrong", [out_of_date, from_the_future, without_end, unknown])
def test_a_word_that_says_nothing(
    online: AppleProvider, pki: Pki, asked: Asked, wrong: Callable[[Responders], None]
) -> None:
    wrong(asked.responders)
    with pytest.raises(ProviderUnavailable):
        asked(online.verify_transaction(pki.sign(bought())))


def a_stranger(responders: Responders) -> None:
    responders.stranger = True


def without_the_right(responders: Responders) -> None:
    responders.usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])


def without_any_right(responders: Responders) -> None:
    responders.usage = None


def about_another(responders: Responders) -> None:
    responders.about = issue("another", issue("issuer"))


def under_another_hash(responders: Responders) -> None:
    responders.algorithm = hashes.SHA1()


@pytest.mark.parametrize(
    "wrong", [a_stranger, without_the_right, without_any_right, about_another, under_another_hash]
)
def test_a_word_that_is_not_to_be_believed(
    online: AppleProvider, pki: Pki, asked: Asked, wrong: Callable[[Responders], None]
) -> None:
    wrong(asked.responders)
    with pytest.raises(SignatureInvalid):
        asked(online.verify_transaction(pki.sign(bought())))


def test_an_issuer_may_speak_for_itself(online: AppleProvider, pki: Pki, asked: Asked) -> None:
    asked.responders.issues_itself = True
    assert asked(online.verify_transaction(pki.sign(bought())))


def test_a_certificate_that_names_no_responder(online: AppleProvider, pki: Pki, asked: Asked) -> None:
    leaf = issue("leaf", pki.intermediate, mark=LEAF, responder=None)
    signed = pki.sign(bought(), key=leaf.key, x5c=chain(leaf, pki.intermediate, pki.root))
    with pytest.raises(SignatureInvalid, match="names no responder"):
        asked(online.verify_transaction(signed))
