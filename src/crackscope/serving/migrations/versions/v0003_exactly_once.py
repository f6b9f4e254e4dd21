"""Keys by which an upload or a review is stored once; a photo's own scan settings; the project of a scan."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_photos = sa.table(
    "photos",
    sa.column("id", sa.Integer),
    sa.column("job_id", sa.Integer),
    sa.column("project_id", sa.Integer),
    sa.column("settings", sa.JSON),
)
_jobs = sa.table(
    "jobs", sa.column("id", sa.Integer), sa.column("settings", sa.JSON), sa.column("project_id", sa.Integer)
)
_results = sa.table(
    "results", sa.column("id", sa.Integer), sa.column("photo_id", sa.Integer), sa.column("settings", sa.JSON)
)


def upgrade() -> None:
    """Apply; a photo's settings are those of its last scan, a job's project that of its photos."""
    op.add_column("photos", sa.Column("settings", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("jobs", sa.Column("project_id", sa.Integer(), nullable=True))
    for table in ("jobs", "reviews"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("key", sa.String(length=64), nullable=True))
            batch_op.create_unique_constraint(batch_op.f(f"uq_{table}_key"), ["key"])
    connection = op.get_bind()
    jobs = {row.id: row.settings for row in connection.execute(sa.select(_jobs.c.id, _jobs.c.settings))}
    for photo in connection.execute(sa.select(_photos.c.id, _photos.c.job_id, _photos.c.project_id)).all():
        last = sa.select(_results.c.settings).where(_results.c.photo_id == photo.id)
        known = connection.execute(last.order_by(_results.c.id.desc()).limit(1)).scalar()
        settings = jobs.get(photo.job_id, {}) if known is None else known
        connection.execute(_photos.update().where(_photos.c.id == photo.id).values(settings=settings))
        if photo.project_id is not None:
            of_job = _jobs.update().where(_jobs.c.id == photo.job_id)
            connection.execute(of_job.values(project_id=photo.project_id))


def downgrade() -> None:
    """Take back."""
    for table in ("reviews", "jobs"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_constraint(batch_op.f(f"uq_{table}_key"), type_="unique")
            batch_op.drop_column("key")
    op.drop_column("jobs", "project_id")
    op.drop_column("photos", "settings")
