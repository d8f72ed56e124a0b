# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The portal's static files. Their addresses carry one hash over all of them, so browsers may keep them for ever.

What a style or a script loads itself (a font, a module) carries the same hash, because it is named relatively.
The portal's own styles are one file per component, and are sent as one file: on a slow line every request counts.
"""

import gzip
import hashlib
from functools import cache
from pathlib import Path

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from videoguide.errors import UnknownChoice

STATIC_FOLDER = Path(__file__).parent / "static"
STATIC_ROOT = "/static"

STYLES_FOLDER = Path(__file__).parent / "styles"
PORTAL_STYLES = "portal.css"
STYLES = (
    "fonts-and-colours",
    "page",
    "buttons",
    "focus",
    "header-and-footer",
    "breadcrumb",
    "login",
    "guide-cards",
    "cases",
    "watch",
    "player",
    "control-bar",
    "panel",
    "ending",
    "full-screen",
    "disclosure",
    "transcript",
    "in-depth",
    "rating",
    "notice",
    "window-dialog",
    "text-and-audio",
    "reduced-motion",
)
"""The components of ``portal.css``, in the order in which they follow one another in it."""

KINDS = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
FOR_EVER = "public, max-age=31536000, immutable"

router = APIRouter(include_in_schema=False)


def portal_styles() -> str:
    """The portal's own styles, all components in one text."""
    return "\n".join((STYLES_FOLDER / f"{name}.css").read_text(encoding="utf-8") for name in STYLES)


@cache
def static_names() -> tuple[str, ...]:
    """The names of all static files: paths below the folder, and the joined styles."""
    files = (file for file in STATIC_FOLDER.rglob("*") if file.is_file())
    return tuple(sorted({PORTAL_STYLES, *(file.relative_to(STATIC_FOLDER).as_posix() for file in files)}))


@cache
def static_version() -> str:
    """A hash over the names and contents of all static files."""
    digest = hashlib.sha256()
    for name in static_names():
        digest.update(name.encode() + b"\0" + hashlib.sha256(static_content(name)).digest())
    return digest.hexdigest()[:16]


@cache
def static_content(name: str) -> bytes:
    """The bytes of a static file, read once. Raises UnknownChoice for a name that is not one of ``static_names``."""
    if name not in static_names():
        raise UnknownChoice("file statico", name, static_names())
    return portal_styles().encode() if name == PORTAL_STYLES else (STATIC_FOLDER / name).read_bytes()


def static_url(name: str) -> str:
    """The address of a static file. Raises UnknownChoice for a name that is not one of ``static_names``."""
    if name not in static_names():
        raise UnknownChoice("file statico", name, static_names())
    return f"{STATIC_ROOT}/{static_version()}/{name}"


@router.api_route(f"{STATIC_ROOT}/{{version}}/{{name:path}}", methods=["GET", "HEAD"])
async def static_file(request: Request, version: str, name: str) -> Response:
    """A static file, compressed where the browser takes that and it is worth it. Raises HTTPException for any other."""
    if version != static_version() or name not in static_names():
        raise HTTPException(404)
    headers = {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"}
    content = static_content(name)
    if "gzip" in request.headers.get("accept-encoding", "") and (compressed := _compressed(name)):
        content, headers["Content-Encoding"] = compressed, "gzip"
    return Response(content, headers=headers, media_type=KINDS.get(Path(name).suffix, "text/plain"))


@cache
def _compressed(name: str) -> bytes:
    """A static file's compressed form; empty where it saves less than a tenth."""
    plain = static_content(name)
    compressed = gzip.compress(plain, mtime=0)
    return compressed if len(compressed) < 0.9 * len(plain) else b""
