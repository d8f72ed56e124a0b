# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A run whose version is revoked meanwhile ends, and delivers nothing more; what it has delivered stays."""

import json
import subprocess
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.databases import MakeAddress, postgresql  # noqa: F401  pytest finds it here
from tests.support.invented_guides import command, environment
from tests.support.places import PACKS
from tests.support.tiny_runs import FOUR, Office, approve, extract, next_day, until
from videoguide.errors import InputError
from videoguide.packs.campaigns import Campaign
from videoguide.records import versions
from videoguide.records.database import Database
from videoguide.records.register import Register
from videoguide.runs import pipeline
from videoguide.runs.quiet import no_run

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("databases")]

MESSAGE = (
    r"campagna bonus-libri: l’approvazione della versione [0-9a-f]{12} è stata ritirata, e il render si ferma; "
    r"le guide già consegnate restano, altre non se ne consegnano"
)


def revoke(address: str) -> None:
    with Database(address) as database:
        (version,) = versions.versions_of(database, "bonus-libri")
        versions.revoke(database, version, "anna")


@pytest.fixture
def office(tmp_path: Path, tiny: Campaign, shared_store: Path) -> Office:
    return Office(tmp_path / "office", tiny, store=shared_store)


@pytest.mark.parametrize("format", pipeline.FORMATS)
@pytest.mark.parametrize(("stage", "delivered"), [("Piano", 0), ("Scene", 0), ("Guide", 2)])
def test_a_revoked_run_delivers_no_more_and_is_taken_up_when_it_is_approved_again(
    office: Office, monkeypatch: pytest.MonkeyPatch, format: pipeline.Format, stage: str, delivered: int
) -> None:
    monkeypatch.setattr(pipeline, "BATCH", 2)
    seen: set[str] = set()

    def tell(what: str, *_: int) -> None:
        if what == stage and what not in seen:
            seen.add(what)
            revoke(office.settings.database)

    with pytest.raises(InputError, match=f"^{MESSAGE}$") as caught:
        office.render(*FOUR, format=format, tell=tell)
    assert len(office.current()) == delivered
    assert office.rows("SELECT count(*) FROM deliveries") == [(delivered,)]
    report = json.loads((office.output / "report.json").read_bytes())
    assert report["stopped"] == caught.value.message and report["made"] == delivered
    assert office.rows("SELECT ended_at IS NULL FROM runs") == [(0,)]
    with Database(office.settings.database) as database, no_run(database):
        pass  # nothing waits for it any more
    before = office.current()
    again = office.render(*FOUR, format=format)
    assert (again.made, again.kept, again.stopped) == (4 - delivered, delivered, "")
    assert before.items() <= office.current().items()
    assert len(office.files()) == 4 and all(office.files().values()) is (format == "mp4")


def test_guides_that_would_be_renewed_or_withdrawn_stay_as_they_are(office: Office) -> None:
    office.render(*FOUR)
    before, files = office.guides(), office.files()
    solved = [{**person, "stato": "pagata"} for person in next_day(*FOUR)]
    with pytest.raises(InputError, match=MESSAGE):
        office.render(*solved, tell=lambda what, *_: revoke(office.settings.database) if what == "Piano" else None)
    assert (office.guides(), office.files()) == (before, files)


def test_drafts_need_no_approval(office: Office) -> None:
    office.render({})
    report = office.render(
        *FOUR, draft=True, tell=lambda what, *_: revoke(office.settings.database) if what == "Piano" else None
    )
    assert report.made == 4


def test_the_command_ends_with_one_line_and_a_status_of_its_own(office: Office) -> None:
    office.approve()
    file = extract(office.folder / "x.csv", *({**person, "numero": f"{n}"} for n in range(300) for person in FOUR[:1]))
    running = subprocess.Popen(
        command(
            *("render", "bonus-libri", str(file), "-o", str(office.output), "--format", "ranges", "--workers", "1"),
            program="from videoguide.runs import pipeline; pipeline.BATCH = 1",
        ),
        env=environment(
            office.settings.store, VIDEOGUIDE_DATABASE=office.settings.database, VIDEOGUIDE_SCENES=str(PACKS)
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert until(lambda: office.rows("SELECT count(*) FROM guides")[0][0] > 3)
    env = {"VIDEOGUIDE_DATABASE": office.settings.database, "VIDEOGUIDE_SCENES": str(PACKS)}
    done = subprocess.run(
        command("approve", "bonus-libri", "--revoke"), env=environment(office.settings.store, **env), timeout=60
    )
    delivered = office.rows("SELECT count(*) FROM guides")[0][0]
    assert done.returncode == 0
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out, err.count("\n")) == (2, "", 1) and err.startswith("videoguide: campagna")
    assert delivered < 300 and office.rows("SELECT count(*) FROM guides") == [(delivered,)]


def test_in_postgresql_a_batch_and_a_revocation_wait_for_each_other(
    office: Office,
    postgresql: MakeAddress,  # noqa: F811
    tmp_path: Path,
) -> None:
    address = postgresql()
    version = approve(replace(office.settings, database=address, store=tmp_path / "s"), office.campaign)
    with Database(address) as database:
        register = Register(database, office.campaign, version)
        with database.session() as session:
            register._hold_approval(session)
            revoking = threading.Thread(target=revoke, args=(address,))
            revoking.start()
            revoking.join(0.5)
            assert revoking.is_alive(), "what is being delivered is delivered first"
        revoking.join(20)
        with pytest.raises(InputError, match=MESSAGE):
            register.apply([])
