# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Figures of why guides are withdrawn, counted from now on.

Days that were counted before are not counted again: guides that have been deleted since would be missing in them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "ending_tallies",
        sa.Column("audience_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("withdrawn", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["audience_id"], ["audiences.id"]),
        sa.PrimaryKeyConstraint("audience_id", "day", "reason"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("ending_tallies")
