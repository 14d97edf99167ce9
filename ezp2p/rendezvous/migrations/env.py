"""How Alembic reaches the database: by the connection it is handed, in its transaction."""

from __future__ import annotations

from alembic import context

from ezp2p.rendezvous.records import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,  # SQLite alters a table by copying it
)
context.run_migrations()
