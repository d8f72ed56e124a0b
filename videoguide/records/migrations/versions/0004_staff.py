# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The staff's desk: versions of packs, drafts, previews, and what staff do."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

CURRENT = sa.text("withdrawn_at IS NULL")


def moment(name: str, *, nullable: bool = False) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def campaign() -> "sa.Column[str]":
    return sa.Column("campaign_id", sa.String(64), sa.ForeignKey("campaigns.id"), nullable=False)


def current(*columns: str) -> None:
    """Guides that are not withdrawn, at most one for each of these."""
    op.create_index("ix_guides_current", "guides", columns, unique=True, sqlite_where=CURRENT, postgresql_where=CURRENT)


def upgrade() -> None:
    op.create_table(
        "versions",
        campaign(),
        sa.Column("version", sa.String(64), nullable=False),
        moment("since"),
        moment("approved_at", nullable=True),
        sa.Column("approved_by", sa.String(255), nullable=False),
        moment("live_since", nullable=True),
        moment("live_until", nullable=True),
        sa.PrimaryKeyConstraint("campaign_id", "version"),
    )
    op.add_column("guides", sa.Column("version", sa.String(64), nullable=False, server_default=""))
    op.add_column("guides", sa.Column("draft", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.drop_index("ix_guides_current", "guides")
    current("application_id", "draft")
    op.create_table(
        "previews",
        sa.Column("id", sa.String(32), primary_key=True),
        campaign(),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("asked", sa.JSON(), nullable=True),
        sa.Column("application_id", sa.Integer(), sa.ForeignKey("applications.id", ondelete="CASCADE"), nullable=True),
        sa.Column("outline", sa.LargeBinary(32), nullable=False),
        sa.Column("segments", sa.LargeBinary(), nullable=False),
        sa.Column("made_by", sa.String(255), nullable=False),
        moment("made_at"),
        moment("expires_at"),
    )
    op.create_table(
        "audits",
        sa.Column("id", sa.Integer(), primary_key=True),
        moment("at"),
        sa.Column("who", sa.String(255), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("what", sa.String(40), nullable=False),
        sa.Column("campaign_id", sa.String(64), nullable=False),
        sa.Column("about", sa.String(64), nullable=False),
    )
    for table, column in (("previews", "application_id"), ("previews", "expires_at"), ("audits", "at")):
        op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    op.drop_table("audits")
    op.drop_table("previews")
    op.execute("DELETE FROM guides WHERE draft")
    op.drop_index("ix_guides_current", "guides")
    with op.batch_alter_table("guides") as guides:
        guides.drop_column("draft")
        guides.drop_column("version")
    current("application_id")
    op.drop_table("versions")
