# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Loading a campaign pack: strict, whole, and with errors that name the place."""

from pathlib import Path

import pytest

from tests.support.invented_guides import PackCopy
from tests.support.places import PACKS, ROOT
from videoguide.errors import PackError, UnknownChoice
from videoguide.packs import campaigns
from videoguide.packs.campaigns import Campaign


def test_the_sample_campaign_loads_with_its_cases_documents_and_anomalies(pack: Campaign) -> None:
    assert list(pack.cases) == ["missing-documents", "adult-child", "unverified-iban"]
    assert len(pack.catalogue["documents"]) == 6
    assert set(pack.catalogue["anomalies"]) == {"holder-mismatch", "unverifiable", "foreign-bank", "wrong-coordinates"}
    assert pack.description.years == (2022, 2023) and pack.description.valid_months == 6


def test_a_second_campaign_is_a_second_folder(tiny: Campaign) -> None:
    assert tiny.id == "bonus-libri" and list(tiny.cases) == ["missing-receipt", "missing-school"]


def test_the_packs_of_a_folder_are_listed_by_name(tmp_path: Path) -> None:
    assert campaigns.campaigns(PACKS) == ("bonus-libri",)
    assert campaigns.campaigns(ROOT / "scenes") == ("assegno-unico",)
    assert campaigns.campaigns(tmp_path) == ()


@pytest.mark.parametrize(
    "name", ["", "nothing", "../packs/bonus-libri", "bonus-libri/scenes", ".", "/", "bonus-libri "]
)
def test_an_unknown_campaign_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(UnknownChoice, match=r"valore sconosciuto per campagna: .*; ammessi: bonus-libri"):
        campaigns.load(PACKS, name)


def test_an_unknown_case_or_catalogue_entry_is_refused_with_the_known_ones(tiny: Campaign) -> None:
    with pytest.raises(
        UnknownChoice, match="valore sconosciuto per caso: 'lost'; ammessi: missing-receipt, missing-school"
    ):
        tiny.case("lost")
    with pytest.raises(UnknownChoice, match="valore sconosciuto per receipt: 'pens'; ammessi: books, notebooks"):
        tiny.entry("receipts", "pens")


def test_a_catalogue_entry_knows_its_own_id(tiny: Campaign) -> None:
    assert tiny.entry("receipts", "books") == {
        "id": "books",
        "title": "Scontrino dei libri",
        "said": "lo scontrino dei libri",
    }


