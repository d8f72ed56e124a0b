# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Application + cases -> script: what is said to whom, scene by scene."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from tests.support.golden_texts import CompareText
from tests.support.invented_guides import HOSTILE_NAMES, PackCopy, a_script, an_application, facts_for, words_of
from videoguide.errors import FirstNameError, InputError, PackError, UnknownChoice
from videoguide.guide.script import FilledScene, Script, guide_values, pattern, shape_of, write_script
from videoguide.intake.applications import Application
from videoguide.packs.campaigns import Campaign
from videoguide.proof.readability import gulpease

CASES = ("missing-documents", "adult-child", "unverified-iban")
COMBINATIONS = [(case,) for case in CASES] + [CASES[:2], CASES[::2], CASES[1:], CASES]
CHANNELS = ("citizen", "patronato")
WINDOWS_OF_CASE = {"missing-documents": "which-documents", "adult-child": "adult-child", "unverified-iban": "why-iban"}


def scene(script: Script, name: str) -> FilledScene:
    (filled,) = (scene for scene in script.scenes if scene.scene == name)
    return filled


def text_of(script: Script, name: str) -> str:
    return " ".join(sentence.text for sentence in scene(script, name).sentences)


def scenes_of(script: Script) -> list[str]:
    return [scene.scene for scene in script.scenes]


