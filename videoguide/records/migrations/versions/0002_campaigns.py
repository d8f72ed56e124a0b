# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Campaigns, recipients, applications, guides that know their segments, deliveries, views, presses, ratings, runs.

The first register's guides had neither a person nor segments: they are left behind, and the next ``render`` of
the same extract makes them again from the scenes that are there.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.drop_table("guides")
    op.create_table(
        "campaigns",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "recipients",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("fiscal_code", sa.String(16), nullable=False, unique=True),
    )
    op.create_table(
        "applications",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("campaign_id", sa.String(64), sa.ForeignKey("campaigns.id"), nullable=False),
        sa.Column("number", sa.String(64), nullable=False),
        sa.Column("extracted_on", sa.Date(), nullable=False),
        sa.Column("left_out", sa.String(40), nullable=False),
        sa.Column("recipient_id", sa.Integer(), sa.ForeignKey("recipients.id"), nullable=True),
        sa.Column("first_name", sa.String(80), nullable=False),
        sa.Column("sex", sa.String(1), nullable=False),
        sa.Column("applicant", sa.String(20), nullable=False),
        sa.Column("filed_on", sa.Date(), nullable=True),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("patronato", sa.String(60), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=True),
        sa.UniqueConstraint("campaign_id", "number"),
    )
    op.create_index("ix_applications_recipient_id", "applications", ["recipient_id"])
    op.create_table(
        "guides",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("application_id", sa.Integer(), sa.ForeignKey("applications.id", ondelete="CASCADE"), nullable=False),
        sa.Column("state", sa.LargeBinary(32), nullable=False),
        sa.Column("cases", sa.String(200), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("outline", sa.LargeBinary(32), nullable=False),
        sa.Column("segments", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_because", sa.String(40), nullable=False),
    )
    current = sa.text("withdrawn_at IS NULL")
    op.create_index("ix_guides_application_id", "guides", ["application_id"])
    op.create_index(
        "ix_guides_current", "guides", ["application_id"], unique=True, sqlite_where=current, postgresql_where=current
    )
    op.create_table(
        "deliveries",
        sa.Column("guide_id", sa.String(32), sa.ForeignKey("guides.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("medium", sa.String(20), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "views",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("guide_id", sa.String(32), sa.ForeignKey("guides.id", ondelete="CASCADE"), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("played_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reached", sa.Integer(), nullable=False),
        sa.Column("followed", sa.String(40), nullable=False),
    )
    op.create_index("ix_views_guide_id", "views", ["guide_id"])
    op.create_table(
        "presses",
        sa.Column("view_id", sa.String(32), sa.ForeignKey("views.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("button", sa.String(64), primary_key=True),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pressed_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_table(
        "ratings",
        sa.Column("guide_id", sa.String(32), sa.ForeignKey("guides.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("stars", sa.Integer(), nullable=False),
        sa.Column("comment", sa.String(500), nullable=False),
        sa.Column("rated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("campaign_id", sa.String(64), sa.ForeignKey("campaigns.id"), nullable=False),
        sa.Column("output", sa.String(), nullable=False),
        sa.Column("format", sa.String(10), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("report", sa.JSON(), nullable=True),
    )
    op.create_index("ix_runs_campaign_id", "runs", ["campaign_id"])
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("fiscal_code", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("data", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_sessions_seen_at", "sessions", ["seen_at"])
