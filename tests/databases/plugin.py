"""Fixtures: an empty database of any kind for one test, and database servers to stop and start.

``database_url`` is a SQLAlchemy URL, once for each of SQLite, PostgreSQL and MySQL; ``fresh_database(backend)``
makes one, or two; ``private_server(backend)`` starts a server that the test may kill.
With REQUIRE_TEST_DATABASES set, a server that this machine cannot run fails its tests instead of skipping them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from secrets import token_hex
from typing import Any, TypeVar

import pytest

from tests.databases.account import Unavailable
from tests.databases.server import Server
from tests.databases.shared import Run, new_home

BACKENDS = ("sqlite", "postgresql", "mysql")
T = TypeVar("T")
_RUN = pytest.StashKey[Run]()


def pytest_configure(config: pytest.Config) -> None:
    given: dict[str, Any] | None = getattr(config, "workerinput", None)
    home, owner = given["vkpay_databases"] if given else (new_home(), os.getpid())
    config.stash[_RUN] = Run(Path(home), owner)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    run = node.config.stash[_RUN]
    node.workerinput["vkpay_databases"] = (str(run.home), run.owner)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and _RUN in config.stash:
        config.stash[_RUN].close()


@pytest.fixture(scope="session")
def database_servers(pytestconfig: pytest.Config) -> Run:
    return pytestconfig.stash[_RUN]


@pytest.fixture
def fresh_database(database_servers: Run, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """A function from a backend's name to the SQLAlchemy URL of an empty database, dropped after the test."""
    with ExitStack() as after:

        def fresh(backend: str) -> str:
            name = f"vkpay_{token_hex(5)}"
            if backend == "sqlite":
                return f"sqlite:///{tmp_path / name}.db"
            server = available(database_servers.server, backend)
            server.create(name)
            after.callback(server.drop, name)
            return server.url(name)

        yield fresh


@pytest.fixture(params=BACKENDS)
def database_url(request: pytest.FixtureRequest, fresh_database: Callable[[str], str]) -> str:
    """An empty database of each kind; parametrise it indirectly with backends' names for fewer."""
    return fresh_database(request.param)


@pytest.fixture
def private_server(database_servers: Run) -> Iterator[Callable[[str], Server]]:
    """A function from a backend's name to a running server of this test's own, removed after the test."""
    with ExitStack() as after:

        def private(backend: str) -> Server:
            server = database_servers.private(backend, f"{backend}-{token_hex(5)}")
            after.callback(server.remove)
            available(lambda _: server.start(), backend)
            return server

        yield private


def available(start: Callable[[str], T], backend: str) -> T:
    """What ``start`` returns; skips the test where this machine cannot run the server."""
    try:
        return start(backend)
    except Unavailable as error:
        if os.environ.get("REQUIRE_TEST_DATABASES"):
            pytest.fail(f"REQUIRE_TEST_DATABASES is set, and there is no {backend}: {error}", pytrace=False)
        pytest.skip(f"no {backend} on this machine: {error}")
