"""Beijing's clock, whatever the host's zone."""

from __future__ import annotations

import pytest

from vkpay_async.providers.alipay.times import beijing_text, ms_from_beijing


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "1970-01-01 08:00:00"),
        (1_700_000_000_999, "2023-11-15 06:13:20"),
        (1_704_038_400_000, "2024-01-01 00:00:00"),
    ],
)
def test_texts(ms: int, text: str) -> None:
    assert beijing_text(ms) == text
    assert ms_from_beijing(text) == ms - ms % 1000


@pytest.mark.parametrize("text", [None, "", "soon", "2023-13-01 00:00:00"])
def test_no_time(text: str | None) -> None:
    assert ms_from_beijing(text) is None


def test_milliseconds_are_exact() -> None:
    assert ms_from_beijing("2016-07-28 23:42:57.320") == 1_469_720_577_320
