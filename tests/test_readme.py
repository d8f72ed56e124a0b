# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The README is true: every setting is in its table, every command that it shows is there."""

import re

import pytest

from tests.support.places import ROOT
from videoguide.portal.configuration import PORTAL_SETTINGS
from videoguide.settings import SETTINGS

README = ROOT / "README.md"


def test_every_setting_is_in_the_table(pytestconfig: pytest.Config) -> None:
    rows = [
        f"| `VIDEOGUIDE_{row.name.upper()}` | {f'`{row.default}`' if row.default else ''} | {row.help} |"
        for row in (*SETTINGS, *PORTAL_SETTINGS)
    ]
    wanted = "\n".join(["<!-- settings -->", "| variable | default | what |", "| --- | --- | --- |", *rows])
    wanted += "\n<!-- /settings -->"
    text = README.read_text(encoding="utf-8")
    table = re.search("<!-- settings -->.*<!-- /settings -->", text, re.DOTALL)
    assert table is not None
    if pytestconfig.getoption("--update-golden"):
        README.write_text(text.replace(table.group(), wanted), encoding="utf-8")
        return
    assert table.group() == wanted, "renew the table with `pytest --update-golden`"


def test_every_command_that_it_shows_is_there() -> None:
    from typer.main import get_command

    from videoguide.cli import app

    commands = get_command(app).commands  # type: ignore[attr-defined]
    shown = set(re.findall(r"^\$ videoguide ([a-z]+)", README.read_text(encoding="utf-8"), re.MULTILINE))
    assert shown and shown <= set(commands)
    assert set(commands) <= shown, "a command that nobody finds in the README"
