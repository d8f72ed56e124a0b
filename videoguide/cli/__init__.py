# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The ``videoguide`` command. Thin: it reads options, calls, shows. Slow imports are inside the commands."""

import io
import os
import sys
from collections.abc import Callable
from typing import NoReturn

import typer

from videoguide.cli import backup, check, inspect, preview, purge, render, report, serve, store, versions
from videoguide.cli.options import BAD_INPUT, BUSY, FAILED, INTERRUPTED
from videoguide.cli.usage import Command, Group, usage_error
from videoguide.errors import Busy, InputError, VideoGuideError
from videoguide.modes import PRIVATE_UMASK

app = typer.Typer(
    name="videoguide",
    cls=Group,
    help="Videoguide personali, parlate e accessibili: una per ogni domanda che ha bisogno di un passo in più.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

store_app = typer.Typer(
    cls=Group, help="Che cosa c’è nel magazzino delle scene: quanto, se è sano, che cosa non serve più."
)

_COMMANDS: tuple[Callable[..., None], ...] = (
    preview.preview,
    inspect.inspect,
    render.render,
    render.sample,
    check.check,
    check.sheet,
    preview.voices,
    versions.versions,
    versions.approve,
    serve.serve,
    report.report,
    purge.purge,
    backup.backup,
    backup.restore,
)
_STORE_COMMANDS: tuple[Callable[..., None], ...] = (store.stats, store.verify, store.prune, store.join)

for _command in _COMMANDS:
    app.command(cls=Command)(_command)
for _command in _STORE_COMMANDS:
    store_app.command(cls=Command)(_command)
app.add_typer(store_app, name="store")


def main() -> None:
    """Entry point: errors become one line on standard error and an exit status, never a traceback."""
    os.umask(PRIVATE_UMASK)  # files that a command makes may be about people
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without some of our characters is no reason to fail
    try:
        sys.exit(app(sys.argv[1:] or ["--help"], prog_name="videoguide", standalone_mode=False))
    except InputError as error:
        _fail(error.message, BAD_INPUT)
    except Busy as error:
        _fail(error.message, BUSY)
    except VideoGuideError as error:
        _fail(error.message, FAILED)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(INTERRUPTED)
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        # an error of use, of the Click that comes with Typer, whichever that is
        command = getattr(getattr(error, "ctx", None), "command_path", "videoguide")
        _fail(f"{usage_error(error.format_message())} (vedi: {command} --help)", BAD_INPUT)


def _fail(message: str, status: int) -> NoReturn:
    typer.echo(f"videoguide: {message}", err=True)
    sys.exit(status)
