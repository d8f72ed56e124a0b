# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Figures: audiences, daily tallies, and indexes by moment on what is counted."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

INDEXES = (
    ("guides", "made_at"),
    ("guides", "withdrawn_at"),
    ("deliveries", "at"),
    ("views", "opened_at"),
    ("ratings", "rated_at"),
    ("ratings", "changed_at"),
)
COUNTS = (
    *("made", "delivered", "views", "viewers", "reached_25", "reached_50", "reached_75", "reached_100", "followed"),
    *("stars_1", "stars_2", "stars_3", "stars_4", "stars_5", "solved_viewed", "solved_unviewed"),
)


def upgrade() -> None:
    for table, column in INDEXES:
        op.create_index(f"ix_{table}_{column}", table, [column])
    op.create_table(
        "audiences",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("campaign_id", sa.String(64), sa.ForeignKey("campaigns.id"), nullable=False),
        sa.Column("cases", sa.String(200), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("documents", sa.String(1000), nullable=False),
        sa.UniqueConstraint("campaign_id", "cases", "channel", "documents"),
    )
    op.create_table(
        "members",
        sa.Column("guide_id", sa.String(32), sa.ForeignKey("guides.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("audience_id", sa.Integer(), sa.ForeignKey("audiences.id"), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tallies",
        sa.Column("audience_id", sa.Integer(), sa.ForeignKey("audiences.id"), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTS),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "button_tallies",
        sa.Column("audience_id", sa.Integer(), sa.ForeignKey("audiences.id"), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("button", sa.String(64), primary_key=True),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("shown", "pressed", "answered")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "counted",
        sa.Column("campaign_id", sa.String(64), sa.ForeignKey("campaigns.id"), primary_key=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    for table in ("counted", "button_tallies", "tallies", "members", "audiences"):
        op.drop_table(table)
    for table, column in INDEXES:
        op.drop_index(f"ix_{table}_{column}", table)
