"""Signatures and ciphers as the server makes and checks them."""

from __future__ import annotations

from base64 import b64decode, b64encode
from functools import lru_cache
from hashlib import sha1

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from vkpay_simulator.providers.wxpay.errors import printable, sign_error

SCHEME = "WECHATPAY2-SHA256-RSA2048"
PROBE = "WECHATPAY/SIGNTEST/"
TIMESTAMP_DIGITS = 20  # more than seconds need: milliseconds are refused for being out of time

_PKCS1 = padding.PKCS1v15()
_SHA256 = hashes.SHA256()
_OAEP = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)


class Authorization(Struct, frozen=True, kw_only=True):
    """The five parameters of the Authorization header."""

    mchid: str
    nonce_str: str
    timestamp: str
    serial_no: str
    signature: str


_PARAMETERS = frozenset(Authorization.__struct_fields__)
EXAMPLE = f'{SCHEME} mchid="…",nonce_str="…",timestamp="…",serial_no="…",signature="…"'


def parse_authorization(header: str | None) -> Authorization:
    """Takes the five parameters in any order, with or without blanks after the commas."""
    scheme, _, rest = (header or "").strip().partition(" ")
    if rest and scheme != SCHEME:
        raise sign_error(
            "Http头Authorization中的认证类型不正确",
            "authorization",
            "unknown authentication type",
            f"The scheme is {printable(scheme)}: only {SCHEME} is simulated.",
        )
    values, parts = {}, rest.split(",")
    for part in parts:
        name, _, value = part.strip().partition('="')
        if value.endswith('"'):
            values[name] = value[:-1]
    if len(parts) != len(_PARAMETERS) or values.keys() != _PARAMETERS or not _well_formed(values):
        raise sign_error(
            "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》",
            "authorization",
            "malformed header",
            f"Send the header Authorization: {EXAMPLE}, each of the five once (nonce_str up to 32 characters, timestamp in seconds).",
        )
    return Authorization(**values)


def _well_formed(values: dict[str, str]) -> bool:
    timestamp = values["timestamp"]
    seconds = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= TIMESTAMP_DIGITS
    return seconds and len(values["nonce_str"]) <= 32 and all(values.values())


def message(*lines: str | bytes) -> bytes:
    """The lines, each with a line feed after it, the last one too. Bytes that were no UTF-8 come back as they were."""
    encoded = [line.encode(errors="surrogateescape") if isinstance(line, str) else line for line in lines]
    return b"\n".join([*encoded, b""])


def sign(key: RSAPrivateKey, text: bytes) -> str:
    return b64encode(key.sign(text, _PKCS1, _SHA256)).decode()


def verify(key: RSAPublicKey, text: bytes, signature: str) -> None:
    """Raises ``InvalidSignature``, or ``ValueError`` for what is not base64."""
    key.verify(b64decode(signature, validate=True), text, _PKCS1, _SHA256)


def signed_digest(key: RSAPublicKey, signature: str) -> bytes | None:
    """The SHA-256 of whatever was signed, if it was signed with this key's other half."""
    try:
        return key.recover_data_from_signature(b64decode(signature, validate=True), _PKCS1, _SHA256)
    except (InvalidSignature, ValueError):
        return None


def seal(key: str, nonce: str, associated_data: str, plain: bytes) -> str:
    """AES-GCM under the APIv3 key: base64 of cipher text and tag."""
    return b64encode(_cipher(key).encrypt(nonce.encode(), plain, associated_data.encode())).decode()


@lru_cache(maxsize=1024)
def _cipher(key: str) -> AESGCM:
    return AESGCM(key.encode())


def encrypt(key: RSAPublicKey, text: str, seed: bytes) -> str:
    """RSA-OAEP with SHA-1, for fields that only the merchant shall read.

    Written out (RFC 8017, 7.1.1) because the library draws the ``seed`` (20 bytes) itself, and one seed of the
    world has to give the same bytes each time.
    """
    size, plain = key.key_size // 8, text.encode()
    block = sha1(b"").digest() + bytes(size - len(plain) - 42) + b"\x01" + plain
    masked = _xor(block, _mask(seed, len(block)))
    padded = _xor(seed, _mask(masked, len(seed))) + masked
    numbers = key.public_numbers()
    sealed = pow(int.from_bytes(padded), numbers.e, numbers.n)
    return b64encode(sealed.to_bytes(size)).decode()


def _mask(seed: bytes, length: int) -> bytes:
    blocks = (sha1(seed + count.to_bytes(4)).digest() for count in range(-(-length // 20)))
    return b"".join(blocks)[:length]


def _xor(first: bytes, second: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(first, second, strict=True))


def decrypt(key: RSAPrivateKey, text: str) -> str:
    """Raises ``ValueError`` for whatever was not encrypted for this key."""
    return key.decrypt(b64decode(text, validate=True), _OAEP).decode()


def probe(signature: str) -> str:
    """A signature probe: the prefix makes the base64 end in half a group, which strict decoders choke on."""
    return PROBE + signature
