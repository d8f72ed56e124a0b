# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A database has an id, which its store has too; the audit trail remembers which application an action was about."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    installations = op.create_table(
        "installations",
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("secret", sa.String(64), nullable=False),
        sa.Column("from_before", sa.Boolean(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
    )
    was_used = op.get_bind().execute(sa.text("SELECT 1 FROM campaigns LIMIT 1")).first() is not None
    identity = {"number": 1, "id": secrets.token_hex(16), "secret": secrets.token_hex(32)}
    op.bulk_insert(installations, [{**identity, "from_before": was_used, "is_demo": False}])
    op.add_column("audits", sa.Column("application_id", sa.Integer()))


def downgrade() -> None:
    raise NotImplementedError("without its id a database would take another's store for its own")
