"""Report number, letterhead and logo of a project."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "projects", sa.Column("report_number", sa.String(length=200), nullable=False, server_default="")
    )
    op.add_column("projects", sa.Column("letterhead", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "logos",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("png", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_logos_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_logos")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("logos")
    with op.batch_alter_table("projects", schema=None) as batch_op:
        batch_op.drop_column("letterhead")
        batch_op.drop_column("report_number")
