import pytest

from vkpay_simulator.clock import Agenda, Clock, china_rfc3339, china_text, seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("1.5", 1.5),
        ("15s", 15),
        ("24h4m", 86_640),
        ("1d", 86_400),
        ("1d2h3m4s", 93_784),
        ("0.5h", 1800),
    ],
)
def test_lengths_of_time(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "h", "-5", "5 m", "5w", "1e3", "4m24", "nan"])
def test_what_is_no_length_of_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="24h4m"):
        seconds_of(text)


def test_times_are_written_in_china() -> None:
    assert china_rfc3339(1_528_425_296_999) == "2018-06-08T10:34:56+08:00"
    assert china_text(1_528_425_296_999) == "2018-06-08 10:34:56"


def test_business_time_moves_forward_only() -> None:
    clock = Clock(lambda: 1000.0)
    clock.move_to(1_005_000)
    clock.move_to(1_001_000)
    assert (clock.now(), clock.real_ms(), clock.offset_ms) == (1_005_000, 1_000_000, 5000)
    clock.reset()
    assert clock.now() == 1_000_000


@pytest.fixture
def clock() -> Clock:
    return Clock(lambda: 0.0)


@pytest.fixture
def agenda(clock: Clock) -> Agenda:
    return Agenda(clock)


async def test_entries_run_in_order_each_at_its_time(agenda: Agenda, clock: Clock) -> None:
    ran: list[tuple[str, int]] = []

    async def later() -> None:
        ran.append(("b", clock.now()))

    agenda.after(20, later)
    agenda.after(10, lambda: ran.append(("a", clock.now())))
    agenda.after(30, lambda: ran.append(("c", clock.now())))
    agenda.after(15, lambda: ran.append(("never", clock.now()))).cancel()
    await agenda.advance(25)
    assert ran == [("a", 10_000), ("b", 20_000)]
    assert (clock.now(), agenda.next_at()) == (25_000, 30_000)


async def test_what_an_entry_adds_on_the_way_runs_on_the_way(agenda: Agenda, clock: Clock) -> None:
    ran: list[int] = []

    def again() -> None:
        ran.append(clock.now())
        agenda.after(10, again)

    agenda.after(10, again)
    await agenda.advance(35)
    assert ran == [10_000, 20_000, 30_000]


async def test_a_moved_clock_waits_for_what_an_entry_left_running(agenda: Agenda, clock: Clock) -> None:
    waited: list[int] = []

    async def settled() -> None:
        waited.append(clock.now())

    agenda.settled = settled
    agenda.after(10, lambda: None)
    agenda.after(10, lambda: None)
    await agenda.advance(20)
    assert waited == [0, 10_000]


async def test_only_what_is_due_runs(agenda: Agenda, clock: Clock) -> None:
    ran: list[str] = []
    agenda.after(0, lambda: ran.append("now"))
    agenda.after(1, lambda: ran.append("later"))
    await agenda.run_due()
    assert ran == ["now"]
    agenda.clear()
    assert agenda.next_at() is None


def test_an_entry_can_be_taken_off(agenda: Agenda) -> None:
    agenda.after(1, lambda: None).cancel()
    assert agenda.next_at() is None
