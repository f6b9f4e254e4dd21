"""What counts for a photo, in its row: label, the act that settled it, and what is open."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from crackscope.inspection.records import Act, Region
from crackscope.inspection.verdict import judge
from crackscope.labels import Label

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_photos = sa.table(
    "photos",
    sa.column("id", sa.Integer),
    sa.column("label", sa.String),
    sa.column("decision_id", sa.Integer),
    sa.column("decided_as_whole", sa.Boolean),
    sa.column("question", sa.String),
)
_results = sa.table(
    "results",
    sa.column("id", sa.Integer),
    sa.column("photo_id", sa.Integer),
    sa.column("label", sa.String),
    sa.column("regions", sa.JSON),
)
_reviews = sa.table(
    "reviews",
    sa.column("id", sa.Integer),
    sa.column("photo_id", sa.Integer),
    sa.column("box_ltrb", sa.JSON(none_as_null=True)),
    sa.column("action", sa.String),
    sa.column("new_label", sa.String),
    sa.column("undone", sa.Boolean),
)


def upgrade() -> None:
    """Apply, and judge every photo that is there."""
    op.add_column("photos", sa.Column("label", sa.String(length=16), nullable=True))
    op.add_column("photos", sa.Column("decision_id", sa.Integer(), nullable=True))
    whole: sa.Column[bool] = sa.Column(
        "decided_as_whole", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("photos", whole)
    op.add_column("photos", sa.Column("question", sa.String(length=40), nullable=True))
    connection = op.get_bind()
    for (photo_id,) in connection.execute(sa.select(_photos.c.id)).all():
        values = _judged(connection, photo_id)
        connection.execute(_photos.update().where(_photos.c.id == photo_id).values(**values))


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("photos", schema=None) as batch_op:
        for name in ("question", "decided_as_whole", "decision_id", "label"):
            batch_op.drop_column(name)


def _judged(connection: sa.Connection, photo_id: int) -> dict[str, Any]:
    latest = sa.select(_results.c.label, _results.c.regions).where(_results.c.photo_id == photo_id)
    result = connection.execute(latest.order_by(_results.c.id.desc()).limit(1)).first()
    rows = connection.execute(
        sa.select(_reviews).where(_reviews.c.photo_id == photo_id).order_by(_reviews.c.id)
    )
    acts = [_act(row) for row in rows]
    label, regions = (None, []) if result is None else (Label(result.label), result.regions)
    verdict = judge(label, [_region(region) for region in regions], acts)
    return {
        "label": None if verdict.label is None else str(verdict.label),
        "decision_id": None if verdict.act is None else verdict.act.id,
        "decided_as_whole": verdict.act is not None and verdict.act.box_ltrb is None,
        "question": None if verdict.question is None else str(verdict.question),
    }


def _region(document: dict[str, Any]) -> Region:
    left, top, right, bottom = document["box_ltrb_px"]
    return Region(number=document["region"], box_ltrb=(left, top, right, bottom), area_px=0, score=0.0)


def _act(row: Any) -> Act:
    return Act(
        id=row.id,
        action=row.action,
        old_label=None,
        new_label=None if row.new_label is None else Label(row.new_label),
        box_ltrb=None if row.box_ltrb is None else tuple(row.box_ltrb),
        note="",
        who="",
        when=datetime.min.replace(tzinfo=UTC),
        undone=row.undone,
    )
