import pytest

from tests.vkpay_simulator.conftest import NOW
from tests.vkpay_simulator.toy import Other, Toy
from vkpay_simulator import providers
from vkpay_simulator.clock import Clock
from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.world import Settings, World


def test_three_merchants_at_the_start_each_with_every_account(world: World) -> None:
    assert [(m.pid, m.kind) for m in world.merchants.values()] == [
        (k, k) for k in ("default", "certs", "partner")
    ]
    assert len({m.accounts["toy"] for m in world.merchants.values()}) == 3


def test_a_merchants_numbers_do_not_depend_on_who_came_before() -> None:
    one, two = (World(Settings(seed=3), providers={"toy": Toy}) for _ in range(2))
    two.add_merchant(pid="b")
    first, second = one.add_merchant(pid="a"), two.add_merchant(pid="a")
    assert (first.accounts, first.name) == (second.accounts, second.name)


def test_a_merchant_made_after_a_reset_differs_from_one_made_before(world: World) -> None:
    before = world.add_merchant()
    world.reset()
    after = world.add_merchant()
    assert (before.pid, after.pid) == ("shop-4", "shop-5")
    assert before.accounts != after.accounts


def test_a_taken_pid_and_an_unknown_kind_are_refused(world: World) -> None:
    with pytest.raises(SimulatorError, match="another pid"):
        world.add_merchant(pid="default")
    with pytest.raises(SimulatorError, match="default, certs, partner"):
        world.add_merchant(kind="huge")
    assert len(world.merchants) == 3


@pytest.mark.parametrize(("virtual", "ahead"), [(False, 0), (True, 60_000)])
async def test_signatures_carry_real_time_unless_asked(virtual: bool, ahead: int) -> None:
    settings = Settings(sign_with_virtual_time=virtual)
    world = World(settings, clock=Clock(lambda: NOW), providers={})
    await world.advance(60)
    assert world.signing_ms() == NOW * 1000 + ahead


def test_the_registry_names_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        providers,
        "REGISTRY",
        {"toy": "tests.vkpay_simulator.toy:Toy", "other": "tests.vkpay_simulator.toy:Other"},
    )
    assert {name: type(one) for name, one in World().providers.items()} == {"toy": Toy, "other": Other}


def test_a_provider_that_is_missing_fails_when_a_world_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "REGISTRY", {"gone": "vkpay_simulator.providers.gone:GoneSim"})
    with pytest.raises(ModuleNotFoundError, match=r"providers\.gone"):
        World()
