"""The map of the code holds: who may import whom, and at which one module each library ends."""

import ast
import re
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from invented_guides import PACKS, ROOT

from videoguide import campaigns

PACKAGE = ROOT / "videoguide"

# Each module imports only from those above it, and never from one beside it on its line.
LAYERS = """
errors
timing progress
assets store settings readability codes
manifest captions fonts
typography
templates
campaigns
extracts
samples
applications
scratch
intake
script
eligibility
voices
pronunciation
loudness
narration
payload
layers
drawing
clips
pictures legibility
encoding
segments
mp4
transcripts
guides
previews
plans
check
sheets
proofs
database
versions audit
register
workers locks
reports
display
desk
watching
pipeline
upkeep
delivery monitoring
tallies
figures
charts
bulletin
portal
usage
cli
"""

# What is imported for its types alone costs nothing and may point downwards.
FOR_TYPES = {("narration", "script")}

BORDERS = {
    **{library: {"portal"} for library in ("authlib", "fastapi", "httpx2", "joserfc", "prometheus_client", "pydantic")},
    **{library: {"portal"} for library in ("starlette", "uvicorn")},
    "PIL": {"drawing", "legibility", "pictures"},
    "alembic": {"database", "migrations"},
    "arro3": {"extracts"},
    "av": {"encoding"},
    "espeakng_loader": {"voices"},
    "gtts": {"voices"},
    "imageio_ffmpeg": {"voices"},
    "jinja2": {"portal", "templates"},
    "markupsafe": {"codes", "typography"},
    "moviepy": {"clips"},
    "msgspec": {"campaigns", "guides", "intake", "manifest", "payload", "portal", "reports", "samples", "transcripts"},
    "num2words": {"pronunciation"},
    "onnxruntime": {"voices"},
    "pygal": {"charts"},
    "resvg_py": {"drawing"},
    "rich": {"display"},
    "segno": {"codes"},
    "sqlalchemy": {"database", "delivery", "migrations", "monitoring", "register", "tallies", "upkeep", "versions"},
    "sqlmodel": {"audit", "database", "delivery", "monitoring", "portal", "register", "tallies", "upkeep", "versions"},
    "stdnum": {"applications", "samples"},
    "typer": {"cli", "usage"},
    "uharfbuzz": {"fonts"},
}
"""The libraries that end at a border: where their errors become ours, and what they cost is paid."""

EVERYWHERE = {"numpy"}
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers", "tools", "core", "base", "lib"}


def module_of(file: Path) -> str:
    """The module on the map that a file belongs to: a folder is one."""
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def files() -> list[Path]:
    return [file for file in sorted(PACKAGE.rglob("*.py")) if "_data" not in file.parts]


