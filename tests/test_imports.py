# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The map of the code holds: who may import whom, and at which one module each library ends."""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.support.places import PACKS, ROOT
from videoguide.packs import campaigns

PACKAGE = ROOT / "videoguide"

# The floors of each folder, from the ground up; on one floor, modules and folders do not know each other.
FLOORS = {
    "": """
        errors timing progress assets wording modes
        settings store
        locks scratch
        packs
        media
        speech
        picture
        intake
        guide
        records
        proof
        runs
        outcomes
        portal
        api
        cli
        """,
    "packs": """
        templates
        campaigns
        watching
        """,
    "media": """
        payload captions encoding
        manifest mp4
        transcripts
        """,
    "speech": """
        loudness numbers sentences voices
        pronunciation
        narration
        """,
    "speech/voices": """
        base sound
        espeak gtts silent
        kokoro
        """,
    "picture": """
        fonts codes layers
        typography
        drawing
        clips pictures legibility
        """,
    "intake": """
        cells encodings headers names parquet tables workbooks
        extracts samples
        applications
        distinct
        inspection
        """,
    "guide": """
        keys script
        eligibility segments guides
        plans
        """,
    "records": """
        connections schema
        database
        installation copies
        applications audit monitoring
        versions
        register
        delivery
        """,
    "proof": """
        readability previews
        check
        sheets
        proofs
        """,
    "runs": """
        interrupts quiet reports
        workers pieces
        pairing
        purging
        desk pipeline stock pruning
        backups
        """,
    "outcomes": """
        privacy tallies
        figures
        comments charts
        bulletin
        """,
    "portal": """
        fetching keys
        configuration metrics static_files
        discovery sessions views
        provider rendering
        answers readiness
        logs
        losses
        state
        security server service streams
        login
        media
        pages
        api
        staff
        app
        """,
    "portal/staff": """
        views kept_previews
        home check_views figures_views preview_views
        check figures preview_form
        comparison preview
        versions
        """,
    "cli": """
        terminal usage
        options
        preview inspect render check versions serve report purge store backup
        """,
}
WITHOUT_FLOORS = {"records/migrations", "records/migrations/versions"}
"""Folders whose files Alembic loads by itself."""

BORDERS = {
    **{library: {"portal"} for library in ("authlib", "fastapi", "httpx2", "joserfc", "prometheus_client", "pydantic")},
    "starlette": {"portal"},
    "h11": {"portal/server"},
    "uvicorn": {"portal/server"},
    "PIL": {"picture/drawing", "picture/legibility", "picture/pictures"},
    "alembic": {"records/database", "records/schema", "records/migrations"},
    "arro3": {"intake/parquet"},
    "av": {"media/encoding"},
    "espeakng_loader": {"speech/voices"},
    "gtts": {"speech/voices"},
    "imageio_ffmpeg": {"speech/voices"},
    "jinja2": {"packs/templates", "portal/rendering"},
    "markupsafe": {"picture/codes", "picture/typography"},
    "moviepy": {"api", "picture/clips"},
    "onnxruntime": {"speech/voices"},
    "pygal": {"outcomes/charts"},
    "python_calamine": {"intake/workbooks"},
    "resvg_py": {"picture/drawing"},
    "rich": {"cli/terminal"},
    "segno": {"picture/codes"},
    "sqlalchemy": {"outcomes/comments", "outcomes/tallies", "records", "runs/pieces", "runs/purging", "runs/quiet"},
    "sqlmodel": {
        "outcomes/comments",
        "outcomes/tallies",
        "portal/sessions",
        "portal/staff/kept_previews",
        "records",
        "runs/pieces",
        "runs/purging",
        "runs/quiet",
    },
    "stdnum": {"intake/cells", "intake/samples"},
    "typer": {"cli"},
    "uharfbuzz": {"picture/fonts"},
}
"""The libraries that end at a border: where their errors become ours, and what they cost is paid."""

EVERYWHERE = {"numpy", "msgspec"}
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers", "tools", "core", "lib"}
LIMIT_LINES = 500


def files() -> list[Path]:
    return [file for file in sorted(PACKAGE.rglob("*.py")) if "_data" not in file.parts]