class TestGoldenScripts:
    @pytest.mark.parametrize("channel", CHANNELS)
    @pytest.mark.parametrize("case", CASES)
    def test_each_case_through_each_channel(
        self, pack: Campaign, text_as_golden: CompareText, case: str, channel: str
    ) -> None:
        named = {"patronato": "ACLI"} if channel == "patronato" else {}
        text_as_golden(f"script-{case}-{channel}.json", a_script(pack, case, channel=channel, **named))

    @pytest.mark.parametrize("channel", CHANNELS)
    def test_every_case_at_once(self, pack: Campaign, text_as_golden: CompareText, channel: str) -> None:
        facts = {
            "documents": ("custody-ruling", "split-agreement", "disability-certificate"),
            "adult_children": 2,
            "iban_anomaly": "foreign-bank",
        }
        script = a_script(pack, *CASES, channel=channel, facts=facts, sex="M", first_name="Ștefan", filed_year=2023)
        text_as_golden(f"script-every-case-{channel}.json", script)

    def test_all_that_the_campaign_can_say_of_documents_and_anomalies(
        self, pack: Campaign, text_as_golden: CompareText
    ) -> None:
        lines = []
        for document in pack.catalogue["documents"]:
            script = a_script(pack, "missing-documents", facts={"documents": (document,)})
            lines += [f"# {document}", text_of(script, "missing-documents"), *script.windows[0].points]
        for anomaly in pack.catalogue["anomalies"]:
            script = a_script(pack, "unverified-iban", facts={"iban_anomaly": anomaly})
            lines += [f"# {anomaly}", text_of(script, "unverified-iban"), *script.windows[0].text]
        text_as_golden("script-catalogue.txt", "\n".join([*lines, ""]))


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("cases", COMBINATIONS, ids="+".join)
class TestWhatEveryGuideContains:
    """What the domain asks of every guide, whatever the cases and the channel."""

    @pytest.fixture
    def script(self, pack: Campaign, cases: tuple[str, ...], channel: str) -> Script:
        return a_script(pack, *cases, channel=channel)

    def test_the_first_name_is_spoken_and_shown_and_the_picture_is_the_applicants(self, script: Script) -> None:
        hello = script.scenes[0]
        assert hello.sentences[0].text.startswith("Ciao Giulia")
        assert hello.values["first_name"] == "Giulia" and hello.values["figure"] == "mother"

    def test_it_says_what_state_the_application_is_in_and_why_it_is_stuck(
        self, script: Script, cases: tuple[str, ...]
    ) -> None:
        waits = {"missing-documents", "adult-child"} & set(cases)
        assert ("in evidenza al cittadino" in text_of(script, "state")) == bool(waits)
        assert ("Abbiamo accolto la tua domanda" in text_of(script, "state")) == (not waits)
        assert [case for case in CASES if case in scenes_of(script)] == list(cases)

    def test_the_steps_are_addressed_to_whoever_does_them(self, script: Script, channel: str) -> None:
        words = words_of(script)
        if channel == "citizen":
            for expected in ("MyINPS", "SPID", "identità elettronica", "CNS", "Assegno unico"):
                assert expected in words
            assert "Consulta e gestisci le domande già presentate" in words
            assert not {"patronato", "bring"} & set(scenes_of(script))
        else:
            steps = {"log-in", "find", "attach", "child-data", "payment-data", "confirm"}
            assert not steps & set(scenes_of(script))
            for not_theirs in ("SPID", "Allega", "Modifica", "Consulta e gestisci"):
                assert not_theirs not in words
            assert "il patronato farà tutte le operazioni" in words

    def test_steps_are_numbered_from_one_to_the_last(self, script: Script) -> None:
        steps = [scene for scene in script.scenes if "step" in scene.values]
        assert [scene.values["step"] for scene in steps] == list(range(1, len(steps) + 1))
        assert {scene.values["steps"] for scene in steps} <= {len(steps)}

    def test_it_reminds_of_contacts_proactive_services_and_the_app(self, script: Script) -> None:
        reminders = text_of(script, "keep-in-touch")
        for expected in ("contatti", "Gestione consensi", "servizi proattivi", "INPS Mobile"):
            assert expected in reminders

    def test_a_button_of_each_case_opens_its_window(self, script: Script, cases: tuple[str, ...], channel: str) -> None:
        opened = {button.window for scene in script.scenes for button in scene.buttons if button.window}
        assert opened == {window.id for window in script.windows}
        assert opened >= {WINDOWS_OF_CASE[case] for case in cases}
        assert ("how-to-log-in" in opened) == (channel == "citizen")
        assert ("through-patronato" in opened) == (channel == "patronato")

    def test_the_last_scene_leads_to_the_service_and_asks_how_useful_it_was(self, script: Script) -> None:
        last = script.scenes[-1]
        assert last.scene == "end-card"
        (button,) = last.buttons
        assert button.link == "service" and button.area is not None
        service = cast("Mapping[str, str]", last.values["service"])
        assert button.label == "Gestisci e modifica le domande già presentate" == service["title"]
        assert "Gestisci e modifica le domande già presentate" in text_of(script, "end-card")
        assert service["short"] and service["url"].startswith("https://")
        assert re.search(r"[Qq]uanto .* utile", last.sentences[-1].text)

    def test_every_scene_is_easy_to_read_and_alarms_nobody(self, script: Script) -> None:
        for filled in script.scenes:
            assert gulpease(" ".join(sentence.text for sentence in filled.sentences)) >= 60, filled.scene
        assert not re.search(r"urgente|subito|attenzione|sanzion|perder|scaden|pericol|!!", words_of(script), re.I)

    def test_sentences_of_a_scene_have_ids_of_their_own_and_buttons_come_with_one_of_them(self, script: Script) -> None:
        for filled in script.scenes:
            ids = [sentence.id for sentence in filled.sentences]
            assert len(set(ids)) == len(ids)
            assert {button.sentence for button in filled.buttons} <= set(ids)

    def test_no_sentence_has_stray_blanks_or_template_marks(self, script: Script) -> None:
        for line in words_of(script).splitlines():
            assert line == " ".join(line.split()) and line[-1] in ".?!" and not re.search(r"[{}<>|]|None|\[", line)


