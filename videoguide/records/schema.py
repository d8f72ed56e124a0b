# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The schema's version, and bringing a database up to it with the files in ``migrations/``; the only user of Alembic.

Everything here may raise SQLAlchemyError or Alembic's CommandError.
"""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

_LOCKS = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SELECT pg_advisory_xact_lock(7640891576956012809)"}
"""How a transaction makes sure that no other one migrates at the same time."""


class NewerSchema(Exception):
    """The database was brought up to date by a newer program, whose schema this one does not know."""


def newest() -> str:
    """The version of the newest schema that this program knows."""
    head = _scripts().get_current_head()
    assert head
    return head


def is_known(version: str) -> bool:
    """Whether this program knows a version of the schema."""
    return version in {script.revision for script in _scripts().walk_revisions()}


def is_newest(engine: Engine) -> bool:
    """Whether the schema is the newest. Raises NewerSchema for one that this program does not know."""
    from alembic.migration import MigrationContext

    with engine.connect() as connection:
        heads = MigrationContext.configure(connection).get_current_heads()
    if not all(map(is_known, heads)):
        raise NewerSchema
    return list(heads) == [newest()]


def migrate(engine: Engine) -> None:
    """Bring the schema up to date; when several processes open a database at once, one does it and the others wait.

    Raises NewerSchema.
    """
    from alembic import command

    if is_newest(engine):
        return
    config = _alembic()
    with engine.begin() as connection:
        if lock := _LOCKS.get(engine.dialect.name):
            connection.exec_driver_sql(lock)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@lru_cache(maxsize=1)
def _scripts() -> "ScriptDirectory":
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_alembic())


def _alembic() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
