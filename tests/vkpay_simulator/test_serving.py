import pytest
from aiohttp import ClientSession

from vkpay_simulator.serving import serving, shown_url
from vkpay_simulator.world import World


async def test_a_world_on_a_free_port(world: World) -> None:
    async with (
        serving(world) as url,
        ClientSession() as session,
        session.get(f"{url}/_sim/health") as response,
    ):
        assert await response.json() == {"status": "ok"}


async def test_a_taken_port(world: World) -> None:
    async with serving(world) as url:
        port = int(url.rpartition(":")[2])
        with pytest.raises(OSError, match="address already in use"):
            async with serving(World(providers={}), port=port):
                pass


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:1"),
        ("0.0.0.0", "http://127.0.0.1:1"),  # noqa: S104 - nothing is bound
        ("::", "http://[::1]:1"),
        ("::1", "http://[::1]:1"),
    ],
)
def test_the_address_can_be_opened(host: str, url: str) -> None:
    assert shown_url(host, 1) == url