@pytest.mark.parametrize(
    ("file", "old", "new", "place"),
    [
        ("campaign.toml", "valid_months", "valid_month", "valid_month"),
        ("campaign.toml", "years = [2024]", 'years = ["2024"]', "years"),
        ("campaign.toml", 'language = "it"', 'language = "en"', "language"),
        ("campaign.toml", 'type = "count"', 'type = "number"', "facts"),
        ("campaign.toml", 'title = "La tua', 'title = 3\nsubtitle = "La tua', "title"),
        ("extract.toml", 'joined_by = "+"', "joined_by = 1", "joined_by"),
        ("windows.toml", "each =", "eech =", "eech"),
        ("scenes/hello.toml", "pause = 400", 'pause = "long"', "pause"),
        ("scenes/hello.toml", "meaning =", "means =", "mean"),
        ("scenes/end-card.toml", "area = [112,", "area = [", "area"),
        ("catalogue.toml", 'said = "lo scontrino dei libri"', "said = 1", "receipts|said|str"),
    ],
)
def test_an_unknown_key_or_a_wrong_type_is_an_error_that_names_file_and_place(
    tiny_copy: PackCopy, file: str, old: str, new: str, place: str
) -> None:
    tiny_copy.change(file, old, new)
    with pytest.raises(PackError, match=place) as caught:
        tiny_copy.load()
    assert caught.value.file == str(tiny_copy.folder / file)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "campaign.toml",
            'catalogue = "receipts"',
            'catalogue = "papers"',
            "valore sconosciuto per catalogo: 'papers'; ammessi: receipts",
        ),
        (
            "campaign.toml",
            'catalogue = "receipts"\n',
            "",
            "valore sconosciuto per catalogo: '\\(nessuno\\)'; ammessi: receipts",
        ),
        (
            "campaign.toml",
            'needs = "pupils"',
            'needs = "pupil"',
            "valore sconosciuto per dato: 'pupil'; ammessi: receipts, pupils",
        ),
        (
            "windows.toml",
            'link = "service"',
            'link = "shop"',
            "valore sconosciuto per collegamento: 'shop'; ammessi: service",
        ),
        (
            "scenes/receipt.toml",
            'window = "receipts"',
            'window = "papers"',
            "valore sconosciuto per finestra: 'papers'; ammessi: receipts",
        ),
        ("scenes/end-card.toml", 'link = "service"', 'link = "shop"', "valore sconosciuto per collegamento: 'shop'"),
        (
            "scenes/end-card.toml",
            'sentence = "go"',
            'sentence = "stop"',
            "valore sconosciuto per frase: 'stop'; ammessi: go",
        ),
        (
            "scenes/receipt.toml",
            'each = "receipts"',
            'each = "papers"',
            "valore sconosciuto per variabile: 'papers'; ammessi: step, receipts",
        ),
        ("scenes/hello.toml", 'id = "topic"', 'id = "hello"', "due frasi hanno lo stesso id"),
        ("scenes/end-card.toml", 'link = "service"', 'link = "service"\nwindow = "receipts"', "uno dei due"),
        ("scenes/end-card.toml", 'link = "service"\n', "", "uno dei due"),
        ("extract.toml", "[values.sex]", "[values.sesso]", "manca: sex"),
        ("extract.toml", 'pupils = "alunni"\n', "", "manca: pupils"),
        ("extract.toml", 'mobile = "cellulare"\n', "", "manca: mobile"),
        ("extract.toml", "[values.receipts]", "[values.pupils]", "manca: receipts"),
        ("extract.toml", 's = "yes"', 's = "yess"', "valore sconosciuto per consent: 'yess'; ammessi: yes, no"),
        ("extract.toml", 'web = "citizen"', 'web = "web"', "valore sconosciuto per channel: 'web'; ammessi: citizen"),
        ("campaign.toml", 'reason = "refused"', 'reason = "solved"', "motivo non valido; ammessi: lettere piccole"),
        ("campaign.toml", 'reason = "refused"', 'reason = "Refused!"', "motivo non valido"),
        ("campaign.toml", 'reason = "refused"', 'reason = "consent-withdrawn"', "ognuno una volta"),
        ("campaign.toml", "status == 'refused'", "first_name == 'Anna'", "chiede il nome della persona"),
        ("campaign.toml", "forget = true", "", "un motivo ha un testo per la persona, oppure «forget»"),
        ("campaign.toml", "forget = true", 'forget = true\ntext = ["x"]', "un motivo ha un testo per la persona"),
        ("extract.toml", 'f = "F"', 'f = "D"', "valore sconosciuto per sex: 'D'; ammessi: F, M"),
    ],
)
def test_a_name_of_something_that_is_not_there_is_an_error_with_what_is(
    tiny_copy: PackCopy, file: str, old: str, new: str, message: str
) -> None:
    tiny_copy.change(file, old, new)
    with pytest.raises(PackError, match=message) as caught:
        tiny_copy.load()
    assert caught.value.file == str(tiny_copy.folder / file)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "javascript:alert(1)",
            "data:text/html,x",
            "http://www.example.org/",
            "//www.example.org/",
            "/bonus-libri",
            "",
        ),
        *("https://www.example.com/", "https://www.example.org.evil.example/", "https://www.example.org@evil.example/"),
        *("https://anna:1234@www.example.org/", "https://www.example.org:8443/", "https://www.example.org?x=1"),
        *(
            "https:///www.example.org/",
            "https://evil.example/\\\\www.example.org/",
            "https://www.example.org\\\\@evil/",
        ),
        *(
            "https://www.example.org/a b",
            "https://www.example.org/à",
            " https://www.example.org/",
            "HTTPS://www.example.org",
        ),
        "https://www.example.org/\\n",
    ],
)
def test_a_link_that_is_no_address_of_an_allowed_site_is_an_error(tiny_copy: PackCopy, url: str) -> None:
    tiny_copy.change("campaign.toml", "https://www.example.org/bonus-libri", url)
    with pytest.raises(PackError, match=r"links\.service.*: non è un indirizzo https di www\.example\.org$"):
        tiny_copy.load()


@pytest.mark.parametrize("url", ["https://www.example.org", "https://www.example.org/a.html?b=1&c=%C3%A0#d"])
def test_a_link_may_lead_to_any_page_of_an_allowed_site(tiny_copy: PackCopy, url: str) -> None:
    tiny_copy.change("campaign.toml", "https://www.example.org/bonus-libri", url)
    assert tiny_copy.load().description.links["service"].url == url


@pytest.mark.parametrize("file", ["extract.toml", "catalogue.toml", "windows.toml", "scenes/hello.toml"])
def test_a_missing_file_is_an_error_that_names_it(tiny_copy: PackCopy, file: str) -> None:
    (tiny_copy.folder / file).unlink()
    with pytest.raises(PackError, match=rf"{file}: non si può leggere"):
        tiny_copy.load()


@pytest.mark.parametrize("content", [b"id = \n", b"title = '\xe8'\n", b"\x89PNG\r\n\x1a\n\0"])
def test_a_file_that_is_not_toml_in_utf_8_is_an_error(tiny_copy: PackCopy, content: bytes) -> None:
    (tiny_copy.folder / "windows.toml").write_bytes(content)
    with pytest.raises(PackError, match="non è TOML in UTF-8"):
        tiny_copy.load()


def test_a_loaded_pack_cannot_be_changed(tiny: Campaign) -> None:
    with pytest.raises(AttributeError):
        tiny.description.title = "x"  # type: ignore[misc]
