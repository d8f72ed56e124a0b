# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Every drawing of our own art stands alone, keeps to its box and to the palette, and can be read."""

import io
import re
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

import pytest
import resvg_py
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.runtime import Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from PIL import Image

from videoguide.assets import assets_folder

ART = assets_folder() / "art"
JINJA = ImmutableSandboxedEnvironment(loader=FileSystemLoader(ART), autoescape=True, undefined=StrictUndefined)
FILES = ("people.svg", "things.svg", "portal.svg", "stage.svg")
KINDS = ("mother", "father", "neutral")
PAPERS = tuple(
    f"{name}-{noun}"
    for name, noun in (
        ("custody", "ruling"),
        ("split", "agreement"),
        ("residence", "permit"),
        ("disability", "certificate"),
        ("guardianship", "decree"),
        ("financial-identification", "form"),
        ("unknown", "paper"),
    )
)

VARIANTS: Mapping[str, tuple[tuple[object, ...], ...]] = {
    "waving_arm": (*((kind,) for kind in KINDS), ("mother", 12), ("father", -12)),
    "holding_arm": tuple((kind,) for kind in KINDS),
    "person_on_phone": tuple((kind,) for kind in KINDS),
    "person_relieved": tuple((kind,) for kind in KINDS),
    "adult_child": (("cake",), ("backpack",)),
    "clerk_at_desk": ((), ("Patronato",)),
    "document": ((2, 1), (3, 0), (0, 1, 2), (1, 3), (0, 4), (4, 0)),
    "document_tick": ((0, 3), (2, 3), (3, 4)),
    "paper": tuple((kind,) for kind in PAPERS),
    "bank_card": ((True,), (False,)),
    "bell": ((), ("white",), ("blue",)),
    "button": ((480, "Modifica"), (480, "Conferma", True)),
    "field": ((600, "IBAN"),),
    "row_item": ((800, "Assegno unico"), (800, "Assegno unico", True)),
    "window": ((120, 90, 900, 640, "MyINPS"), ()),
}
"""Arguments to draw a macro with, where its defaults do not show everything."""

SIZED: Mapping[str, tuple[int, int]] = {
    "window_frame": (960, 720),
    "block": (400, 120),
    "block_lines": (400, 120),
    "field": (600, 180),
    "button": (480, 112),
    "row_item": (800, 120),
    "upload_area": (600, 300),
    "ring": (528, 160),
}
"""Boxes of the macros whose box follows from their arguments, for the arguments used here."""

BOX = re.compile(r"\{#- (\w+), (\d+)x(\d+): [^#]*?-#\}\n\{%- macro (\w+)\(")
COLOUR = re.compile(r'(?:fill|stroke)="([^"]*)"')


def palette() -> dict[str, str]:
    module = vars(JINJA.get_template("palette.svg").module)
    return {name: value for name, value in module.items() if isinstance(value, str) and name.isupper()}


def macros(file: str) -> dict[str, Macro]:
    """The drawings of a file that scenes can use; names with an underscore are the file's own."""
    members = sorted(vars(JINJA.get_template(file).module).items())
    return {name: macro for name, macro in members if isinstance(macro, Macro)}


def boxes(file: str) -> dict[str, tuple[int, int]]:
    """Boxes as the comment just before each macro states them."""
    comments = BOX.findall((ART / file).read_text(encoding="utf-8"))
    assert all(commented == name for commented, _, _, name in comments)
    return {**{name: (int(width), int(height)) for name, width, height, _ in comments}, **SIZED}


DRAWINGS = [
    pytest.param(file, name, arguments, id=f"{file}:{name}({', '.join(map(str, arguments))})")
    for file in FILES
    for name in macros(file)
    for arguments in VARIANTS.get(name, ((),))
]


def svg(file: str, name: str, arguments: tuple[object, ...], margin: int = 0) -> str:
    """The drawing alone, with ``margin`` px of nothing round its box."""
    width, height = boxes(file)[name]
    view = f"{-margin} {-margin} {width + 2 * margin} {height + 2 * margin}"
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view}">{macros(file)[name](*arguments)}</svg>'


