"""SM2 against the standard's sample, openssl and the pure-Python package. All keys are made for tests."""

from __future__ import annotations

import base64
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import gmssl_pyx
import pytest
from gmssl import func
from gmssl import sm2 as pure

from vkpay_async.crypto.sm2 import (
    N,
    Sm2PrivateKey,
    Sm2PublicKey,
    is_sm2_private_key,
    library,
    load_sm2_private_key,
    load_sm2_public_keys,
)
from vkpay_async.errors import ConfigError, SignatureInvalid

VECTORS = json.loads(Path(__file__).parents[2].joinpath("vectors/huawei.json").read_text(encoding="utf-8"))
SAMPLE = VECTORS["sm2"]
POINT = SAMPLE["public_key"]
RANDOM = random.Random(1)

# PKCS #8 of the sample's private key, without its point. It is published with the standard.
PKCS8 = f"""-----BEGIN PRIVATE KEY-----
{base64.b64encode(bytes.fromhex("3041020100301306072a8648ce3d020106082a811ccf5501822d042730250201010420" + SAMPLE["private_key"])).decode()}
-----END PRIVATE KEY-----"""


def key_of(number: int) -> Sm2PrivateKey:
    return Sm2PrivateKey(number.to_bytes(32))


@pytest.fixture
def sample() -> Sm2PrivateKey:
    return Sm2PrivateKey(bytes.fromhex(SAMPLE["private_key"]))


