# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A guide is bound to the person it was made for, whoever its application's number belongs to later."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    # SQLite takes a foreign key only in this form: a table made anew would take views and ratings with the old one
    op.execute("ALTER TABLE guides ADD COLUMN recipient_id INTEGER REFERENCES recipients (id)")
    op.execute(
        "UPDATE guides SET recipient_id ="
        " (SELECT recipient_id FROM applications WHERE applications.id = guides.application_id)"
    )
    op.create_index("ix_guides_recipient_id", "guides", ["recipient_id"])


def downgrade() -> None:
    raise NotImplementedError("without its person a guide could be shown to somebody else")
