import string
import uuid

from vkpay_simulator.ids import Ids


def drawn(ids: Ids) -> tuple[str, ...]:
    return (
        ids.digits(5),
        ids.hex(5),
        ids.alnum(5),
        ids.lower_alnum(5),
        ids.uuid(),
        str(ids.chance()),
        ids.faker.name(),
    )


def test_one_seed_draws_alike() -> None:
    assert drawn(Ids(1)) == drawn(Ids(1))
    assert drawn(Ids(1)) != drawn(Ids(2))
    assert drawn(Ids()) != drawn(Ids())


def test_reset_starts_over_also_without_a_given_seed() -> None:
    ids = Ids()
    first = drawn(ids)
    ids.reset()
    assert drawn(ids) == first


def test_a_stream_depends_on_its_name_and_leaves_no_trace() -> None:
    ids = Ids(1)
    with ids.stream("a"):
        first = drawn(ids)
    assert drawn(ids) == drawn(Ids(1))
    with ids.stream("a"):
        assert drawn(ids) == first
    with ids.stream("b"):
        assert drawn(ids) != first


def test_forms() -> None:
    ids = Ids(1)
    assert len(ids.digits(28)) == 28
    assert ids.digits(8).isdigit()
    drawn = ids.uuid()
    assert (str(uuid.UUID(drawn)), uuid.UUID(drawn).version) == (drawn, 4)
    assert 0 <= ids.chance() < 1


def test_every_draw_has_its_length_and_its_characters() -> None:
    ids = Ids(1)
    drawn = {
        string.digits: [ids.digits(3) for _ in range(500)],
        "0123456789abcdef": [ids.hex(3) for _ in range(500)],
        string.ascii_letters + string.digits: [ids.alnum(3) for _ in range(500)],
        string.ascii_lowercase + string.digits: [ids.lower_alnum(3) for _ in range(500)],
    }
    for characters, texts in drawn.items():
        assert {len(text) for text in texts} == {3}
        assert set("".join(texts)) == set(characters)
