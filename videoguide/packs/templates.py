# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Jinja2 on the video side: fills the words, conditions and scene drawings of a pack with values.

The pack can be trusted, the values cannot: a first name is whatever an extract contains. So everything
runs in an immutable sandbox, an unknown variable is an error, a value is data and never a template, and
the result is limited in length. Importing this module and asking what a template uses loads no drawing
library, so a segment's key can be computed without one.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any

from jinja2 import (
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateNotFound,
    TemplateSyntaxError,
    Undefined,
    meta,
    nodes,
)
from jinja2.exceptions import SecurityError, TemplateError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from videoguide.errors import PackError, UnknownChoice, VideoGuideError

Values = Mapping[str, Any]
"""Plain data: text, whole numbers, flags, and tuples and mappings of these."""

WORDS_CHARACTERS = 4_000
DRAWING_CHARACTERS = 2_000_000
"""The longest results of filling words and drawings."""

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _Sandbox(ImmutableSandboxedEnvironment):
    """A sandbox in which a mapping's entry takes precedence over a method of the same name (``case.items``)."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


_WORDS = _Sandbox(undefined=StrictUndefined, autoescape=False)


def words(source: str, values: Values, *, file: Path | str = "words", where: str = "") -> str:
    """Fill a sentence, label or rule, up to 4,000 characters; values are inserted as they are.

    ``file`` and ``where`` name the place in the pack for PackError.

    >>> words("Ciao {{ first_name }}!", {"first_name": "{{ 7 * 7 }}"})
    'Ciao {{ 7 * 7 }}!'
    """
    try:
        return _bounded(_sentence(source), values, WORDS_CHARACTERS)
    except Exception as error:
        raise _pack_error(error, file, where) from _cause(error)


def value(expression: str, values: Values, *, file: Path | str = "regola", where: str = "") -> Any:
    """The value of a pack's expression, such as ``documents | length`` or ``channel == 'patronato'``.

    Raises PackError like :func:`words`; a variable that ``values`` lacks is an error, never None.

    >>> value("sex == 'F' and documents | length", {"sex": "F", "documents": ("a", "b")})
    2
    """
    try:
        result = _expression(expression)(dict(values))
        if isinstance(result, Undefined):
            result._fail_with_undefined_error()
        return result
    except Exception as error:
        raise _pack_error(error, file, where) from _cause(error)


def variables_used(source: str, *, file: Path | str = "words", where: str = "") -> frozenset[str]:
    """The names of the variables that a sentence, label or rule may ask for.

    >>> sorted(variables_used("{% if sex == 'F' %}benvenuta{% endif %} {{ first_name }}"))
    ['first_name', 'sex']
    """
    try:
        return _variables_of(source)
    except TemplateError as error:
        raise _pack_error(error, file, where) from error


def fill_drawing(name: str, folders: Sequence[Path], values: Values, **functions: Any) -> str:
    """Fill a template of a drawing or a page; values are escaped, so that a name cannot become markup.

    ``name`` and everything that it imports or includes are looked up in ``folders``, in their order.
    The template and its macros may call ``functions`` (``wrap``, ``fit_name`` …); pass the same hashable
    objects each time, since compiled templates are kept for each set of them.
    Raises PackError, which names the file and the line; a PackError of a function keeps its class.
    """
    search_path = tuple(Path(folder) for folder in folders)
    file = _locate(name, search_path) or Path(name)
    try:
        environment = _drawings(search_path, tuple(sorted(functions.items())))
        filled = _bounded(environment.get_template(name), values, DRAWING_CHARACTERS)
    except Exception as error:
        raise _pack_error(error, file, "") from _cause(error)
    if _NOT_XML.search(filled):
        raise PackError(file, "un valore contiene un carattere di controllo, che un disegno non può avere")
    return filled


def referenced_files(name: str, folders: Sequence[Path]) -> tuple[Path, ...]:
    """The drawing's own file and all files that it imports or includes, directly or not: each once, in reading order.

    Raises PackError for a missing file and for a file name that is computed while filling.
    """
    search_path = tuple(Path(folder) for folder in folders)
    files: dict[Path, None] = {}
    waiting = [(name, Path(name))]
    while waiting:
        reference, referrer = waiting.pop(0)
        path = _locate(reference, search_path)
        if path is None:
            raise PackError(referrer, f"{reference!r} non è in nessuna delle cartelle {_listed(search_path)}")
        if path not in files:
            files[path] = None
            waiting += [(inner, path) for inner in _parsed(path).references]
    return tuple(files)


def drawing_variables(name: str, folders: Sequence[Path], functions: Iterable[str] = ()) -> frozenset[str]:
    """The names of the variables that a drawing and the files that it includes may ask for.

    ``functions`` are the names of the functions given to :func:`fill_drawing`, which are not variables.
    Imported macro files do not see variables and are left out.
    """
    search_path = tuple(Path(folder) for folder in folders)
    variables: set[str] = set()
    visited: set[Path] = set()
    waiting = [name]
    while waiting:
        reference = waiting.pop()
        path = _locate(reference, search_path)
        if path is None:
            raise PackError(reference, f"non è in nessuna delle cartelle {_listed(search_path)}")
        if path not in visited:
            visited.add(path)
            variables |= _parsed(path).variables
            waiting += _parsed(path).included
    return frozenset(variables.difference(functions))


@dataclass(frozen=True)
class _Parsed:
    tree: nodes.Template
    references: tuple[str, ...]

    @cached_property
    def variables(self) -> frozenset[str]:
        return frozenset(meta.find_undeclared_variables(self.tree))

    @cached_property
    def included(self) -> frozenset[str]:
        return frozenset(_sees_variables(self.tree))


def _parsed(path: Path) -> _Parsed:
    status = path.stat()
    return _parse(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=512)
def _parse(path: Path, _mtime_ns: int, _bytes: int) -> _Parsed:
    """A parsed template file, kept until the file changes."""
    try:
        tree = _WORDS.parse(path.read_text(encoding="utf-8"), filename=str(path))
    except (TemplateError, UnicodeDecodeError) as error:
        raise _pack_error(error, path, "") from error
    references = tuple(dict.fromkeys(meta.find_referenced_templates(tree)))
    if None in references:
        raise PackError(path, "importa o include un file il cui nome non è scritto per esteso")
    return _Parsed(tree, tuple(name for name in references if name))


def _sees_variables(tree: nodes.Template) -> set[str]:
    """The files that see the drawing's own variables: included, extended, imported with context."""
    files = [node.template for node in tree.find_all(nodes.Include) if node.with_context]
    files += [node.template for node in tree.find_all(nodes.Import) if node.with_context]
    files += [node.template for node in tree.find_all(nodes.FromImport) if node.with_context]
    files += [node.template for node in tree.find_all(nodes.Extends)]
    return {str(name.as_const()) for name in files}


