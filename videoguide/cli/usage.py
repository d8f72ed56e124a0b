# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Typer's own words in Italian: help pages and errors of use."""

import re

import typer
from typer.core import TyperCommand, TyperGroup

_HEADINGS = {"Arguments": "Argomenti", "Options": "Opzioni", "Commands": "Comandi"}
_HELP = (
    (r"\[OPTIONS\]", "[OPZIONI]"),
    (r"COMMAND \[ARGS\]", "COMANDO [ARGOMENTI]"),
    (r"Show this message and exit", "Mostra questo aiuto ed esce"),
    (r"\[default: ", "[predefinito: "),
    (r"\brequired\]", "obbligatorio]"),
)
_ERRORS = (
    (r"^Missing argument ", "manca l’argomento "),
    (r"^Missing option ", "manca l’opzione "),
    (r"^Missing command", "manca il comando"),
    (r"^No such option: ", "opzione sconosciuta: "),
    (r"\(Possible options: (.+)\)$", r"(forse \1)"),
    (r"^No such command ('.*?')", r"comando sconosciuto: \1"),
    (r"\. Did you mean (.+)\?$", r" (forse \1)"),
    (r"^Got unexpected extra argument\S* \((.+)\)$", r"argomenti in più: \1"),
    (r"^Option (\S+) requires an argument", r"l’opzione \1 vuole un valore"),
    (r"^Option (\S+) does not take a value", r"l’opzione \1 non vuole un valore"),
    (r"^Invalid value for (.+?): ", r"valore non valido per \1; "),
    (r"Input should be a valid integer.*$", "ammessi: numeri interi"),
    (r"Input should be greater than or equal to ", "ammesso: almeno "),
    (r"Input should be less than or equal to ", "ammesso: al massimo "),
)


def _translated(text: str, words: tuple[tuple[str, str], ...]) -> str:
    for english, italian in words:
        text = re.sub(english, italian, text)
    return text


class _Page(typer.Context.formatter_class):  # type: ignore[misc, valid-type]
    """Translates the words before they are laid out, so that columns and line breaks are right."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, _translated(args, _HELP), prefix or "Uso: ")

    def write_heading(self, heading: str) -> None:
        super().write_heading(_HEADINGS.get(heading, heading))

    def write_dl(self, rows: list[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl([(name, _translated(text, _HELP)) for name, text in rows], col_max, col_spacing)


class _Context(typer.Context):
    formatter_class = _Page


class Command(TyperCommand):
    """A command whose help is Italian."""

    context_class = _Context


class Group(TyperGroup):
    """A command with subcommands; its help is Italian too."""

    context_class = _Context


def usage_error(message: str) -> str:
    """Typer's error about a command line, in Italian; a message that is not known here stays as it is."""
    return _translated(" ".join(message.split()).rstrip("."), _ERRORS)
