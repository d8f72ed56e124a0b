"""The ``videoguide`` command. Thin: it reads options, calls, shows. Heavy imports live in the commands."""

import io
import sys
from collections.abc import Callable
from typing import NoReturn

import typer

from videoguide.cli import approving, keeping, making, previewing, serving
from videoguide.cli.options import BAD_INPUT, FAILED, INTERRUPTED
from videoguide.errors import InputError, VideoGuideError
from videoguide.usage import Command, Group, usage_error

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
    previewing.preview,
    making.render,
    making.sample,
    making.check,
    making.sheet,
    making.voices,
    approving.versions,
    approving.approve,
    serving.serve,
    serving.report,
    keeping.purge,
)
_STORE_COMMANDS: dict[str, Callable[..., None]] = {
    "stats": keeping.store_stats,
    "verify": keeping.store_verify,
    "prune": keeping.store_prune,
}

for _command in _COMMANDS:
    app.command(cls=Command)(_command)
for _name, _command in _STORE_COMMANDS.items():
    store_app.command(_name, cls=Command)(_command)
app.add_typer(store_app, name="store")


def main() -> None:
    """Entry point: errors become one line on standard error and an exit status, never a traceback."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without our signs is no reason to fail
    try:
        sys.exit(app(sys.argv[1:] or ["--help"], prog_name="videoguide", standalone_mode=False))
    except InputError as error:
        _fail(error.message, BAD_INPUT)
    except VideoGuideError as error:
        _fail(error.message, FAILED)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(INTERRUPTED)
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        # a word that Typer does not understand, as whichever Click it brings along reports it
        command = getattr(getattr(error, "ctx", None), "command_path", "videoguide")
        _fail(f"{usage_error(error.format_message())} (vedi: {command} --help)", BAD_INPUT)


def _fail(message: str, status: int) -> NoReturn:
    typer.echo(f"videoguide: {message}", err=True)
    sys.exit(status)