@lru_cache(maxsize=4096)
def _variables_of(source: str) -> frozenset[str]:
    return frozenset(meta.find_undeclared_variables(_WORDS.parse(source)))


@lru_cache(maxsize=4096)
def _sentence(source: str) -> Template:
    return _WORDS.from_string(source)


@lru_cache(maxsize=1024)
def _expression(expression: str) -> Callable[..., Any]:
    return _WORDS.compile_expression(expression, undefined_to_none=False)


@lru_cache(maxsize=16)
def _drawings(folders: tuple[Path, ...], functions: tuple[tuple[str, Any], ...]) -> _Sandbox:
    """The environment for a set of folders and functions.

    Functions are globals of the environment, since macros imported without context see nothing else.
    """
    environment = _Sandbox(loader=FileSystemLoader(folders), undefined=StrictUndefined, autoescape=True)
    environment.globals.update(functions)
    return environment


def _bounded(template: Template, values: Values, limit_characters: int) -> str:
    parts: list[str] = []
    room_characters = limit_characters
    for part in template.generate(dict(values)):
        room_characters -= len(part)
        if room_characters < 0:
            raise PackError("", f"riempito supera i {limit_characters} caratteri")
        parts.append(part)
    return "".join(parts)


def _locate(name: str, folders: tuple[Path, ...]) -> Path | None:
    if ".." in Path(name).parts:
        return None
    return next((path for folder in folders if (path := folder / name).is_file()), None)


def _listed(folders: tuple[Path, ...]) -> str:
    return ", ".join(f"{folder.parent.name}/{folder.name}" for folder in folders)


def _cause(error: Exception) -> Exception | None:
    """The cause to keep: none whose text may repeat a value, as that of ``int("Maria")`` does."""
    return error if isinstance(error, TemplateError) else None


def _pack_error(error: Exception, file: Path | str, where: str) -> VideoGuideError:
    """An error of filling as a PackError that names the file and the line; other errors of ours stay as they are."""
    if isinstance(error, TemplateSyntaxError):
        file, place = error.filename or file, f"riga {error.lineno}"
        reason = error.message or "non è un modello"
    else:
        place = _line(error.__traceback__, str(file))
        reason = _reason(error)
    where = ", ".join(part for part in (where, place) if part)
    if isinstance(error, PackError):
        return type(error)(file, reason, where=", ".join(part for part in (where, error.where) if part))
    if isinstance(error, VideoGuideError) and not isinstance(error, UnknownChoice):
        return error
    return PackError(file, reason, where=where)


def _reason(error: Exception) -> str:
    if isinstance(error, PackError):
        return error.reason
    if isinstance(error, UnknownChoice):
        return error.message
    if isinstance(error, TemplateNotFound):
        return f"chiede {error.name!r}, che non è in nessuna delle cartelle"
    if isinstance(error, UndefinedError | SecurityError):
        return error.message or "chiede qualcosa di sconosciuto"
    if isinstance(error, UnicodeDecodeError):
        return "non è UTF-8"
    return f"non si può riempire: {type(error).__name__}"


def _line(trace: TracebackType | None, file: str) -> str:
    """The place of an error, such as ``riga 12``, in the drawing and in a macro file; one-line words have none."""
    place, inner = "", ""
    while trace:
        name = trace.tb_frame.f_code.co_filename
        if name == file:
            place, inner = f"riga {trace.tb_lineno}", ""
        elif name.endswith(".svg"):
            inner = f"{Path(name).name} riga {trace.tb_lineno}"
        trace = trace.tb_next
    return ", ".join(part for part in (place, inner) if part)
