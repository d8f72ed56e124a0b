# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Writes docs/cli.md, the reference of the ``videoguide`` command: ``python scripts/cli_reference.py``.

The page is the commands' own help, and the one table of settings. ``tests/test_docs.py`` fails when it is out of date.
"""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from videoguide.cli import app
from videoguide.portal.configuration import PORTAL_SETTINGS
from videoguide.settings import SETTINGS

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"
WIDTH = 98
"""Columns of the help, whatever the terminal; wide enough that no command's first line is cut short."""

HEAD = """\
# The command line

<!-- Written by `python scripts/cli_reference.py`. Do not edit: change the commands' help instead. -->

The help is Italian, because the institute's staff read it. Each block below is the output of `videoguide … --help`.

## Exit status

| status | meaning |
| ---: | --- |
| 0 | done |
| 1 | something failed, or `check` or `store verify` found a problem |
| 2 | what was typed or given is wrong: an option, a name, a file |
| 75 | busy: another run is at work on the same thing; the same command will do a little later |
| 130 | interrupted with Ctrl-C |

Errors are one line on standard error. They never repeat a personal value: a bad row is named by its number.
"""

SETTINGS_HEAD = """\
## Settings

An option of a command goes before its environment variable; the variable goes before the default.

| variable | default | meaning |
| --- | --- | --- |
"""


def main() -> None:
    """Write the page anew."""
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """The whole page."""
    sections = [f"## {name}\n\n```text\n{help_of(name)}```\n" for name in commands()]
    return "\n".join([HEAD, *sections, SETTINGS_HEAD + "".join(settings_rows())])


def commands() -> list[str]:
    """Every command as it is typed, the program itself first, groups before their own commands."""
    return ["videoguide", *(f"videoguide {name}" for name in _below(get_command(app)))]


def _below(group: Any) -> Iterator[str]:
    for name, command in group.commands.items():
        yield name
        if hasattr(command, "commands"):
            yield from (f"{name} {inner}" for inner in _below(command))


def help_of(command: str) -> str:
    """The help of a command, without colours and at a fixed width.

    >>> help_of("videoguide voices").splitlines()[0]
    'Uso: videoguide voices [OPZIONI]'
    """
    words = [*command.split()[1:], "--help"]
    written = io.StringIO()
    with contextlib.redirect_stdout(written):
        get_command(app).main(words, prog_name="videoguide", standalone_mode=False, terminal_width=WIDTH)
    return "".join(f"{line.rstrip()}\n" for line in written.getvalue().splitlines())


def settings_rows() -> Iterator[str]:
    """A row for each setting."""
    for row in (*SETTINGS, *PORTAL_SETTINGS):
        yield f"| `VIDEOGUIDE_{row.name.upper()}` | {f'`{row.default}`' if row.default else ''} | {row.help} |\n"


if __name__ == "__main__":
    main()
