import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vkpay_async import fen_from_yuan, yuan_from_fen
from vkpay_async.money import is_fen, yuan_number

PAIRS = [
    (0, "0.00"),
    (1, "0.01"),
    (10, "0.10"),
    (99, "0.99"),
    (100, "1.00"),
    (1234, "12.34"),
    (-5, "-0.05"),
    (-12345, "-123.45"),
    (10**18 + 7, "10000000000000000.07"),
]


@pytest.mark.parametrize(("fen", "yuan"), PAIRS)
def test_fen_and_yuan_name_the_same_amount(fen: int, yuan: str) -> None:
    assert yuan_from_fen(fen) == yuan
    assert fen_from_yuan(yuan) == fen


@given(st.integers())
def test_every_amount_survives_the_way_there_and_back(fen: int) -> None:
    assert fen_from_yuan(yuan_from_fen(fen)) == fen


@given(st.integers(min_value=0, max_value=10**12), st.sampled_from(["", "0", "00", "000"]))
def test_zeros_behind_the_fen_change_nothing(fen: int, zeros: str) -> None:
    assert fen_from_yuan(yuan_from_fen(fen) + zeros) == fen


@pytest.mark.parametrize(
    ("yuan", "fen"), [("12", 1200), ("12.3", 1230), ("007.5", 750), ("-0", 0), ("1.500", 150)]
)
def test_shorter_and_longer_spellings_are_read(yuan: str, fen: int) -> None:
    assert fen_from_yuan(yuan) == fen


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".5",
        "1.",
        "1.001",
        "1e2",
        "+1",
        " 1",
        "1\n",
        "1,000",
        "１.00",
        "٣",
        "--1",
        "0x1",
        "NaN",
        "¥1",
        "1 000",
    ],
)
def test_what_is_no_plain_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount in yuan"):
        fen_from_yuan(text)


@given(st.integers(-(10**12), 10**12), st.integers(1, 9))
def test_a_part_of_a_fen_is_refused(fen: int, thousandths: int) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        fen_from_yuan(f"{yuan_from_fen(fen)}{thousandths}")


def test_a_long_text_is_not_repeated_in_the_error() -> None:
    with pytest.raises(ValueError, match="not an amount") as caught:
        fen_from_yuan("x" * 10_000)
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize(
    ("value", "good"),
    [
        (1, True),
        (10**12, True),
        (0, False),
        (-1, False),
        (True, False),
        (1.0, False),
        ("1", False),
        (None, False),
    ],
)
def test_only_a_positive_whole_number_is_an_amount(value: object, good: bool) -> None:
    assert is_fen(value) is good


@pytest.mark.parametrize(
    ("fen", "text"), [(0, "0"), (1, "0.01"), (10, "0.1"), (1200, "12"), (1234, "12.34"), (-5, "-0.05")]
)
def test_a_number_in_yuan_is_written_with_its_digits(fen: int, text: str) -> None:
    assert json.dumps(yuan_number(fen)) == text


@given(st.integers(-(10**15), 10**15))
def test_a_number_in_yuan_is_the_exact_amount_in_json(fen: int) -> None:
    assert fen_from_yuan(json.dumps(yuan_number(fen))) == fen