class TestAgreement:
    @pytest.mark.parametrize(
        ("sex", "words", "figure"),
        [
            ("F", "benvenuta", "mother"),
            ("M", "benvenuto", "father"),
            ("unknown", "questa guida è per te", "neutral"),
        ],
    )
    def test_words_and_picture_agree_with_the_sex(self, pack: Campaign, sex: str, words: str, figure: str) -> None:
        hello = a_script(pack, sex=sex).scenes[0]
        assert words in hello.sentences[0].text
        assert hello.values["figure"] == figure

    def test_unknown_sex_is_addressed_without_an_ending(self, pack: Campaign) -> None:
        assert not re.search(r"benvenut[ao]|\b\w+[ao]/[ao]\b|\*", words_of(a_script(pack, *CASES, sex="unknown")))

    @pytest.mark.parametrize("applicant", ["guardian", "child"])
    @pytest.mark.parametrize("sex", ["F", "M", "unknown"])
    def test_a_guardian_or_the_child_gets_a_neutral_picture(self, pack: Campaign, applicant: str, sex: str) -> None:
        assert a_script(pack, sex=sex, applicant=applicant).scenes[0].values["figure"] == "neutral"

    def test_one_and_several_adult_children_are_worded_differently_throughout(self, pack: Campaign) -> None:
        for channel in CHANNELS:
            singular, plural, nine = (
                words_of(a_script(pack, "adult-child", channel=channel, facts={"adult_children": count}))
                for count in (1, 2, 9)
            )
            assert "Tuo figlio o tua figlia" in singular
            assert "figli" not in singular.replace("figlio", "").replace("figlia", "")
            assert "I tuoi figli" in plural and "tuo figlio" not in plural.lower()
            assert nine == plural

    def test_documents_are_counted_in_words_and_come_in_the_catalogues_order(self, pack: Campaign) -> None:
        every = tuple(pack.catalogue["documents"])
        numbers = ["un documento", "due", "tre", "quattro", "cinque", "sei"]
        for count, number in enumerate(numbers, 1):
            script = a_script(pack, facts={"documents": tuple(reversed(every[:count]))})
            assert number in text_of(script, "missing-documents")
            documents = cast("Sequence[Mapping[str, str]]", scene(script, "missing-documents").values["documents"])
            assert [document["id"] for document in documents] == list(every[:count])
            assert len(script.windows[0].points) == count

    def test_one_missing_document_is_explained_and_several_are_not(self, pack: Campaign) -> None:
        ruling, permit = (pack.catalogue["documents"][name]["help"] for name in ("custody-ruling", "residence-permit"))
        assert ruling in text_of(a_script(pack), "missing-documents")
        two = text_of(a_script(pack, facts={"documents": ("custody-ruling", "residence-permit")}), "missing-documents")
        assert ruling not in two and permit not in two

    @pytest.mark.parametrize(("year", "still_valid"), [(2022, True), (2023, False)])
    def test_only_an_application_of_2022_is_told_that_it_is_still_valid(
        self, pack: Campaign, year: int, still_valid: bool
    ) -> None:
        for case in CASES:
            assert ("2022" in words_of(a_script(pack, case, filed_year=year))) == still_valid

    def test_a_document_asked_along_with_an_anomaly_belongs_to_the_payment_step(self, pack: Campaign) -> None:
        facts = {"documents": ("financial-identification-form",), "iban_anomaly": "foreign-bank"}
        script = a_script(pack, "unverified-iban", facts=facts)
        assert "missing-documents" not in scenes_of(script) and "attach" not in scenes_of(script)
        assert "modulo di identificazione finanziaria" in text_of(script, "payment-data")
        through = a_script(pack, "unverified-iban", facts=facts, channel="patronato")
        assert "documento" in text_of(through, "bring")

    def test_the_patronatos_name_is_said_where_it_is_known(self, pack: Campaign) -> None:
        assert "con il patronato INCA." in words_of(a_script(pack, channel="patronato", patronato="INCA"))
        assert "con un patronato." in words_of(a_script(pack, channel="patronato"))

    def test_the_order_in_which_cases_are_named_does_not_matter(self, pack: Campaign) -> None:
        assert a_script(pack, *reversed(CASES)) == a_script(pack, *CASES)
        assert a_script(pack, "adult-child", "adult-child") == a_script(pack, "adult-child")


