# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A guide's files under the real server: every byte and range of them, for their person and for nobody else."""

import contextlib
import json
import os
import random
import shutil
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import httpx2
import pytest
from starlette.requests import Request

from tests.support.delivered_guides import deliver
from tests.support.portals import ELISA, GIULIA, RunningPortal, running_portal
from videoguide.guide.guides import Guide, write_guide
from videoguide.media.payload import SEGMENTS
from videoguide.packs.campaigns import SOLVED
from videoguide.portal.media import PIECE_BYTES, VirtualFile, asked_range, film
from videoguide.store import Store

MINE, THEIRS, EXPIRED, CHANGED, SOLVED_ONE = ("a" * 32, "b" * 32, "c" * 32, "d" * 32, "e" * 32)
UNLIMITED = {"portal_session_rate": "1000000", "portal_address_rate": "1000000"}
FILES = {
    "video.mp4": ".mp4",
    "download.mp4": ".mp4",
    "sound.m4a": ".m4a",
    "captions.vtt": ".vtt",
    "chapters.vtt": ".chapters.vtt",
    "buttons.vtt": ".buttons.vtt",
    "poster.jpg": ".jpg",
}
"""Names below a guide's page, and the files beside a guide that they must equal."""


@pytest.fixture(scope="module")
def written(tiny_guide: Guide, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The guide as files: what ``write_guide`` makes of it."""
    file = tmp_path_factory.mktemp("written") / "guide.mp4"
    write_guide(tiny_guide, file)
    return file


@pytest.fixture(scope="module")
def whole(written: Path) -> bytes:
    return written.read_bytes()


@pytest.fixture(scope="module")
def portal(tiny_guide: Guide, shared_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    with running_portal(tmp_path_factory.mktemp("media"), UNLIMITED, store=shared_store) as running:
        database, store = running.portal.database, running.portal.store
        deliver(database, GIULIA, id=MINE, guide=tiny_guide, store=store)
        deliver(database, ELISA, id=THEIRS, number="2", guide=tiny_guide, store=store)
        kept = {"guide": tiny_guide, "store": store}
        deliver(database, GIULIA, id=EXPIRED, number="3", expires_in=-timedelta(seconds=1), **kept)  # type: ignore[arg-type]
        deliver(database, GIULIA, id=CHANGED, number="4", because="changed", **kept)  # type: ignore[arg-type]
        deliver(database, GIULIA, id=SOLVED_ONE, number="5", because=SOLVED, **kept)  # type: ignore[arg-type]
        yield running


@pytest.fixture(scope="module")
def citizen(portal: RunningPortal) -> Iterator[httpx2.Client]:
    with portal.as_citizen() as browser:
        browser.headers["Accept"] = "*/*"
        yield browser


def video(citizen: httpx2.Client, **headers: str) -> httpx2.Response:
    return citizen.get(f"/guide/{MINE}/video.mp4", headers={name.replace("_", "-"): headers[name] for name in headers})


# Bytes and ranges ------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_what_would_be_written(name: str, citizen: httpx2.Client, written: Path) -> None:
    answer = citizen.get(f"/guide/{MINE}/{name}")
    assert answer.status_code == 200
    assert answer.content == written.with_suffix(FILES[name]).read_bytes()
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["cache-control"] == "no-store", "a shared computer keeps nothing of a person's guide"


def test_the_manifest_is_what_would_be_written_but_for_the_names_of_files(
    citizen: httpx2.Client, written: Path
) -> None:
    beside = json.loads(written.with_suffix(".json").read_bytes())
    assert citizen.get(f"/guide/{MINE}/guide.json").json() == {**beside, "files": {}}


def test_the_download_has_a_name_that_tells_nothing_of_the_person(citizen: httpx2.Client) -> None:
    answer = citizen.get(f"/guide/{MINE}/download.mp4")
    assert answer.headers["content-disposition"] == 'attachment; filename="guida.mp4"'
    assert answer.headers["content-type"] == "video/mp4"


def test_ranges_across_every_joint_are_the_files_bytes(citizen: httpx2.Client, tiny_guide: Guide, whole: bytes) -> None:
    whole_film = film(tiny_guide)
    assert whole_film.size_bytes == len(whole)
    chance = random.Random(4)
    asked = [
        (max(0, end - chance.choice([1, 2, 700])), min(end + chance.choice([1, 2, 700]), whole_film.size_bytes))
        for end in whole_film.ends[:-1]
    ]
    asked += [
        (start, chance.randint(start + 1, whole_film.size_bytes))
        for start in chance.sample(range(whole_film.size_bytes - 1), 60)
    ]
    asked += [(whole_film.ends[0] - 1, whole_film.ends[-2] + 1)]
    for start, end in asked:
        answer = video(citizen, Range=f"bytes={start}-{end - 1}")
        assert answer.status_code == 206
        assert answer.content == whole[start:end], f"{start}-{end}"
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(whole)}"
        assert answer.headers["content-length"] == str(end - start)


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-", 206, (0, None)),
        ("bytes=0-0", 206, (0, 1)),
        ("bytes=1000-", 206, (1000, None)),
        ("bytes=-1", 206, (-1, None)),
        ("bytes=-700", 206, (-700, None)),
        ("bytes=-999999999999", 206, (0, None)),
        ("bytes=5-999999999999999999999999999999", 206, (5, None)),
        ("Bytes=5-9", 206, (5, 10)),
        # no range, or none that is well formed: all of it
        ("bytes=9-5", 200, (0, None)),
        ("bytes=-", 200, (0, None)),
        ("bytes=", 200, (0, None)),
        ("bytes", 200, (0, None)),
        ("bytes=a-b", 200, (0, None)),
        ("bytes=1.5-9", 200, (0, None)),
        ("bytes=--5", 200, (0, None)),
        ("bytes=0x10-0x20", 200, (0, None)),
        ("bytes=5 - 9", 200, (0, None)),
        ("items=0-9", 200, (0, None)),
        ("bytes=" + "9" * 5000 + "-", 200, (0, None)),
        # several: all of it, once
        ("bytes=0-1,5-9", 200, (0, None)),
        ("bytes=" + ",".join(f"{n}-{n}" for n in range(1000)), 200, (0, None)),
    ],
)
def test_a_range_header_is_read_as_the_standard_says(
    asked: str, status: int, part: tuple[int, int | None], citizen: httpx2.Client, whole: bytes
) -> None:
    answer = video(citizen, Range=asked)
    assert answer.status_code == status
    assert answer.content == whole[slice(*part)]
    assert answer.headers["content-length"] == str(len(answer.content))
    assert ("content-range" in answer.headers) == (status == 206)
    assert answer.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize("asked", ["bytes=-0", "bytes={size}-", "bytes={size}-{size}", "bytes=9999999999999999999999-"])
def test_a_range_beyond_the_end_is_refused_with_the_size(asked: str, citizen: httpx2.Client, whole: bytes) -> None:
    answer = video(citizen, Range=asked.format(size=len(whole)))
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(whole)}"
    assert answer.json()["error"]["code"] == "out_of_range"


def test_the_last_byte_can_be_asked_for(citizen: httpx2.Client, whole: bytes) -> None:
    answer = video(citizen, Range=f"bytes={len(whole) - 1}-{len(whole) - 1}")
    assert (answer.status_code, answer.content) == (206, whole[-1:])


@pytest.mark.parametrize("name", ["video.mp4", "download.mp4", "sound.m4a"])
def test_head_says_all_and_sends_nothing(name: str, citizen: httpx2.Client) -> None:
    got = citizen.get(f"/guide/{MINE}/{name}")
    for headers in ({}, {"Range": "bytes=0-9"}):  # ranges are defined for GET alone
        head = citizen.head(f"/guide/{MINE}/{name}", headers=headers)
        assert head.status_code == 200 and head.content == b""
        for field in ("content-length", "etag", "accept-ranges", "content-type"):
            assert head.headers[field] == got.headers[field]
    sent = citizen.head(f"/guide/{MINE}/{name}", headers={"If-None-Match": got.headers["etag"]})
    assert sent.status_code == 304


def test_if_range_gives_the_part_only_of_the_same_film(citizen: httpx2.Client, whole: bytes) -> None:
    etag = video(citizen).headers["etag"]
    assert video(citizen, Range="bytes=5-9", If_Range=etag).content == whole[5:10]
    for other in ('"another"', f"W/{etag}", etag.strip('"'), "Wed, 21 Oct 2015 07:28:00 GMT"):
        answer = video(citizen, Range="bytes=5-9", If_Range=other)
        assert (answer.status_code, answer.content) == (200, whole), other
    beyond = video(citizen, Range=f"bytes={len(whole)}-", If_Range='"another"')
    assert (beyond.status_code, beyond.content) == (200, whole)


def test_what_is_known_is_not_sent_again(citizen: httpx2.Client) -> None:
    etag = video(citizen).headers["etag"]
    for tag in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = video(citizen, If_None_Match=tag, Range="bytes=0-9")
        assert (answer.status_code, answer.content) == (304, b""), tag
        assert answer.headers["etag"] == etag
    assert video(citizen, If_None_Match='"other"').status_code == 200


def test_the_etag_follows_the_guides_own_bytes(
    tiny_guide: Guide, portal: RunningPortal, citizen: httpx2.Client
) -> None:
    longer = Guide(tiny_guide.outline, (*tiny_guide.segments, tiny_guide.segments[-1]))
    assert film(longer).etag != film(tiny_guide).etag == video(citizen).headers["etag"]


def test_ranges_of_the_sound_are_its_bytes(citizen: httpx2.Client, written: Path) -> None:
    sound = written.with_suffix(".m4a").read_bytes()
    answer = citizen.get(f"/guide/{MINE}/sound.m4a", headers={"Range": "bytes=1000-1999"})
    assert (answer.status_code, answer.content) == (206, sound[1000:2000])
    assert answer.headers["content-type"] == "audio/mp4"


def test_a_film_reads_any_range_in_pieces(tmp_path: Path) -> None:
    chance = random.Random(1)
    files = [tmp_path / str(number) for number in range(3)]
    for file in files:
        file.write_bytes(chance.randbytes(PIECE_BYTES + 100) + b"what follows a payload does not count")
    joined = VirtualFile(
        (b"head", *files), (4, 4 + PIECE_BYTES, 4 + 2 * PIECE_BYTES + 100, 104 + 2 * PIECE_BYTES), '"x"'
    )
    whole = b"head" + files[0].read_bytes()[:PIECE_BYTES]
    whole += files[1].read_bytes()[: PIECE_BYTES + 100] + files[2].read_bytes()[:0]
    for start, end in [(0, joined.size_bytes), (3, 5), *pairwise(sorted(chance.sample(range(joined.size_bytes), 40)))]:
        pieces = list(joined.read(start, end))
        assert b"".join(pieces) == whole[start:end]
        assert all(0 < len(piece) <= PIECE_BYTES for piece in pieces)


def test_no_range_of_an_empty_film() -> None:
    assert asked_range(None, 0) is None


# Whose it is ---------------------------------------------------------------------

NOBODYS = (
    THEIRS,
    EXPIRED,
    CHANGED,
    "f" * 32,
    MINE.upper(),
    MINE[:-1],
    MINE + "a",
    f"{MINE}%00",
    f"{MINE}%20",
    "*",
    "%25",
    "' OR 1=1 --",
    "à",
    "x" * 5000,
)
"""Other people's, guessed, expired, replaced and impossible ones."""
BELOW = ("", "/text", "/video.mp4", "/download.mp4", "/sound.m4a", "/captions.vtt", "/poster.jpg", "/guide.json")


@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_what_is_not_mine_cannot_be_told_from_what_never_was(
    accept: str, portal: RunningPortal, citizen: httpx2.Client
) -> None:
    never = citizen.get(f"/guide/{'0' * 32}", headers={"Accept": accept})
    assert never.status_code == 404
    for guide in NOBODYS:
        for below in BELOW:
            answer = citizen.get(f"/guide/{guide}{below}", headers={"Accept": accept})
            assert (answer.status_code, answer.content) == (404, never.content), f"{guide[:40]}{below}"
    headers = {"guide", "etag", "content-range", "accept-ranges"}
    assert not headers & set(never.headers)


def test_tricks_with_the_path_reach_no_file(portal: RunningPortal, citizen: httpx2.Client) -> None:
    host = portal.url.removeprefix("http://")
    for path in (
        f"/guide/{MINE}/../{THEIRS}/video.mp4",
        f"/guide/{MINE}/%2e%2e/{THEIRS}/video.mp4",
        f"/guide/{MINE}/..%2f{THEIRS}%2fvideo.mp4",
        f"/guide/{MINE}//video.mp4",
        f"/guide/{MINE}/video.mp4/",
        f"/guide/{MINE}/video.mp4;x",
        f"/guide/{MINE}/../../../../etc/passwd",
        f"/guide/{MINE}\\video.mp4",
    ):
        request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {citizen.headers['Cookie']}\r\nConnection: close\r\n"
        with socket.create_connection(("127.0.0.1", int(host.rpartition(":")[2])), 10) as connection:
            connection.sendall(f"{request}Accept: */*\r\n\r\n".encode())
            status = connection.makefile("rb").readline()
        assert status.split()[1] in (b"404", b"307"), path
        if b"307" in status:  # the slash too many
            assert citizen.get(path.rstrip("/")).status_code == 200


def test_a_guide_whose_reason_has_vanished_says_so_to_its_person_and_does_not_play(
    portal: RunningPortal, citizen: httpx2.Client
) -> None:
    page = citizen.get(f"/guide/{SOLVED_ONE}", headers={"Accept": "text/html"})
    assert page.status_code == 410
    assert "non ti serve più" in page.text and "<video" not in page.text
    with portal.as_citizen(ELISA) as other:
        assert other.get(f"/guide/{SOLVED_ONE}").status_code == 404
    for below in BELOW[1:]:
        assert citizen.get(f"/guide/{SOLVED_ONE}{below}").status_code == 404, below
    assert SOLVED_ONE not in citizen.get("/guide", headers={"Accept": "text/html"}).text


def test_a_guide_that_is_withdrawn_or_expires_while_it_is_watched_stops(
    portal: RunningPortal, tiny_guide: Guide
) -> None:
    from videoguide.records.database import GuideRecord, now

    database, store = portal.portal.database, portal.portal.store
    for id, change in (
        ("1" * 32, {"withdrawn_because": SOLVED, "withdrawn_at": now()}),
        ("2" * 32, {"withdrawn_because": "changed", "withdrawn_at": now()}),
        ("3" * 32, {"expires_at": now()}),
    ):
        deliver(database, GIULIA, id=id, number=f"1{id}", guide=tiny_guide, store=store)
        with portal.as_citizen() as browser:
            assert browser.get(f"/guide/{id}/video.mp4", headers={"Range": "bytes=0-9"}).status_code == 206
            with database.session() as session:
                record = session.get(GuideRecord, id)
                for name, value in change.items():
                    setattr(record, name, value)
            assert browser.get(f"/guide/{id}/video.mp4", headers={"Range": "bytes=10-19"}).status_code == 404


@pytest.mark.parametrize("below", [*BELOW[1:], "/chapters.vtt", "/buttons.vtt"])
def test_files_are_for_citizens_who_are_logged_in(below: str, portal: RunningPortal) -> None:
    with portal.browser() as nobody, portal.as_staff("approver") as staff:
        sent = nobody.get(f"/guide/{MINE}{below}")
        assert sent.status_code == 303 and sent.headers["location"].startswith("/login?next=/guide/")
        refused = nobody.get(f"/guide/{MINE}{below}", headers={"Accept": "*/*"})
        assert refused.status_code == 401 and refused.json()["error"]["code"] == "not_logged_in"
        assert staff.get(f"/guide/{MINE}{below}").status_code == 403


def test_a_flood_of_tiny_ranges_is_slowed_down(tiny_guide: Guide, shared_store: Path, tmp_path: Path) -> None:
    with running_portal(tmp_path, {"portal_session_rate": "2"}, store=shared_store) as portal:
        deliver(portal.portal.database, GIULIA, id=MINE, guide=tiny_guide, store=portal.portal.store)
        with portal.as_citizen() as browser:
            answers = [
                browser.get(f"/guide/{MINE}/video.mp4", headers={"Range": f"bytes={n}-{n}", "Accept": "*/*"})
                for n in range(60)
            ]
    statuses = [answer.status_code for answer in answers]
    assert statuses[:10] == [206] * 10 and statuses.count(429) >= 30
    assert int(answers[-1].headers["retry-after"]) >= 1


# A store that is not whole -----------------------------------------------------------


@pytest.fixture
def frail(
    tiny_guide: Guide, shared_store: Path, tmp_path: Path
) -> Iterator[tuple[RunningPortal, httpx2.Client, list[Path]]]:
    """A portal on a store of its own, which may be harmed, a browser, and the segments' files."""
    store = Store(tmp_path / "store")
    for segment in tiny_guide.segments:
        path = store.path(SEGMENTS, segment.key)
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(segment.path, path)
    with running_portal(tmp_path, UNLIMITED) as portal, portal.as_citizen() as browser:
        deliver(portal.portal.database, GIULIA, id=MINE, guide=tiny_guide, store=store)
        yield portal, browser, [store.path(SEGMENTS, segment.key) for segment in tiny_guide.segments]


@pytest.mark.parametrize("watched_before", [False, True])
@pytest.mark.parametrize("harm", ["missing", "cut", "a folder"])
def test_a_piece_that_is_harmed_is_told_before_anything_is_sent(
    harm: str, watched_before: bool, tiny_guide: Guide, frail: tuple[RunningPortal, httpx2.Client, list[Path]]
) -> None:
    portal, browser, (*_, piece) = frail
    other = Guide(tiny_guide.outline, tiny_guide.segments[:1])
    address = f"/guide/{MINE}/video.mp4"
    if watched_before:
        assert browser.get(address, headers={"Range": "bytes=0-9"}).status_code == 206
    if harm == "cut":
        with piece.open("r+b") as file:
            file.truncate(piece.stat().st_size - 1)
    else:
        piece.unlink()
        if harm == "a folder":
            piece.mkdir()
    for below in ("", "/text", "/video.mp4"):
        page = browser.get(f"/guide/{MINE}{below}", headers={"Range": "bytes=0-9"})
        assert page.status_code == 503 and "Il servizio è in pausa" in page.text, below
        assert str(piece) not in page.text
        refused = browser.get(f"/guide/{MINE}{below}", headers={"Accept": "*/*"})
        assert refused.json()["error"]["code"] == "unavailable"
    assert browser.get("/guide").status_code == 503, "there is nothing else to show"
    store = portal.portal.store
    deliver(portal.portal.database, GIULIA, id=SOLVED_ONE, number="3", guide=tiny_guide, store=store, because=SOLVED)
    assert browser.get(f"/guide/{SOLVED_ONE}").status_code == 410, "that it is not needed can still be said"
    deliver(portal.portal.database, GIULIA, id=THEIRS, number="2", guide=other, store=store)
    page = browser.get("/guide")
    assert page.status_code == 200 and THEIRS in page.text and MINE not in page.text, "the others can be watched"
    kinds = [line["type"] for line in portal.lines() if line["event"] == "unexpected"]
    assert kinds and set(kinds) == {"StoreError"}


def test_a_lost_outline_is_told(frail: tuple[RunningPortal, httpx2.Client, list[Path]]) -> None:
    portal, browser, _ = frail
    for file in (portal.portal.store.root / "outlines").glob("*/*"):
        file.unlink()
    from videoguide.guide.guides import _outline

    _outline.cache_clear()
    assert browser.get(f"/guide/{MINE}").status_code == 503


def test_a_piece_that_is_cut_while_it_is_sent_ends_the_connection(
    frail: tuple[RunningPortal, httpx2.Client, list[Path]], tmp_path: Path
) -> None:
    portal, browser, _ = frail
    big = tmp_path / "big"
    with big.open("wb") as file:
        file.truncate(64 * PIECE_BYTES)
    _offer(portal, VirtualFile((big,), (64 * PIECE_BYTES,), '"big"'))
    with pytest.raises(httpx2.RemoteProtocolError), browser.stream("GET", "/trial/film") as answer:
        for count, _piece in enumerate(answer.iter_raw(65536)):
            if not count:
                os.truncate(big, 32 * PIECE_BYTES)


def test_connections_that_break_leave_no_file_open(
    frail: tuple[RunningPortal, httpx2.Client, list[Path]], tmp_path: Path
) -> None:
    portal, browser, _ = frail
    big = tmp_path / "big"
    with big.open("wb") as file:
        file.truncate(256 * PIECE_BYTES)
    _offer(portal, VirtualFile((big,), (256 * PIECE_BYTES,), '"big"'))
    for _ in range(8):
        with browser.stream("GET", "/trial/film") as answer:
            pieces = answer.iter_raw(1000)
            assert next(pieces) == bytes(1000)
            assert _open(big), "it is being read"
    deadline = time.monotonic() + 20
    while _open(big):
        assert time.monotonic() < deadline, "files are still open"
        time.sleep(0.02)
    assert browser.get("/guide").status_code == 200


def _offer(portal: RunningPortal, file: VirtualFile) -> None:
    from videoguide.portal.media import answer

    def big_film(request: Request) -> object:
        return answer(request, file, "video/mp4")

    portal.app.add_api_route("/trial/film", big_film, response_model=None)


def _open(file: Path) -> int:
    """How often this process has a file open."""
    count = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            count += descriptor.readlink() == file
    return count
