"""The responder that says whether a certificate is still good: RFC 6960, as Apple's own libraries ask it."""

from __future__ import annotations

import datetime as dt

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from multidict import CIMultiDict

from vkpay_simulator.clock import Clock
from vkpay_simulator.exchange import Answer, Request
from vkpay_simulator.providers.appleiap.pki import Authority, Responder
from vkpay_simulator.providers.appleiap.rules import Rules

REQUEST_TYPE, RESPONSE_TYPE = "application/ocsp-request", "application/ocsp-response"
FRESH = dt.timedelta(hours=12)


class OcspResponder:
    """Goes by real time, like everything that certificates are measured with."""

    def __init__(self, clock: Clock, authority: Authority, rules: Rules) -> None:
        self._clock = clock
        self._authority = authority
        self._rules = rules

    def answer(self, request: Request) -> Answer:
        if self._rules.ocsp == "unavailable":
            return Answer(status=503, explain="The rules say that the responder is unavailable.")
        if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != REQUEST_TYPE:
            return Answer(status=415, explain=f"Send Content-Type: {REQUEST_TYPE}.")
        try:
            asked = ocsp.load_der_ocsp_request(request.body)
        except ValueError as error:
            return _said(ocsp.OCSPResponseStatus.MALFORMED_REQUEST, f"The request cannot be read: {error}.")
        found = self._authority.issued(asked.serial_number)
        if found is None:
            return _said(
                ocsp.OCSPResponseStatus.UNAUTHORIZED,
                f"No certificate here has the serial {asked.serial_number}.",
            )
        return _answer(self._response(*found, asked.hash_algorithm))

    def _response(
        self, certificate: x509.Certificate, responder: Responder, algorithm: hashes.HashAlgorithm
    ) -> ocsp.OCSPResponse:
        now = dt.datetime.fromtimestamp(self._clock.real_ms() // 1000, dt.UTC)
        revoked = self._rules.ocsp == "revoked"
        return (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=certificate,
                issuer=responder.issuer,
                algorithm=algorithm,
                cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
                this_update=now,
                next_update=now + FRESH,
                revocation_time=now if revoked else None,
                revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, responder.certificate)
            .certificates([responder.certificate])
            .sign(responder.key, hashes.SHA256())
        )


def _said(status: ocsp.OCSPResponseStatus, explain: str) -> Answer:
    answer = _answer(ocsp.OCSPResponseBuilder.build_unsuccessful(status))
    answer.explain = explain
    return answer


def _answer(response: ocsp.OCSPResponse) -> Answer:
    headers = CIMultiDict({"Content-Type": RESPONSE_TYPE})
    return Answer(body=response.public_bytes(Encoding.DER), headers=headers)
