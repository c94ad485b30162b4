"""The engine for several machines: procrastinate, on the PostgreSQL that the orders are in.

Whichever worker is there runs a job when it is due: https://procrastinate.readthedocs.io. A job waits in its queue at most
once, so that a slow one never piles up; one that failed comes again with its next time, when what it had taken is due again.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

from vkpay_async.errors import ConfigError
from vkpay_async.jobs.schedule import JOBS, Job, JobCounts

if TYPE_CHECKING:
    from procrastinate import App

    from vkpay_async.ledger import Ledger

QUEUE = "vkpay"
KEPT_HOURS = 72
"""How long the rows of failed jobs stay, for a person to see."""

_SCHEMA_LOCK = 0x766B_7061_79  # "vkpay": two workers that start together make the tables once

_LIBPQ = frozenset(
    {
        "application_name",
        "connect_timeout",
        "host",
        "options",
        "port",
        "sslcert",
        "sslkey",
        "sslmode",
        "sslrootcert",
    }
)


class Application(Protocol):
    """What a worker needs of :class:`vkpay_async.VKPay`, with the handlers registered."""

    orders: Ledger

    async def run_jobs(self, *names: str) -> JobCounts: ...


def worker_app(pay: Application) -> App:
    """The jobs as periodic tasks of a procrastinate ``App``, which is not open yet.

    Raises :class:`ConfigError` without the extra, and for a database that is not PostgreSQL.
    """
    conninfo = _conninfo(pay.orders.url)
    import procrastinate

    app = procrastinate.App(
        connector=procrastinate.PsycopgConnector(conninfo=conninfo),
        worker_defaults={
            "name": "vkpay",
            "queues": [QUEUE],
            "concurrency": len(JOBS),
            "delete_jobs": "successful",
        },
    )
    for job in JOBS:
        _add(app, pay, job)
    _add_tidying(app)
    return app


async def run_worker(pay: Application, **options: Any) -> None:
    """Runs the jobs of ``pay``, which is open, until SIGINT or SIGTERM, and ends when those under way have ended.

    ``options`` are those of ``App.run_worker_async``.
    """
    app = worker_app(pay)
    async with app.open_async():
        await apply_schema(app)
        await app.run_worker_async(**options)


async def apply_schema(app: App) -> None:
    """Makes procrastinate's tables where there are none. Its own migrations are for a later version of it to bring."""
    from procrastinate import PsycopgConnector

    assert isinstance(app.connector, PsycopgConnector)  # noqa: S101 - worker_app made it
    async with app.connector.pool.connection() as connection:
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", [_SCHEMA_LOCK])
        found = await connection.execute("SELECT to_regclass('procrastinate_jobs')")
        if await found.fetchone() == (None,):
            await connection.execute(app.schema_manager.get_schema())


def _add(app: App, pay: Application, job: Job) -> None:
    name = f"{QUEUE}:{job.name}"

    @app.periodic(cron=_cron(job.every_s))
    @app.task(name=name, queue=QUEUE, queueing_lock=name)
    async def run(timestamp: int) -> None:
        await pay.run_jobs(job.name)


def _add_tidying(app: App) -> None:
    name = f"{QUEUE}:tidy"

    @app.periodic(cron=_cron(3600))
    @app.task(name=name, queue=QUEUE, queueing_lock=name)
    async def tidy(timestamp: int) -> None:
        """Deletes the rows that killed workers left behind, whose work others have done since, and old failures."""
        from procrastinate.jobs import Status

        for job in await app.job_manager.get_stalled_jobs(queue=QUEUE):
            await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=True)
        await app.job_manager.delete_old_jobs(
            nb_hours=KEPT_HOURS, queue=QUEUE, include_failed=True, include_aborted=True
        )


def _cron(seconds: int) -> str:
    """Every so many seconds, as divide a minute or an hour; procrastinate's sixth field is the second."""
    if seconds < 60:
        return f"* * * * * */{seconds}"
    return f"*/{seconds // 60} * * * *" if seconds < 3600 else "0 * * * *"


def _conninfo(url: str) -> str:
    """A SQLAlchemy URL as libpq reads it; what only asyncpg knows is left out."""
    from vkpay_async.ledger.engine import parsed_url

    parsed = parsed_url(url)
    if parsed.get_backend_name() != "postgresql":
        raise ConfigError(
            f"workers need PostgreSQL, and the database is {parsed.get_backend_name()}: run the jobs in the application "
            "instead, with pay.jobs_running()"
        )
    if find_spec("procrastinate") is None:
        raise ConfigError("workers need procrastinate: pip install 'vkpay-async[jobs]'")
    from psycopg.conninfo import make_conninfo

    query = {"sslmode" if key == "ssl" else key: value for key, value in parsed.query.items()}
    known = {key: value for key, value in query.items() if key in _LIBPQ and isinstance(value, str)}
    named = {
        "host": parsed.host,
        "port": parsed.port,
        "user": parsed.username,
        "password": parsed.password,
        "dbname": parsed.database,
    }
    return make_conninfo("", **{**known, **{key: value for key, value in named.items() if value is not None}})