class TestNamesAreText:
    @pytest.mark.parametrize("name", HOSTILE_NAMES)
    def test_markup_or_template_syntax_in_a_name_is_said_as_it_stands(self, pack: Campaign, name: str) -> None:
        script = a_script(pack, said=name)
        assert script.scenes[0].values["first_name"] == name
        assert script.scenes[0].sentences[0].text == f"Ciao {name}, benvenuta nella tua guida."

    @pytest.mark.parametrize(
        ("file", "old", "new"),
        [
            ("windows.toml", "Per il bonus", "{{ first_name }}, per il bonus"),
            ("campaign.toml", 'alone = "pupils == 1"', "alone = \"first_name == 'Anna'\""),
            ("campaign.toml", "when = \"'missing-receipt' in cases\"", 'when = "first_name"'),
        ],
    )
    def test_who_gets_which_guide_may_not_depend_on_a_name(
        self, tiny_copy: PackCopy, file: str, old: str, new: str
    ) -> None:
        with pytest.raises(PackError, match="chiede il nome della persona; ammesso solo nelle scene"):
            tiny_copy.change(file, old, new).load()

    def test_without_a_name_the_greeting_is_for_anybody(self, pack: Campaign) -> None:
        nameless = replace(an_application(pack), spoken_name="")
        first = write_script(nameless, ("missing-documents",), pack).scenes[0]
        assert first.sentences[0].text == "Ciao, benvenuta nella tua guida."


class TestPatterns:
    def test_a_pattern_filled_with_another_name_is_the_other_persons_script(self, pack: Campaign) -> None:
        for cases in (("missing-documents",), ("missing-documents", "unverified-iban", "adult-child")):
            giulia, anna = an_application(pack, cases), an_application(pack, cases, first_name="ANNA")
            assert shape_of(giulia) == shape_of(anna)
            shared = pattern(giulia, cases, pack)
            scenes = list(shared.script.scenes)
            for at, scene in shared.scenes_for(anna.spoken_name).items():
                scenes[at] = scene
            assert tuple(scenes) == write_script(anna, cases, pack).scenes
            assert shared.script.windows == write_script(anna, cases, pack).windows

    @pytest.mark.parametrize(
        "change", [{"sex": "M"}, {"applicant": "guardian"}, {"channel": "patronato"}, {"filed_year": 2023}]
    )
    def test_what_changes_a_script_changes_the_shape(self, pack: Campaign, change: dict[str, Any]) -> None:
        assert shape_of(an_application(pack)) != shape_of(an_application(pack, **change))

    @pytest.mark.parametrize("name", ["李", "Анна", "Ελένη", "محمد"])
    def test_a_name_that_the_font_cannot_draw_is_refused_without_being_repeated(
        self, pack: Campaign, name: str
    ) -> None:
        with pytest.raises(FirstNameError, match=r"caratteri che il font non può disegnare \(U\+") as caught:
            a_script(pack, first_name=name)
        assert name not in str(caught.value)

    def test_a_patronato_that_the_font_cannot_draw_is_refused(self, pack: Campaign) -> None:
        with pytest.raises(
            InputError, match=r"^patronato: contiene caratteri che il font non può disegnare \(U\+674E\)"
        ):
            a_script(pack, channel="patronato", patronato="李")


class TestValues:
    def test_a_scene_holds_just_the_variables_that_it_declares(self, pack: Campaign) -> None:
        for channel in CHANNELS:
            for filled in a_script(pack, *CASES, channel=channel).scenes:
                assert filled.values.keys() == pack.scenes[filled.scene].variables.keys()

    def test_guides_of_two_people_differ_in_the_first_scene_only(self, pack: Campaign) -> None:
        anna = a_script(pack, *CASES, first_name="Anna", sex="F", applicant="parent")
        luca = a_script(pack, *CASES, first_name="Luca", sex="M", applicant="guardian")
        assert anna.scenes[0] != luca.scenes[0]
        assert anna.scenes[1:] == luca.scenes[1:]

    def test_the_year_or_the_patronato_changes_only_the_scenes_that_tell_of_it(self, pack: Campaign) -> None:
        def changed(script: Script, altered: Script) -> list[str]:
            pairs = zip(script.scenes, altered.scenes, strict=True)
            return [mine.scene for mine, theirs in pairs if mine != theirs]

        assert changed(a_script(pack, filed_year=2022), a_script(pack, filed_year=2023)) == ["after"]
        acli, inca = (a_script(pack, channel="patronato", patronato=name) for name in ("ACLI", "INCA"))
        assert changed(acli, inca) == ["patronato"]

    def test_values_hold_nothing_of_a_person_but_name_and_sex(self, pack: Campaign) -> None:
        application = an_application(pack)
        values = guide_values(application, ("missing-documents",), pack)
        assert not {"fiscal_code", "email", "mobile", "surname"} & values.keys()

    def test_a_case_without_its_fact_is_refused_with_what_it_may_be(self, pack: Campaign) -> None:
        for case, message in {
            "missing-documents": "manca document; ammessi: custody-ruling, split-agreement",
            "unverified-iban": "manca iban-anomaly; ammessi: holder-mismatch, unverifiable",
            "adult-child": "manca adult-children; ammessi: 1 o più",
        }.items():
            with pytest.raises(InputError, match=f"^caso {case}: {message}"):
                a_script(pack, case, facts={})

    def test_no_case_or_an_unknown_one_is_refused_with_the_known_ones(self, pack: Campaign) -> None:
        with pytest.raises(InputError, match="manca il caso della guida; ammessi: missing-documents, adult-child"):
            write_script(an_application(pack), (), pack)
        with pytest.raises(UnknownChoice, match="valore sconosciuto per caso: 'lost'; ammessi: missing-documents"):
            write_script(an_application(pack), ("missing-documents", "lost"), pack)


