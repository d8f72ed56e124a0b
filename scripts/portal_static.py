# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Renew the portal's files from elsewhere: Bootstrap Italia's styles, icons and fonts, video.js, our own art.

    pip install design-django-theme==2.18.1 tinycss2==1.5.1
    python scripts/portal_static.py

Only what the pages use is kept, because a citizen's old phone loads it: of the styles every rule whose
classes and elements occur in a template or script, of the icons every one that is named there. Needs
npm for video.js. Run it again after a new class or icon of Bootstrap Italia is used in a template.
"""

import base64
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from importlib.metadata import files, version
from pathlib import Path

import tinycss2
from tinycss2.ast import AtRule, Declaration, Node, QualifiedRule

from videoguide.assets import assets_folder
from videoguide.packs.templates import fill_drawing
from videoguide.portal.static_files import portal_styles

PORTAL = Path(__file__).resolve().parent.parent / "videoguide" / "portal"
STATIC = PORTAL / "static"
THEME = "design-django-theme"
VIDEO_JS = "8.24.1"

FAMILY = """{%- import "people.svg" as people -%}
<svg xmlns="http://www.w3.org/2000/svg" viewBox="-20 0 800 810">
<path d="M690 230C790 400 780 640 660 785H90C0 640 20 430 150 270C300 90 590 60 690 230Z" fill="#E3EEF9"/>
{{ people.neutral() }}{{ people.children() }}{{ people.holding_arm("neutral") }}{{ people.waving_arm("neutral") }}
</svg>"""

CLASS = re.compile(r"\.((?:\\.|[\w-])+)")
NEGATED = re.compile(r":not\([^)]*\)")
ELEMENT = re.compile(r"(?:^|[\s>+~(,])([a-z][a-z0-9]*)")
ELSEWHERE = ("video-js", "vjs", "data-focus-mouse")
"""What their styles say of the player, which brings its own, and of the focus, which theirs needs a script for."""

VARIABLE = re.compile(r"var\(\s*(--[\w-]+)")


def main() -> None:
    """Fetch, cut down and write every file from elsewhere, and list what there is now."""
    theme = {str(file).split("/static/")[-1]: Path(str(file.locate())) for file in files(THEME) or ()}
    words = used_words()
    css = theme["css/bootstrap-italia.min.css"].read_text(encoding="utf-8-sig")
    ours = portal_styles()
    kept = drop_unused_variables(list(kept_rules(parse(css), words)), ours)
    notice = (
        "/* Bootstrap Italia 2.18.0, what we use of it: scripts/portal_static.py. BSD-3-Clause, see LICENSES.txt */\n"
    )
    (STATIC / "bootstrap-italia.css").write_text(notice + serialise(kept), encoding="utf-8")
    for weight, name in ((400, "regular"), (600, "600"), (700, "700")):
        font = theme[f"fonts/Titillium_Web/titillium-web-v10-latin-ext_latin-{name}.woff2"]
        (STATIC / "fonts" / f"titillium-web-{weight}.woff2").write_bytes(font.read_bytes())
    (STATIC / "icons.svg").write_text(icons(theme["svg/sprites.svg"].read_text(encoding="utf-8")), encoding="utf-8")
    player()
    (STATIC / "family.svg").write_text(family(), encoding="utf-8")
    print(f"{THEME} {version(THEME)}, video.js {VIDEO_JS}")
    for file in sorted(STATIC.rglob("*")):
        if file.is_file():
            print(f"{file.stat().st_size:8} {file.relative_to(STATIC)}")


def used_words() -> set[str]:
    """Everything in our templates and scripts that could be a class or an element."""
    ours = [*PORTAL.glob("templates/*.html"), *(file for file in STATIC.glob("*.js") if ".min." not in file.name)]
    words = {word for file in ours for word in re.findall(r"[\w-]+", file.read_text(encoding="utf-8"))}
    return words | {"html", "body", "root"}


def parse(css: str) -> list[Node]:
    """The rules of a style sheet, without comments and blanks between them."""
    rules: list[Node] = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    return rules


def kept_rules(rules: Iterable[Node], words: set[str]) -> Iterator[Node]:
    """The rules of which at least one selector is used, cut down to the used ones."""
    for rule in rules:
        if isinstance(rule, QualifiedRule):
            selectors = tinycss2.serialize(rule.prelude).strip()
            kept = [selector for selector in split(selectors) if is_used(selector, words)]
            if kept:
                rule.prelude = tinycss2.parse_component_value_list(",".join(kept))
                yield rule
        elif isinstance(rule, AtRule) and rule.lower_at_keyword in {"media", "supports"}:
            inner = list(kept_rules(tinycss2.parse_rule_list(rule.content, True, True), words))
            if inner and "print" not in tinycss2.serialize(rule.prelude):
                rule.content = tinycss2.parse_component_value_list(serialise(inner))
                yield rule


def split(selectors: str) -> list[str]:
    """A list of selectors, cut at its commas but not inside brackets."""
    return [selector.strip() for selector in re.split(r",(?![^(\[]*[)\]])", selectors)]


def is_used(selector: str, words: set[str]) -> bool:
    """Whether all classes and elements of a selector occur in ``words``."""
    if any(other in selector for other in ELSEWHERE):
        return False
    plain = NEGATED.sub("", selector)
    classes = {name.replace("\\", "") for name in CLASS.findall(plain)}
    bare = re.sub(r"\[[^\]]*\]|::?[\w-]+(\([^)]*\))?", "", CLASS.sub("", plain))
    return classes <= words and set(ELEMENT.findall(bare)) <= words and "#" not in plain


def drop_unused_variables(rules: list[Node], ours: str) -> list[Node]:
    """Without the custom properties that nothing kept refers to, directly or through others."""
    while True:
        text = serialise(rules)
        wanted = set(VARIABLE.findall(text + ours))
        changed = False
        for rule in rules:
            if not isinstance(rule, QualifiedRule):
                continue
            nodes = tinycss2.parse_declaration_list(rule.content, skip_comments=True, skip_whitespace=True)
            kept = [
                node
                for node in nodes
                if not (isinstance(node, Declaration) and node.name.startswith("--") and node.name not in wanted)
            ]
            if len(kept) != len(nodes):
                rule.content = tinycss2.parse_component_value_list(";".join(node.serialize() for node in kept))
                changed = True
        rules = [rule for rule in rules if not isinstance(rule, QualifiedRule) or rule.content]
        if not changed:
            return rules


def serialise(rules: Iterable[Node]) -> str:
    """The rules as text, one a line."""
    return "\n".join(rule.serialize() for rule in rules) + "\n"


def icons(sprite: str) -> str:
    """The symbols that a template or script names."""
    files = [*PORTAL.glob("templates/*.html"), *STATIC.glob("*.js")]
    named = "\n".join(file.read_text(encoding="utf-8") for file in files)
    wanted = set(re.findall(r"""["']([a-z-]+)["']""", named))
    symbols = [
        symbol
        for symbol in re.findall(r"<symbol .*?</symbol>", sprite, re.DOTALL)
        if re.search(r'id="it-([\w-]+)"', symbol)[1] in wanted  # type: ignore[index]
    ]
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def family() -> str:
    """The guides' own figures, for pages without a guide."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "family.svg").write_text(FAMILY, encoding="utf-8")
        drawn = fill_drawing("family.svg", [Path(folder), assets_folder() / "art"], {})
    return re.sub(r">\s+<", "><", drawn) + "\n"


def player() -> None:
    """video.js without streaming formats and caption parser: browsers have what we need of them."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", f"video.js@{VIDEO_JS}"], cwd=folder, check=True)
        with tarfile.open(Path(folder) / f"video.js-{VIDEO_JS}.tgz") as package:
            script = read(package, "package/dist/alt/video.core.novtt.min.js")
            css = read(package, "package/dist/video-js.css").decode()
    (STATIC / "video.core.novtt.min.js").write_bytes(script)
    data = re.search(r"url\(data:application/font-woff;charset=utf-8;base64,([^)]+)\)", css)
    assert data, "video.js keeps its icons elsewhere now"
    (STATIC / "fonts" / "video-js.woff").write_bytes(base64.b64decode(data[1]))
    css = css.replace(data[0], 'url("fonts/video-js.woff")')
    notice = f"/* video.js {VIDEO_JS}, its font beside it: scripts/portal_static.py. Apache-2.0, see LICENSES.txt */\n"
    (STATIC / "video-js.css").write_text(notice + serialise(parse(css)), encoding="utf-8")


def read(package: tarfile.TarFile, name: str) -> bytes:
    """A file of a package."""
    file = package.extractfile(name)
    assert file
    return file.read()


if __name__ == "__main__":
    main()
