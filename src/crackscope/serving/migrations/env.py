"""Alembic's way in: `database.migrate` hands it a connection."""

from __future__ import annotations

from alembic import context

from crackscope.serving.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
