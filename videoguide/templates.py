"""Jinja2 on the video side: words, conditions and scene drawings of a pack, filled with values.

The pack is ours, the values are not: a first name is whatever an extract says. So everything runs
in an immutable sandbox, an unknown variable is an error, a value is data and never a template, and
what comes out is bounded in length. Importing this module and asking what a template uses costs no
drawing library, so a segment's key can be computed without one.
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

WORDS_LIMIT = 4_000
DRAWING_LIMIT = 2_000_000

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _Sandbox(ImmutableSandboxedEnvironment):
    """A mapping's own entry goes before a method of the same name: ``document.title``, ``case.items``."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


_WORDS = _Sandbox(undefined=StrictUndefined, autoescape=False)


def words(source: str, values: Values, *, file: Path | str = "words", where: str = "") -> str:
    """Fill a sentence, label or rule, up to 4,000 characters; a value is taken as it is.

    ``file`` and ``where`` name the place in the pack for PackError.

    >>> words("Ciao {{ first_name }}!", {"first_name": "{{ 7 * 7 }}"})
    'Ciao {{ 7 * 7 }}!'
    """
    try:
        return _bounded(_sentence(source), values, WORDS_LIMIT)
    except Exception as error:
        raise _pack_error(error, file, where) from _cause(error)


def value(expression: str, values: Values, *, file: Path | str = "regola", where: str = "") -> Any:
    """What an expression of a pack comes to, such as ``documents | length`` or ``channel == 'patronato'``.

    Raises PackError like :func:`words`; asking for what ``values`` lacks is an error, never None.

    >>> value("sex == 'F' and documents | length", {"sex": "F", "documents": ("a", "b")})
    2
    """
    try:
        found = _expression(expression)(dict(values))
        if isinstance(found, Undefined):
            found._fail_with_undefined_error()
        return found
    except Exception as error:
        raise _pack_error(error, file, where) from _cause(error)


@dataclass(frozen=True)
class Condition:
    """A yes-or-no rule of a pack: call it with values; ``variables`` are those it asks for."""

    expression: str
    variables: frozenset[str]
    file: Path | str
    where: str

    def __call__(self, values: Values) -> bool:
        """Whether the rule holds; PackError when it asks for what ``values`` lacks."""
        return bool(value(self.expression, values, file=self.file, where=self.where))


def condition(expression: str, *, file: Path | str = "regola", where: str = "") -> Condition:
    """Check and keep a rule for many calls.

    >>> condition("sex == 'F'")({"sex": "F"})
    True
    """
    variables = variables_used("{{ (" + expression + ") }}", file=file, where=where)
    return Condition(expression, variables, file, where)


def variables_used(source: str, *, file: Path | str = "words", where: str = "") -> frozenset[str]:
    """Names of the variables that a sentence, label or rule may ask for.

    >>> sorted(variables_used("{% if sex == 'F' %}benvenuta{% endif %} {{ first_name }}"))
    ['first_name', 'sex']
    """
    try:
        return _variables_of(source)
    except TemplateError as error:
        raise _pack_error(error, file, where) from error


def fill_drawing(name: str, folders: Sequence[Path], values: Values, **functions: Any) -> str:
    """Fill a scene's SVG template; values are escaped, so that a name cannot become markup.

    ``name`` and all that it imports or includes are looked for in ``folders``, in their order.
    ``functions`` are seen by the template and by macros (``wrap``, ``fit_name`` …); pass the same
    objects each time, hashable ones, since compiled templates are kept for each set of them.
    Raises PackError that names the drawing and its line; one raised by a function keeps its kind.
    """
    found = tuple(Path(folder) for folder in folders)
    file = _locate(name, found) or Path(name)
    try:
        environment = _drawings(found, tuple(sorted(functions.items())))
        filled = _bounded(environment.get_template(name), values, DRAWING_LIMIT)
    except Exception as error:
        raise _pack_error(error, file, "") from _cause(error)
    if _NOT_XML.search(filled):
        raise PackError(file, "un valore contiene un carattere di controllo, che un disegno non può avere")
    return filled