def place_of(file: Path) -> str:
    """A module's path below the package, as in ``guide/segments``; a folder's own ``__init__`` is the folder."""
    return "/".join(file.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").rstrip("/")


PLACES = {place_of(file): file for file in files()}


def imported(file: Path) -> set[str]:
    """The dotted names of all that a file imports anywhere, for its types alone as well."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file.name} imports relatively"
            names |= {f"{node.module}.{name.name}" for name in node.names}
    return names


def own_place(name: str) -> str | None:
    """The module of ours that a dotted name stands for, or stands in; None for everything else."""
    parts = name.split(".")
    if parts[0] != "videoguide":
        return None
    while "/".join(parts[1:]) not in PLACES:
        parts.pop()
    return "/".join(parts[1:])


IMPORTS = {place: imported(file) for place, file in PLACES.items()}
OWN = sorted(
    {
        (place, other)
        for place, names in IMPORTS.items()
        for name in names
        if (other := own_place(name)) is not None and other != place
    }
)


def floors(folder: str) -> dict[str, int]:
    return {name: floor for floor, line in enumerate(FLOORS[folder].strip().splitlines()) for name in line.split()}


def within(place: str, rooms: Iterable[str]) -> bool:
    """Whether a module is one of these, or in one of these folders."""
    return any(place == room or place.startswith(f"{room}/") for room in rooms)


def goes_back_up(place: str, other: str) -> bool:
    """Whether an import leads to the same floor or a higher one, in the folder where the two ways part."""
    here, there = place.split("/"), other.split("/")
    if not other:  # the package itself, which holds the version and nothing else
        return False
    depth = 0
    while depth < min(len(here), len(there)) and here[depth] == there[depth]:
        depth += 1
    if depth == len(here):  # a folder's own __init__ shows what is in it
        return False
    if depth == len(there):  # from within a folder, its own __init__ would load all that it shows
        return True
    order = floors("/".join(here[:depth]))
    return order[there[depth]] >= order[here[depth]]


@pytest.mark.parametrize("folder", FLOORS)
def test_every_room_has_a_floor_and_no_floor_has_another(folder: str) -> None:
    here = PACKAGE / folder
    modules = {file.stem for file in here.glob("*.py")} - {"__init__"}
    folders = {inner.parent.name for inner in here.glob("*/__init__.py") if place_of(inner) not in WITHOUT_FLOORS}
    assert modules | folders == floors(folder).keys()


def test_every_folder_with_modules_has_its_floors() -> None:
    folders = {"/".join(place.split("/")[:-1]) for place in PLACES}
    assert folders - WITHOUT_FLOORS == FLOORS.keys()


def test_no_import_goes_back_up() -> None:
    assert [f"{place} imports {other}" for place, other in OWN if goes_back_up(place, other)] == []


def test_the_architecture_page_has_a_line_for_every_package() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    first_column = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    rooms = [name.rstrip("/") for cell in first_column for name in re.findall(r"`(\w+/?)`", cell)]
    assert rooms == list(floors("")), "the first column of its table is the ground plan, from the ground up"


@pytest.mark.parametrize("library", BORDERS)
def test_each_library_is_imported_by_its_border_alone(library: str) -> None:
    importing = {place for place, names in IMPORTS.items() if any(name.split(".")[0] == library for name in names)}
    assert {place for place in importing if not within(place, BORDERS[library])} == set()
    assert {room for room in BORDERS[library] if not any(within(place, {room}) for place in importing)} == set()


def test_no_library_is_used_without_a_border() -> None:
    used = defaultdict(set)
    for place, names in IMPORTS.items():
        for name in names:
            used[name.split(".")[0]].add(place)
    others = used.keys() - sys.stdlib_module_names - BORDERS.keys() - EVERYWHERE - {"videoguide"}
    assert {library: used[library] for library in others} == {}


def test_from_applications_to_guides_nothing_knows_the_database() -> None:
    knowing = {place.split("/")[0] for place, other in OWN if other == "records/database"}
    assert knowing == {"records", "runs", "outcomes", "portal", "api", "cli"}


def test_a_module_is_about_something_and_not_too_much() -> None:
    names = {name for place in PLACES for name in place.split("/")}
    assert not names & VAGUE
    lengths = {place: len(file.read_text(encoding="utf-8").splitlines()) for place, file in PLACES.items()}
    assert {place: length for place, length in lengths.items() if length > LIMIT_LINES} == {}


def test_no_public_class_has_the_name_of_another() -> None:
    classes = defaultdict(list)
    for place, file in PLACES.items():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                classes[node.name].append(place)
    assert {name: places for name, places in classes.items() if len(places) > 1} == {}


def test_settings_are_read_from_the_environment_in_one_place() -> None:
    reading = {
        place for place, file in PLACES.items() if re.search(r"\benviron\b|getenv", file.read_text(encoding="utf-8"))
    }
    assert reading == {"settings"}


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
    spelt_out = {
        (place.split("/")[0], match.lower())
        for place, file in PLACES.items()
        for match in re.findall(
            rf"\b(?:{'|'.join(sorted(spelt, key=len, reverse=True))})\b", python_words(file), re.IGNORECASE
        )
    }
    named_by_options = {("cli", word) for word in ("iban_anomaly", "iban-anomaly", "adult_children", "adult-children")}
    as_an_example = {("cli", "assegno-unico")}
    assert spelt_out - named_by_options == as_an_example


def test_a_second_campaign_shares_no_case_fact_or_column_with_the_first() -> None:
    first, second = campaigns.load(ROOT / "scenes", "assegno-unico"), campaigns.load(PACKS, "bonus-libri")
    assert not first.cases.keys() & second.cases.keys()
    assert not first.description.facts.keys() & second.description.facts.keys()
    assert not set(first.extract.columns.values()) & set(second.extract.columns.values())