def der(r: int, s: int) -> str:
    body = b"".join(
        bytes((2, number.bit_length() // 8 + 1)) + number.to_bytes(number.bit_length() // 8 + 1)
        for number in (r, s)
    )
    return base64.b64encode(bytes((0x30, len(body))) + body).decode()


def test_the_sample_of_the_standard(sample: Sm2PrivateKey) -> None:
    assert sample.public.point.hex().upper() == POINT[2:]
    message = SAMPLE["message"].encode()
    assert sample.public.digest(message).hex() == SAMPLE["digest"]
    sample.public.verify(der(int(SAMPLE["r"], 16), int(SAMPLE["s"], 16)), message)


@pytest.mark.parametrize("vector", VECTORS["signatures"], ids=lambda vector: vector["name"])
def test_signatures_of_the_vectors(sample: Sm2PrivateKey, vector: dict[str, Any]) -> None:
    sample.public.verify(vector["signature"], vector["text"].encode())
    with pytest.raises(SignatureInvalid, match="does not hold"):
        sample.public.verify(vector["signature"], vector["text"].encode() + b" ")


@pytest.mark.parametrize("number", [1, 2, 3, N - 2, RANDOM.getrandbits(255)])
def test_the_point_of_a_number(number: int) -> None:
    """Against the package's own: it signs only where both belong together."""
    key = key_of(number)
    if number < 3 or number == N - 2:
        assert Sm2PublicKey(key.public.point).point == key.public.point
        return
    signature = gmssl_pyx.sm2_sign(number.to_bytes(32), key.public.point, b"message")
    key.public.verify(base64.b64encode(signature).decode(), b"message")


def test_each_signature_is_another_and_holds(sample: Sm2PrivateKey) -> None:
    one, other = sample.sign(b"message"), sample.sign(b"message")
    assert one != other
    sample.public.verify(one, b"message")
    sample.public.verify(other, b"message")


def test_the_pure_package_checks_and_makes_signatures() -> None:
    number = RANDOM.getrandbits(255)
    key = key_of(number)
    other = pure.CryptSM2(public_key=key.public.point.hex(), private_key=f"{number:064x}")
    raw = base64.b64decode(key.sign(b"message"))
    middle = 4 + raw[3]
    numbers = f"{int.from_bytes(raw[4:middle]):064x}{int.from_bytes(raw[middle + 2 :]):064x}"
    assert other.verify_with_sm3(numbers, b"message")
    made = other.sign_with_sm3(b"message", func.random_hex(64))
    key.public.verify(der(int(made[:64], 16), int(made[64:], 16)), b"message")


def openssl_has_sm2() -> bool:
    found = shutil.which("openssl")
    if found is None:
        return False
    listed = subprocess.run([found, "ecparam", "-list_curves"], capture_output=True, text=True, check=False)
    return "SM2" in listed.stdout


@pytest.mark.skipif(not openssl_has_sm2(), reason="this machine's openssl has no SM2")
class TestOpenssl:
    """Keys and signatures of the openssl command."""

    @pytest.fixture
    def openssl(self, tmp_path: Path) -> Any:
        def run(*arguments: str) -> str:
            done = subprocess.run(
                ["openssl", *arguments], cwd=tmp_path, capture_output=True, text=True, check=True
            )
            return done.stdout

        run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2", "-out", "key")
        run("ec", "-in", "key", "-out", "sec1")
        run("pkey", "-in", "key", "-pubout", "-out", "public")
        (tmp_path / "message").write_bytes(b"message")
        run.folder = tmp_path  # type: ignore[attr-defined]
        return run

    def test_its_keys_are_read(self, openssl: Any) -> None:
        text = {name: (openssl.folder / name).read_text() for name in ("key", "sec1", "public")}
        (public,) = load_sm2_public_keys(text["public"])
        for name in ("key", "sec1"):
            assert is_sm2_private_key(text[name])
            assert load_sm2_private_key(text[name]).public.point == public.point
        bare = "".join(line for line in text["key"].splitlines() if not line.startswith("-"))
        assert load_sm2_private_key(bare).public.point == public.point
        assert load_sm2_private_key(text["key"].replace("\n", "\\n")).public.point == public.point

    def test_signatures_go_both_ways(self, openssl: Any) -> None:
        key = load_sm2_private_key((openssl.folder / "key").read_text())
        (openssl.folder / "signature").write_bytes(base64.b64decode(key.sign(b"message")))
        way = ["-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678", "-in", "message"]
        assert "Verified" in openssl("pkeyutl", "-verify", "-inkey", "key", *way, "-sigfile", "signature")
        openssl("pkeyutl", "-sign", "-inkey", "key", *way, "-out", "made")
        key.public.verify(base64.b64encode((openssl.folder / "made").read_bytes()).decode(), b"message")


def spki(point: str = POINT) -> bytes:
    return bytes.fromhex(f"3059301306072a8648ce3d020106082a811ccf5501822d034200{point}")


@pytest.mark.parametrize(
    "text",
    [
        POINT,
        POINT.lower(),
        POINT[2:],
        f" {POINT}\n",
        spki().hex(),
        f"-----BEGIN PUBLIC KEY-----\n{base64.b64encode(spki()).decode()}\n-----END PUBLIC KEY-----",
    ],
    ids=["04", "lower case", "without 04", "blanks", "SPKI in hex", "PEM"],
)
def test_a_public_key_as_people_paste_it(text: str) -> None:
    (key,) = load_sm2_public_keys(text)
    assert key.point.hex().upper() == POINT[2:]


def test_several_public_keys() -> None:
    other = key_of(7).public.point.hex()
    assert [key.point.hex() for key in load_sm2_public_keys(f"{POINT}\n{other}")] == [
        POINT[2:].lower(),
        other,
    ]
    assert len(load_sm2_public_keys(f"{POINT},{other}")) == 2


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        ("zz", "neither hex digits nor PEM"),
        ("123", "neither hex digits nor PEM"),
        ("04" + "11" * 64, "not a point of the SM2 curve"),
        ("ff" * 64, "not a point of the SM2 curve"),
        ("03" + POINT[2:66], "expected 128 or 130 hex digits"),
        (PKCS8, "expected a public key, found a private key"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "not an SM2 public key"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA", "BEGIN and END lines do not match"),
        ("-----BEGIN PUBLIC KEY-----\n?\n-----END PUBLIC KEY-----", "neither PEM nor base64"),
    ],
)
def test_what_is_no_public_key(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        load_sm2_public_keys(text)


def test_a_private_key_without_its_point(sample: Sm2PrivateKey) -> None:
    assert is_sm2_private_key(PKCS8)
    assert load_sm2_private_key(PKCS8).public.point == sample.public.point


def test_a_block_of_parameters_before_the_key(sample: Sm2PrivateKey) -> None:
    """As ``openssl ecparam -genkey`` writes it."""
    parameters = "-----BEGIN EC PARAMETERS-----\nBggqgRzPVQGCLQ==\n-----END EC PARAMETERS-----\n"
    assert load_sm2_private_key(parameters + PKCS8).public.point == sample.public.point


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (PKCS8.replace("PRIVATE", "PUBLIC"), "expected a private key, found a public key"),
        (PKCS8.replace("PRIVATE", "ENCRYPTED PRIVATE"), "without a passphrase"),
        ("AAAA", "not an SM2 private key"),
        (
            base64.b64encode(bytes.fromhex("06082a811ccf5501822d")).decode(),
            "not an SM2 private key in PKCS #8",
        ),
    ],
)
def test_what_is_no_private_key(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        load_sm2_private_key(text)


@pytest.mark.parametrize("number", [0, N - 1, N, 2**256 - 1])
def test_numbers_that_are_no_keys(number: int) -> None:
    with pytest.raises(ValueError, match="not a private key"):
        key_of(number)


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "?",
        "AAAA",
        "MEUC",
        base64.b64encode(b"\x30\x00").decode(),
        base64.b64encode(bytes(64)).decode(),
        base64.b64encode(b"\x30\x82" + b"\xff" * 300).decode(),
        base64.b64encode(b"\x30\xff\x02\xff" + b"\xff" * 251).decode(),
        der(0, 1),
        der(1, 0),
        der(N, 1),
        der(1, N),
        "A" * 4_000_000,
    ],
    ids=lambda signature: signature[:12],
)
def test_what_is_no_signature_does_not_reach_the_library(
    sample: Sm2PrivateKey, signature: str, capfd: Any
) -> None:
    with pytest.raises(SignatureInvalid, match="not base64|not one of SM2"):
        sample.public.verify(signature, b"message")
    assert capfd.readouterr().err == ""


def test_only_the_one_form_of_a_signature(sample: Sm2PrivateKey) -> None:
    raw = base64.b64decode(sample.sign(b"m"))
    for other in (raw + b"\x00", raw[:-1], b"\x30\x81" + raw[1:], raw[:2] + b"\x02\x00" + raw[2:]):
        with pytest.raises(SignatureInvalid):
            sample.public.verify(base64.b64encode(other).decode(), b"m")


def test_another_keys_signature(sample: Sm2PrivateKey) -> None:
    with pytest.raises(SignatureInvalid, match="does not hold"):
        sample.public.verify(key_of(77).sign(b"m"), b"m")


def test_without_the_package_the_error_says_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gmssl_pyx", None)
    library.cache_clear()
    with pytest.raises(ConfigError, match=r"gmssl-pyx: pip install 'vkpay-async\[huawei\]'"):
        load_sm2_public_keys(POINT)


def test_the_module_does_not_load_the_package() -> None:
    code = "import sys, vkpay_async.crypto.sm2; print('gmssl_pyx' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_key_does_not_show_itself(sample: Sm2PrivateKey) -> None:
    assert SAMPLE["private_key"][:8].lower() not in repr(sample).lower()
