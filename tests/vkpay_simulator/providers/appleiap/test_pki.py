"""The certificates: https://www.apple.com/certificateauthority/"""

import base64
import json
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from tests.vkpay_simulator.providers.appleiap.shop import Shop, Simulated, unb64

LEAF = x509.ObjectIdentifier("1.2.840.113635.100.6.11.1")
INTERMEDIATE = x509.ObjectIdentifier("1.2.840.113635.100.6.2.1")
TYPE = "application/ocsp-request"


def chain_of(jws: str) -> list[x509.Certificate]:
    header = json.loads(unb64(jws.partition(".")[0]))
    assert sorted(header) == ["alg", "x5c"]
    return [x509.load_der_x509_certificate(base64.b64decode(one)) for one in header["x5c"]]


class TestChain:
    def test_three_certificates_with_their_marks(self, shop: Shop) -> None:
        leaf, intermediate, root = chain_of(shop.buys()["signedTransaction"])
        assert leaf.extensions.get_extension_for_oid(LEAF).value.public_bytes() == b"\x05\x00"
        assert intermediate.extensions.get_extension_for_oid(INTERMEDIATE).value.public_bytes() == b"\x05\x00"
        key: Any = leaf.public_key()
        assert isinstance(key.curve, ec.SECP256R1)
        constraints = intermediate.extensions.get_extension_for_class(x509.BasicConstraints).value
        assert (constraints.ca, constraints.path_length) == (True, 0)
        assert root == shop.root

    def test_the_same_root_under_the_same_seed(self, shop: Shop) -> None:
        again, other = Simulated(), Simulated(seed=8)
        assert again.shop().root.public_bytes(Encoding.DER) == shop.root.public_bytes(Encoding.DER)
        assert other.shop().root.public_key() != shop.root.public_key()

    def test_one_seed_signs_alike(self) -> None:
        first, second = (Simulated().shop().buys() for _ in range(2))
        assert first == second


class TestResponder:
    def ask(self, simulated: Simulated, shop: Shop, which: int, **request: Any) -> Any:
        chain = chain_of(shop.buys(payer=f"p{which}")["signedTransaction"])
        certificate, issuer = chain[which], chain[which + 1]
        access: Any = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        url = access[0].access_location.value
        asked = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA256()).build()
        given = {"body": asked.public_bytes(Encoding.DER), "headers": {"Content-Type": TYPE}, **request}
        return simulated.route("POST", url.removeprefix("http://127.0.0.1:9200"), **given), issuer

    @pytest.mark.parametrize("which", [0, 1])
    @pytest.mark.parametrize(
        ("said", "status"),
        [("good", ocsp.OCSPCertStatus.GOOD), ("revoked", ocsp.OCSPCertStatus.REVOKED)],
    )
    def test_what_it_says(
        self, simulated: Simulated, shop: Shop, which: int, said: str, status: ocsp.OCSPCertStatus
    ) -> None:
        simulated.control("rules", ocsp=said)
        answer, issuer = self.ask(simulated, shop, which)
        response = ocsp.load_der_ocsp_response(answer.body)
        assert answer.headers["Content-Type"] == "application/ocsp-response"
        assert response.certificate_status == status
        assert isinstance(response.hash_algorithm, hashes.SHA256)
        (responder,) = response.certificates
        responder.verify_directly_issued_by(issuer)
        key: Any = responder.public_key()
        key.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(hashes.SHA256()))
        assert response.next_update_utc is not None
        assert response.responder_key_hash is not None

    def test_nobody_there(self, simulated: Simulated, shop: Shop) -> None:
        simulated.control("rules", ocsp="unavailable")
        assert self.ask(simulated, shop, 0)[0].status == 503

    def test_something_else_than_a_question(self, simulated: Simulated, shop: Shop) -> None:
        answer, _ = self.ask(simulated, shop, 0, body=b"\x30\x00")
        status = ocsp.load_der_ocsp_response(answer.body).response_status
        assert status == ocsp.OCSPResponseStatus.MALFORMED_REQUEST
        assert self.ask(simulated, shop, 0, headers={})[0].status == 415

    def test_a_certificate_of_somebody_else(self, simulated: Simulated, shop: Shop) -> None:
        chain = chain_of(shop.buys()["signedTransaction"])
        asked = ocsp.OCSPRequestBuilder().add_certificate(chain[2], chain[2], hashes.SHA256()).build()
        answer = simulated.route(
            "POST",
            "/appleiap/ocsp/root",
            body=asked.public_bytes(Encoding.DER),
            headers={"Content-Type": TYPE},
        )
        status = ocsp.load_der_ocsp_response(answer.body).response_status
        assert status == ocsp.OCSPResponseStatus.UNAUTHORIZED
