import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from vkpay_simulator import keys
from vkpay_simulator.keys import KeyRing, bare, certificate_pem, issue, name, private_pem, public_pem


def test_every_world_draws_the_same_keys_in_the_same_order() -> None:
    one, two = KeyRing(), KeyRing()
    drawn = [private_pem(one.draw()) for _ in range(2)]
    assert drawn == [private_pem(two.draw()) for _ in range(2)]
    assert drawn[0] != drawn[1]


def test_shipped_keys_hold() -> None:
    key = load_pem_private_key(private_pem(KeyRing().draw()).encode(), None)
    assert key.key_size == 2048  # type: ignore[union-attr]


def test_an_empty_pool_is_filled_with_fresh_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_pool", tuple)
    ring = KeyRing()
    assert private_pem(ring.draw()) != private_pem(ring.draw())


def test_pem_and_its_base64() -> None:
    text = public_pem(KeyRing().draw().public_key())
    assert load_pem_public_key(text.encode())
    assert text.replace("\n", "") == f"-----BEGIN PUBLIC KEY-----{bare(text)}-----END PUBLIC KEY-----"


def test_a_certificate_is_the_same_every_time_and_holds() -> None:
    ring = KeyRing()
    root, own = ring.draw(), ring.draw()
    issuer = name(organisation="Test root", unit="Tests", common_name="Root")
    made = [
        issue(
            subject=name(organisation="Shop", unit="Tests", common_name="Shop"),
            public_key=own.public_key(),
            issuer=issuer,
            issuer_key=root,
            serial=0x1234,
            ca=False,
        )
        for _ in range(2)
    ]
    assert certificate_pem(made[0]) == certificate_pem(made[1])
    loaded = x509.load_pem_x509_certificate(certificate_pem(made[0]).encode())
    assert [attribute.oid._name for attribute in loaded.subject] == [
        "countryName",
        "organizationName",
        "organizationalUnitName",
        "commonName",
    ]
    with_issuer = issue(
        subject=issuer, public_key=root.public_key(), issuer=issuer, issuer_key=root, serial=1, ca=True
    )
    loaded.verify_directly_issued_by(with_issuer)
