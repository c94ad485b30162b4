"""Run by alembic: the revisions over the connection that it was handed."""

from __future__ import annotations

from alembic import context

from vkpay_async.ledger.migrations.state import version
from vkpay_async.ledger.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=version.name,
)
context.run_migrations()