def picture(drawing: str, width: int) -> Image.Image:
    png = resvg_py.svg_to_bytes(
        svg_string=drawing, width=width, skip_system_fonts=True, font_dirs=[str(assets_folder() / "fonts")]
    )
    return Image.open(io.BytesIO(bytes(png)))


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb, WCAG 2.1."""
    parts = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    linear = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(colour: str, other: str) -> float:
    light, dark = sorted((luminance(colour), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("file", FILES)
def test_every_drawing_states_its_box(file: str) -> None:
    assert set(macros(file)) <= set(boxes(file))


@pytest.mark.parametrize(("file", "name", "arguments"), DRAWINGS)
def test_a_drawing_stands_alone_inside_its_box(file: str, name: str, arguments: tuple[object, ...]) -> None:
    width, height = boxes(file)[name]
    margin, scale = 100, 0.5
    alone = picture(svg(file, name, arguments, margin), round((width + 2 * margin) * scale))
    ink = alone.getchannel("A").point(lambda alpha: 255 if alpha > 8 else 0).getbbox()
    assert ink is not None, "nothing is drawn"
    left, top, right, bottom = (edge / scale - margin for edge in ink)
    assert left >= -1 and top >= -1 and right <= width + 1 and bottom <= height + 1, (left, top, right, bottom)


@pytest.mark.parametrize(("file", "name", "arguments"), DRAWINGS)
def test_a_drawing_uses_the_palette_and_plain_forms_only(file: str, name: str, arguments: tuple[object, ...]) -> None:
    drawing = svg(file, name, arguments)
    assert set(COLOUR.findall(drawing)) <= {*palette().values(), "none"}
    tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(drawing).iter()}
    assert tags <= {"svg", "g", "path", "rect", "circle", "ellipse", "clipPath", "text"}
    assert "opacity" not in drawing


@pytest.mark.parametrize(("file", "name", "arguments"), DRAWINGS)
def test_an_id_means_one_form(file: str, name: str, arguments: tuple[object, ...]) -> None:
    root = ElementTree.fromstring(svg(file, name, arguments))
    forms: dict[str, bytes] = {}
    for element in root.iter():
        if "id" in element.attrib:
            form = ElementTree.tostring(element)
            assert forms.setdefault(element.attrib["id"], form) == form
    assert set(re.findall(r"url\(#([^)]+)\)", ElementTree.tostring(root, encoding="unicode"))) <= set(forms)


@pytest.mark.parametrize(("file", "name", "arguments"), DRAWINGS)
def test_words_in_a_drawing_are_large(file: str, name: str, arguments: tuple[object, ...]) -> None:
    for element in ElementTree.fromstring(svg(file, name, arguments)).iter("{http://www.w3.org/2000/svg}text"):
        assert int(element.attrib["font-size"]) >= 56
        assert element.attrib["font-family"] == "Titillium Web"


def test_a_family_keeps_its_places_whoever_the_adult_is() -> None:
    groups = [picture(svg("people.svg", f"{kind}_with_children", ()), 190) for kind in KINDS]
    lowest: set[int] = set()
    for group in groups:
        inked = group.getchannel("A").point(lambda alpha: 255 if alpha > 8 else 0).getbbox()
        assert inked is not None
        lowest.add(inked[3])
    assert len(lowest) == 1
    # the right and the lower left of the picture are the children's
    for box in ((140, 0, 190, 200), (0, 85, 30, 195)):
        assert len({group.crop(box).tobytes() for group in groups}) == 1


def test_a_label_is_data_and_not_markup() -> None:
    assert "<b>" not in macros("portal.svg")["button"](480, "<b>Invia</b>")


@pytest.mark.parametrize(
    ("words", "behind"),
    [
        ("INK", "WHITE"),
        ("INK", "STAGE"),
        ("INK", "STAGE_BLUE"),
        ("INK", "STAGE_GREEN"),
        ("INK", "SUN"),
        ("WHITE", "BLUE"),
        ("WHITE", "BLUE_D"),
        ("WHITE", "INK"),
        ("BLUE", "STAGE"),
        ("BLUE", "STAGE_BLUE"),
    ],
)
def test_words_have_contrast(words: str, behind: str) -> None:
    assert contrast(palette()[words], palette()[behind]) >= 4.5


@pytest.mark.parametrize(("mark", "behind"), [("STEEL", "WHITE"), ("GREEN", "WHITE"), ("GREEN", "STAGE")])
def test_marks_have_contrast(mark: str, behind: str) -> None:
    assert contrast(palette()[mark], palette()[behind]) >= 3


def test_the_palette_has_one_darker_step_for_every_form() -> None:
    colours = palette()
    for name, colour in colours.items():
        if f"{name}_D" in colours:
            assert luminance(colours[f"{name}_D"]) < luminance(colour)


def test_art_is_plain_text_without_pictures_inside() -> None:
    for path in sorted(Path(ART).glob("*.svg")):
        source = path.read_text(encoding="utf-8")
        assert "data:" not in source and "<image" not in source and "href" not in source, path.name
