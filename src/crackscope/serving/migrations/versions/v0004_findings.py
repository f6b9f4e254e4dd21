"""Findings and their acts, elements of a project, measured scales, and the project's condition list."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "projects", sa.Column("condition_list", sa.String(length=40), nullable=False, server_default="")
    )
    op.add_column("projects", sa.Column("own_conditions", sa.Text(), nullable=False, server_default=""))
    op.add_column("projects", sa.Column("last_finding", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "elements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("mm_per_px", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_elements_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_elements")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_elements_project_id_name")),
    )
    with op.batch_alter_table("photos", schema=None) as batch_op:
        batch_op.add_column(sa.Column("element_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("scale", sa.JSON(none_as_null=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_photos_element_id"), ["element_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_photos_element_id"), "elements", ["element_id"], ["id"], ondelete="SET NULL"
        )
    op.create_table(
        "findings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("photo_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_findings_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photos.id"], name=op.f("fk_findings_photo_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_findings")),
        sa.UniqueConstraint("project_id", "number", name=op.f("uq_findings_project_id_number")),
    )
    op.create_index(op.f("ix_findings_photo_id"), "findings", ["photo_id"], unique=False)
    op.create_table(
        "finding_acts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("finding_id", sa.Integer(), nullable=False),
        sa.Column("statement", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["finding_id"], ["findings.id"], name=op.f("fk_finding_acts_finding_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding_acts")),
        sa.UniqueConstraint("key", name=op.f("uq_finding_acts_key")),
    )
    op.create_index(op.f("ix_finding_acts_finding_id"), "finding_acts", ["finding_id"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_table("finding_acts")
    op.drop_table("findings")
    with op.batch_alter_table("photos", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_photos_element_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_photos_element_id"))
        batch_op.drop_column("scale")
        batch_op.drop_column("element_id")
    op.drop_table("elements")
    with op.batch_alter_table("projects", schema=None) as batch_op:
        for name in ("last_finding", "own_conditions", "condition_list"):
            batch_op.drop_column(name)
