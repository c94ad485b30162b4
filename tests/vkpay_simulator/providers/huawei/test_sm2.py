"""Our SM2 against three that nobody here wrote."""

import random
import shutil
import subprocess
from base64 import b64encode
from pathlib import Path

import gmssl_pyx
import pytest
from gmssl import func
from gmssl import sm2 as pure

from vkpay_simulator.providers.huawei import curve, sm2

RANDOM = random.Random(1)
KEYS = [sm2.private_key(f"{RANDOM.getrandbits(256):064x}") for _ in range(4)]


def numbers_of(der: bytes) -> str:
    """r ‖ s in hex."""
    middle = 4 + der[3]
    return f"{int.from_bytes(der[4:middle]):064x}{int.from_bytes(der[middle + 2 :]):064x}"


@pytest.mark.parametrize("key", KEYS)
def test_signatures_that_gmssl_checks_and_makes(key: sm2.PrivateKey) -> None:
    message = RANDOM.randbytes(500)
    point, private = key.public.point[1:], key.d.to_bytes(32)
    assert gmssl_pyx.sm2_verify(point, message, key.sign(message, RANDOM.getrandbits(250)))
    assert key.public.verifies(message, gmssl_pyx.sm2_sign(private, point, message))


@pytest.mark.parametrize("key", KEYS[:2])
def test_signatures_that_the_pure_package_checks_and_makes(key: sm2.PrivateKey) -> None:
    message = RANDOM.randbytes(64)
    other = pure.CryptSM2(public_key=key.public.point[1:].hex(), private_key=f"{key.d:064x}")
    assert other.verify_with_sm3(numbers_of(key.sign(message, 12345)), message)
    made = other.sign_with_sm3(message, func.random_hex(64))
    r, s = (int(made[:64], 16), int(made[64:], 16))
    assert key.public.verifies(message, der(r, s))


def openssl_has_sm2() -> bool:
    found = shutil.which("openssl")
    if found is None:
        return False
    listed = subprocess.run([found, "ecparam", "-list_curves"], capture_output=True, text=True, check=False)
    return "SM2" in listed.stdout


@pytest.mark.skipif(not openssl_has_sm2(), reason="this machine's openssl has no SM2")
def test_openssl_reads_the_keys_and_checks_and_makes_signatures(tmp_path: Path) -> None:
    key, message = KEYS[0], b"message digest"
    for name, content in {
        "private": key.pem.encode(),
        "public": key.public.pem.encode(),
        "message": message,
        "signature": key.sign(message, 77),
    }.items():
        (tmp_path / name).write_bytes(content)

    def openssl(*arguments: str) -> str:
        done = subprocess.run(
            ["openssl", *arguments], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return done.stdout

    assert openssl("pkey", "-in", "private", "-pubout") == key.public.pem
    way = ["-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678", "-in", "message"]
    assert "Verified" in openssl(
        "pkeyutl", "-verify", "-pubin", "-inkey", "public", *way, "-sigfile", "signature"
    )
    openssl("pkeyutl", "-sign", "-inkey", "private", *way, "-out", "made")
    assert key.public.verifies(message, (tmp_path / "made").read_bytes())


def der(r: int, s: int) -> bytes:
    body = b"".join(
        bytes((2, length)) + number.to_bytes(length)
        for number, length in ((n, n.bit_length() // 8 + 1) for n in (r, s))
    )
    return bytes((0x30, len(body))) + body


def test_no_other_message_key_or_number() -> None:
    key, other = KEYS[:2]
    signature = key.sign(b"message", 5)
    assert key.public.verifies(b"message", signature)
    assert not key.public.verifies(b"massage", signature)
    assert not other.public.verifies(b"message", signature)
    for bit in range(0, len(signature) * 8, 7):
        changed = bytearray(signature)
        changed[bit // 8] ^= 1 << bit % 8
        assert not key.public.verifies(b"message", bytes(changed))


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        b"\x30\x00",
        b"\x30" * 71,
        der(1, curve.N),
        der(curve.N, 1),
        der(1, curve.N - 1),
        der(0, 1),
        bytes(64),
    ],
    ids=lambda signature: signature.hex()[:20],
)
def test_what_is_no_signature(signature: bytes) -> None:
    assert not KEYS[0].public.verifies(b"message", signature)


def test_only_strict_der() -> None:
    key = KEYS[0]
    good = key.sign(b"m", 5)
    numbers = numbers_of(good)
    padded = b"\x00" + int(numbers[:64], 16).to_bytes(33)
    loose = b"\x02" + bytes([len(padded)]) + padded + good[4 + good[3] :]
    assert not key.public.verifies(b"m", b"\x30" + bytes([len(loose)]) + loose)
    assert not key.public.verifies(b"m", good + b"\x00")
    assert not key.public.verifies(b"m", b"\x30\x81" + good[1:2] + good[2:])


def test_a_key_is_a_point_of_the_curve() -> None:
    with pytest.raises(ValueError, match="not a point"):
        sm2.PublicKey(1, 1)


@pytest.mark.parametrize("scalar", [1, 2, 3, 15, 16, 17, curve.N - 1, curve.N // 3])
def test_multiples(scalar: int) -> None:
    """Against doubling and adding alone, one bit at a time."""
    base = curve.Multiples(curve.BASE)
    expected: tuple[int, int] | None = None
    for bit in bin(scalar)[2:]:
        expected = plus(expected, expected)
        if bit == "1":
            expected = plus(expected, curve.BASE)
    assert curve.affine(base.add(scalar)) == expected
    assert curve.x_of(base.add(curve.N)) == 0


def plus(one: tuple[int, int] | None, other: tuple[int, int] | None) -> tuple[int, int] | None:
    if one is None or other is None:
        return other if one is None else one
    if one == other:
        slope = (3 * one[0] * one[0] + curve.A) * pow(2 * one[1], -1, curve.P)
    elif one[0] == other[0]:
        return None
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, curve.P)
    x = (slope * slope - one[0] - other[0]) % curve.P
    return x, (slope * (one[0] - x) - one[1]) % curve.P


def test_a_key_does_not_show_itself() -> None:
    assert str(KEYS[0].d) not in repr(KEYS[0])
    assert b64encode(KEYS[0].d.to_bytes(32)).decode() not in repr(KEYS[0])


def test_a_one_time_number_that_does_not_serve_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """r + k = n would give the key away."""
    key, k = KEYS[0], 1234
    unlucky = (-k - curve.x_of(curve.base_multiples().add(k))) % curve.N
    monkeypatch.setattr(sm2.PublicKey, "digest", lambda _self, _message: unlucky)
    signature = key.sign(b"m", k - 1)
    assert key.public.verifies(b"m", signature)
    assert signature == key.sign(b"m", k)