class TestBrokenPacks:
    """A pack's own mistakes are errors that name the file and the place in it."""

    @pytest.mark.parametrize(
        ("file", "old", "new", "message"),
        [
            ("scenes/hello.toml", "{{ first_name }}", "{{ surname }}", r"sentences.hello.*surname.* is undefined"),
            ("scenes/hello.toml", "{{ first_name }}", "{{ pupils }}", r"sentences.hello.*pupils.* is undefined"),
            ("scenes/hello.toml", "{% endif %}", "", r"scenes/hello.toml"),
            (
                "scenes/hello.toml",
                'of = ["F", "M", ""]',
                'of = ["M"]',
                r"variables.sex.*non è del tipo choice; ammessi: M",
            ),
            (
                "scenes/hello.toml",
                'first_name = { type = "text"',
                'first_name = { type = "count"',
                "non è del tipo count",
            ),
            ("scenes/hello.toml", "first_name = {", 'age = { type = "count", meaning = "-" }\nfirst_name = {', "age"),
            ("campaign.toml", 'alone = "pupils == 1"', 'alone = "pupil == 1"', r"values.alone.*pupil.* is undefined"),
            ("campaign.toml", 'alone = "pupils == 1"', 'alone = "pupils =="', r"values.alone"),
            ("campaign.toml", "when = \"'missing-receipt' in cases\"", 'when = "x in cases"', r"scenes.receipt"),
            ("windows.toml", "{{ item.title }}", "{{ item.price }}", r"windows.toml \(receipts.*price"),
            ("scenes/receipt.toml", 'sentence = "receipt"', 'sentence = "missing"\nwhen = "no"', r"buttons.receipts"),
        ],
    )
    def test_a_mistake_is_an_error_that_names_file_and_place(
        self, tiny_copy: PackCopy, file: str, old: str, new: str, message: str
    ) -> None:
        broken = tiny_copy.change(file, old, new).load()
        with pytest.raises(PackError, match=message) as caught:
            a_script(broken, "missing-receipt", facts={"receipts": ("books",)})
        assert caught.value.file == file and "\n" not in str(caught.value)
        assert "Giulia" not in str(caught.value)

    def test_a_button_whose_sentence_is_not_spoken_is_an_error(self, tiny_copy: PackCopy) -> None:
        tiny_copy.change("scenes/end-card.toml", 'id = "go"', 'id = "go"\nwhen = "not service"')
        with pytest.raises(PackError, match=r"scenes/end-card.toml \(service\): la frase 'go' non si dice"):
            a_script(tiny_copy.load(), "missing-school", facts={"pupils": 1})


def test_a_button_of_a_sentence_for_each_item_comes_with_the_first(pack: Campaign) -> None:
    (button,) = scene(a_script(pack), "missing-documents").buttons
    assert button.sentence == "document-1"


def test_the_same_application_gives_the_same_script(pack: Campaign) -> None:
    def application() -> Application:
        return an_application(pack, CASES, facts=facts_for(CASES))

    scripts: list[Any] = [write_script(application(), CASES, pack) for _ in range(2)]
    assert scripts[0] == scripts[1]