def referenced_files(name: str, folders: Sequence[Path]) -> tuple[Path, ...]:
    """The drawing's own file and all it imports or includes, however far, each once, in reading order.

    Raises PackError for a file that is not there and for a name that only the filling would decide.
    """
    found = tuple(Path(folder) for folder in folders)
    files: dict[Path, None] = {}
    waiting = [(name, Path(name))]
    while waiting:
        wanted, asker = waiting.pop(0)
        path = _locate(wanted, found)
        if path is None:
            raise PackError(asker, f"{wanted!r} non è in nessuna delle cartelle {_listed(found)}")
        if path not in files:
            files[path] = None
            waiting += [(reference, path) for reference in _parsed(path).references]
    return tuple(files)


def drawing_variables(name: str, folders: Sequence[Path], functions: Iterable[str] = ()) -> frozenset[str]:
    """Names of the variables that a drawing and what it includes may ask for.

    ``functions`` are the names that :func:`fill_drawing` will get as functions: not variables.
    Macro files that are imported do not see variables and are left out.
    """
    found = tuple(Path(folder) for folder in folders)
    used: set[str] = set()
    seen: set[Path] = set()
    waiting = [name]
    while waiting:
        wanted = waiting.pop()
        path = _locate(wanted, found)
        if path is None:
            raise PackError(wanted, f"non è in nessuna delle cartelle {_listed(found)}")
        if path not in seen:
            seen.add(path)
            used |= _parsed(path).variables
            waiting += _parsed(path).included
    return frozenset(used.difference(functions))


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
    """What a template file refers to; kept until the file changes."""
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
    seeing = [node.template for node in tree.find_all(nodes.Include) if node.with_context]
    seeing += [node.template for node in tree.find_all(nodes.Import) if node.with_context]
    seeing += [node.template for node in tree.find_all(nodes.FromImport) if node.with_context]
    seeing += [node.template for node in tree.find_all(nodes.Extends)]
    return {str(name.as_const()) for name in seeing}


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
    """One environment for each set of folders and functions.

    Functions are globals of the environment: macros imported without context see nothing else.
    """
    environment = _Sandbox(loader=FileSystemLoader(folders), undefined=StrictUndefined, autoescape=True)
    environment.globals.update(functions)
    return environment


def _bounded(template: Template, values: Values, limit: int) -> str:
    parts: list[str] = []
    room = limit
    for part in template.generate(dict(values)):
        room -= len(part)
        if room < 0:
            raise PackError("", f"riempito supera i {limit} caratteri")
        parts.append(part)
    return "".join(parts)


def _locate(name: str, folders: tuple[Path, ...]) -> Path | None:
    if ".." in Path(name).parts:
        return None
    return next((path for folder in folders if (path := folder / name).is_file()), None)


def _listed(folders: tuple[Path, ...]) -> str:
    return ", ".join(f"{folder.parent.name}/{folder.name}" for folder in folders)


def _cause(error: Exception) -> Exception | None:
    """The cause to keep: not one whose text may repeat a value, such as ``int("Maria")``'s."""
    return error if isinstance(error, TemplateError) else None


def _pack_error(error: Exception, file: Path | str, where: str) -> VideoGuideError:
    """An error of filling as ours: what, and at which line of which file."""
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
    """``riga 12`` of the drawing, and where in a macro file it went wrong; one-line words have no line."""
    place, inner = "", ""
    while trace:
        name = trace.tb_frame.f_code.co_filename
        if name == file:
            place, inner = f"riga {trace.tb_lineno}", ""
        elif name.endswith(".svg"):
            inner = f"{Path(name).name} riga {trace.tb_lineno}"
        trace = trace.tb_next
    return ", ".join(part for part in (place, inner) if part)