def imported(file: Path) -> set[tuple[str, bool]]:
    """Every module that a file imports anywhere, and whether for its types alone."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for_types = {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and ast.unparse(branch.test) == "TYPE_CHECKING"
        for inner in branch.body
        for node in ast.walk(inner)
    }
    found: set[tuple[str, bool]] = set()
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file.name} imports relatively"
            within = [f"videoguide.{name.name}" for name in node.names]
            names = within if node.module == "videoguide" else [str(node.module)]
        found |= {(name, id(node) in for_types) for name in names}
    return found


ORDER = {name: place for place, line in enumerate(LAYERS.strip().splitlines()) for name in line.split()}
IMPORTS = [
    (module_of(file), name.split("."), for_types, file)
    for file in files()
    for name, for_types in sorted(imported(file))
]
OWN = [(module, parts[1], for_types) for module, parts, for_types, _ in IMPORTS if parts[0] == "videoguide"]


def test_every_module_is_on_the_map_and_the_map_names_no_other() -> None:
    modules = {module_of(file) for file in files()} - {"__init__", "migrations"}
    assert modules == ORDER.keys()


def test_each_module_imports_only_from_those_above_it() -> None:
    wrong = [
        f"{module} imports {other}"
        for module, other, for_types in OWN
        if module not in ("__init__", other)
        and other != "__version__"
        and ORDER[other] >= ORDER[module]
        and not (for_types and (module, other) in FOR_TYPES)
    ]
    assert wrong == []


def test_the_architecture_page_names_every_module() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = {
        name.rstrip("/")
        for line in page.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`(\w+/?)`", line.split("|")[1])
    }
    assert named == ORDER.keys(), "the first column of its table is the map"


@pytest.mark.parametrize("library", BORDERS)
def test_each_library_is_imported_by_its_border_alone(library: str) -> None:
    importing = {module for module, parts, for_types, _ in IMPORTS if parts[0] == library and not for_types}
    assert importing == BORDERS[library]


def test_no_library_is_used_without_a_border() -> None:
    used = defaultdict(set)
    for module, parts, _, _ in IMPORTS:
        used[parts[0]].add(module)
    others = used.keys() - sys.stdlib_module_names - BORDERS.keys() - EVERYWHERE - {"videoguide"}
    assert {library: used[library] for library in others} == {}


def test_from_applications_to_guides_nothing_knows_the_database() -> None:
    knowing = {module for module, other, _ in OWN if other == "database"}
    assert knowing <= {
        "versions",
        "audit",
        "register",
        "pipeline",
        "upkeep",
        "delivery",
        "monitoring",
        "tallies",
        "figures",
        "portal",
        "cli",
    }


def test_a_module_is_about_something_and_not_too_much() -> None:
    assert not {module_of(file) for file in files()} & VAGUE
    lengths = {file.name: len(file.read_text(encoding="utf-8").splitlines()) for file in files()}
    assert {name: length for name, length in lengths.items() if length > 500} == {}


def test_settings_are_read_from_the_environment_in_one_place() -> None:
    reading = {
        module_of(file) for file in files() if re.search(r"\benviron\b|getenv", file.read_text(encoding="utf-8"))
    }
    assert reading <= {"settings"}


def python_words(file: Path) -> str:
    """A file's code without comments and docstrings."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        for inner in getattr(node, "body", []) if isinstance(getattr(node, "body", None), list) else []:
            if (
                isinstance(inner, ast.Expr)
                and isinstance(inner.value, ast.Constant)
                and isinstance(inner.value.value, str)
            ):
                inner.value.value = ""
    return ast.unparse(tree)


def test_nothing_of_a_campaign_is_in_the_code() -> None:
    """Its id, cases, facts, catalogue entries, scenes and links are data; only the preview's options name a few."""
    pack = campaigns.load(ROOT / "scenes", "assegno-unico")
    about = pack.description
    entries = {entry for catalogue in pack.catalogue.values() for entry in catalogue}
    words = {about.id, *pack.cases, *about.facts, *about.links, *entries} - {"app", "service", "documents"}
    words |= {"assegno", "inps", "auu", *(scene for scene in pack.scenes if "-" in scene)}
    spelt = {re.sub("[-_]", "[-_ ]", word) for word in words}
    found = {
        (module_of(file), match.lower())
        for file in files()
        for match in re.findall(
            rf"\b(?:{'|'.join(sorted(spelt, key=len, reverse=True))})\b", python_words(file), re.IGNORECASE
        )
    }
    named_by_options = {("cli", word) for word in ("iban_anomaly", "iban-anomaly", "adult_children", "adult-children")}
    as_an_example = {("cli", "assegno-unico")}
    assert found - named_by_options == as_an_example


def test_a_second_campaign_shares_no_case_fact_or_column_with_the_first() -> None:
    one, other = campaigns.load(ROOT / "scenes", "assegno-unico"), campaigns.load(PACKS, "bonus-libri")
    assert not one.cases.keys() & other.cases.keys()
    assert not one.description.facts.keys() & other.description.facts.keys()
    assert not set(one.extract.columns.values()) & set(other.extract.columns.values())
