import time

from vkpay_async.clock import SYSTEM_ENV


def test_time_is_in_milliseconds() -> None:
    before = int(time.time() * 1000)
    assert before <= SYSTEM_ENV.now_ms() <= before + 60_000


def test_nonces_are_32_fresh_characters() -> None:
    nonces = {SYSTEM_ENV.nonce() for _ in range(1000)}
    assert len(nonces) == 1000
    assert {len(nonce) for nonce in nonces} == {32}
    assert all(nonce.isalnum() for nonce in nonces)
