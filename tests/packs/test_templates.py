# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from videoguide.assets import assets_folder
from videoguide.errors import PackError, TextOverflow
from videoguide.packs import templates
from videoguide.picture import typography

SVG = '<svg xmlns="http://www.w3.org/2000/svg">{}</svg>'


@pytest.fixture
def pack(tmp_path: Path) -> tuple[Path, Path]:
    """A pack's folder and an art folder."""
    folders = (tmp_path / "pack", tmp_path / "art")
    for folder in folders:
        folder.mkdir()
    return folders


# Words and rules


def test_words_take_the_values() -> None:
    assert templates.words("Ciao {{ first_name }}.", {"first_name": "Anna"}) == "Ciao Anna."


@pytest.mark.parametrize("name", ["{{ 7 * 7 }}", "{% raw %}", "<b>", "a & b", "{{ ''.__class__ }}", "\\"])
def test_a_value_is_data_and_never_evaluated(name: str) -> None:
    assert templates.words("Ciao {{ first_name }}.", {"first_name": name}) == f"Ciao {name}."


def test_an_entry_of_a_mapping_goes_before_a_method_of_that_name() -> None:
    assert (
        templates.words("{{ document.title }} {{ document.items }}", {"document": {"title": "a", "items": 2}}) == "a 2"
    )


def test_an_unknown_variable_is_named_with_its_place() -> None:
    with pytest.raises(PackError, match=r"hello\.toml \(sentences\.hello\): 'nome' is undefined"):
        templates.words("Ciao {{ nome }}", {}, file="hello.toml", where="sentences.hello")


def test_an_unknown_entry_of_a_value_is_an_error() -> None:
    with pytest.raises(PackError, match="has no attribute 'titel'"):
        templates.words("{{ document.titel }}", {"document": {"title": "a"}})


def test_broken_words_are_an_error_with_their_line() -> None:
    with pytest.raises(PackError, match=r"hello\.toml \(riga 2\)"):
        templates.words("Ciao\n{% if %}", {}, file="hello.toml")


@pytest.mark.parametrize(
    "source", ["{{ ''.__class__.__mro__ }}", "{{ name.__init__.__globals__ }}", "{{ list.append(1) }}"]
)
def test_the_sandbox_lets_nothing_out_or_in(source: str) -> None:
    with pytest.raises(PackError):
        templates.words(source, {"name": "Anna", "list": []})


def test_an_error_does_not_repeat_a_value() -> None:
    with pytest.raises(PackError) as caught:
        templates.words("{{ '%d' | format(first_name) }}", {"first_name": "Anna"})
    assert "Anna" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_words_have_a_greatest_length() -> None:
    with pytest.raises(PackError, match="supera i 4000"):
        templates.words("{% for word in words %}{{ word }}{% endfor %}", {"words": ("parola ",) * 1000})


def test_a_rule_answers_yes_or_no_and_says_what_it_asks_for() -> None:
    rule = "channel == 'patronato' and documents | length > 1"
    assert templates.value(rule, {"channel": "patronato", "documents": ("a", "b")}) is True
    assert templates.value(rule, {"channel": "online", "documents": ("a", "b")}) is False
    assert templates.variables_used(f"{{{{ ({rule}) }}}}") == {"channel", "documents"}


def test_a_rule_on_an_unknown_variable_is_an_error_and_not_no() -> None:
    with pytest.raises(PackError, match=r"campaign\.toml \(scenes\.hello\): 'chanel' is undefined"):
        templates.value("chanel == 'online'", {"channel": "online"}, file="campaign.toml", where="scenes.hello")


def test_a_broken_rule_is_found_before_it_is_asked() -> None:
    with pytest.raises(PackError, match="rules"):
        templates.variables_used("{{ (channel ==) }}", file="campaign.toml", where="rules")


def test_a_value_keeps_its_kind() -> None:
    assert templates.value("documents | length", {"documents": (1, 2)}) == 2
    with pytest.raises(PackError, match="'missing' is undefined"):
        templates.value("missing", {})


def test_the_variables_of_words_are_known_without_filling_them() -> None:
    source = "{% for item in documents %}{{ item.title }}{% endfor %}{{ first_name if sex else other }}"
    assert templates.variables_used(source) == {"documents", "first_name", "sex", "other"}


# Drawings


def test_a_name_cannot_become_markup(pack: tuple[Path, Path]) -> None:
    (pack[0] / "hello.svg").write_text(SVG.format("<text a='{{ first_name }}'>{{ first_name }}</text>"))
    filled = templates.fill_drawing("hello.svg", pack, {"first_name": "<b>'&\"{{ 1 }}"})
    assert "<b>" not in filled
    assert filled.count("&lt;b&gt;&#39;&amp;&#34;{{ 1 }}") == 2


def test_macros_come_from_all_folders_and_call_the_functions(pack: tuple[Path, Path]) -> None:
    (pack[1] / "type.svg").write_text("{% macro line(words) %}<text>{{ shout(words) }}</text>{% endmacro %}")
    (pack[0] / "hello.svg").write_text("{% import 'type.svg' as type %}" + SVG.format("{{ type.line(first_name) }}"))
    assert "<text>ANNA &lt;</text>" in templates.fill_drawing(
        "hello.svg", pack, {"first_name": "Anna <"}, shout=str.upper
    )
    assert "<text>anna</text>" in templates.fill_drawing("hello.svg", pack, {"first_name": "Anna"}, shout=str.lower)


def test_the_packs_own_art_goes_before_the_shared(pack: tuple[Path, Path]) -> None:
    for folder in pack:
        (folder / "stage.svg").write_text(SVG.format(folder.name))
    assert templates.fill_drawing("stage.svg", pack, {}) == SVG.format("pack")


def test_a_changed_drawing_is_read_anew(pack: tuple[Path, Path]) -> None:
    (pack[0] / "hello.svg").write_text(SVG.format("{{ a }}"))
    assert templates.fill_drawing("hello.svg", pack, {"a": 1}) == SVG.format("1")
    assert templates.drawing_variables("hello.svg", pack) == {"a"}
    (pack[0] / "hello.svg").write_text(SVG.format("{{ a }}{{ bb }}"))
    assert templates.fill_drawing("hello.svg", pack, {"a": 1, "bb": 2}) == SVG.format("12")
    assert templates.drawing_variables("hello.svg", pack) == {"a", "bb"}


def test_an_error_names_the_drawings_line_and_the_macros(pack: tuple[Path, Path]) -> None:
    (pack[1] / "type.svg").write_text("{% macro line() %}\n\n{{ nobody }}{% endmacro %}")
    (pack[0] / "hello.svg").write_text("{% import 'type.svg' as type %}\n" + SVG.format("{{ type.line() }}"))
    with pytest.raises(PackError, match=r"hello\.svg \(riga 2, type\.svg riga 3\): 'nobody' is undefined"):
        templates.fill_drawing("hello.svg", pack, {})


def test_a_functions_own_error_keeps_its_kind_and_gains_the_place(pack: tuple[Path, Path]) -> None:
    def wrap() -> str:
        raise TextOverflow("words", "servono 3 righe; ammesso: 2", where="title, larghezza 900 px")

    (pack[0] / "hello.svg").write_text("\n" + SVG.format("{{ wrap() }}"))
    with pytest.raises(
        TextOverflow, match=r"hello\.svg \(riga 2, title, larghezza 900 px\): servono 3 righe"
    ) as caught:
        templates.fill_drawing("hello.svg", pack, {}, wrap=wrap)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_an_unknown_choice_inside_a_drawing_gains_the_place(pack: tuple[Path, Path]) -> None:
    (pack[0] / "hello.svg").write_text(SVG.format("{{ type_style('huge') }}"))
    with pytest.raises(
        PackError, match=r"hello\.svg \(riga 1\): valore sconosciuto per stile del testo: 'huge'; ammessi: name, title"
    ):
        templates.fill_drawing("hello.svg", pack, {}, **typography.typesetter(assets_folder() / "fonts").functions)


def test_a_drawing_that_is_not_there_is_an_error(pack: tuple[Path, Path]) -> None:
    with pytest.raises(PackError, match=r"chiede 'hello\.svg'"):
        templates.fill_drawing("hello.svg", pack, {})


def test_a_control_character_in_a_value_is_refused(pack: tuple[Path, Path]) -> None:
    (pack[0] / "hello.svg").write_text(SVG.format("{{ first_name }}"))
    with pytest.raises(PackError, match="carattere di controllo"):
        templates.fill_drawing("hello.svg", pack, {"first_name": "An\x00na"})


def test_referenced_files_are_all_that_a_drawing_is_made_of(pack: tuple[Path, Path]) -> None:
    (pack[1] / "palette.svg").write_text("{% set BLUE = '#0066CC' %}")
    (pack[1] / "type.svg").write_text("{% import 'palette.svg' as c %}")
    (pack[1] / "people.svg").write_text("nobody asks for it")
    (pack[0] / "part.svg").write_text("{{ sex }}")
    (pack[0] / "hello.svg").write_text(
        "{% import 'type.svg' as type %}{% import 'palette.svg' as c %}{% include 'part.svg' %}"
    )
    names = [path.name for path in templates.referenced_files("hello.svg", pack)]
    assert names == ["hello.svg", "type.svg", "palette.svg", "part.svg"]


def test_a_missing_reference_names_the_file_that_asks(pack: tuple[Path, Path]) -> None:
    (pack[0] / "hello.svg").write_text("{% import 'tipe.svg' as type %}")
    with pytest.raises(PackError, match=r"hello\.svg: 'tipe\.svg' non è in nessuna delle cartelle"):
        templates.referenced_files("hello.svg", pack)


def test_a_reference_that_only_filling_decides_is_refused(pack: tuple[Path, Path]) -> None:
    (pack[0] / "hello.svg").write_text("{% include figure ~ '.svg' %}")
    with pytest.raises(PackError, match="non è scritto per esteso"):
        templates.referenced_files("hello.svg", pack)


def test_a_drawings_variables_include_those_of_what_it_includes_but_no_functions(pack: tuple[Path, Path]) -> None:
    (pack[1] / "type.svg").write_text("{% macro line(words) %}{{ wrap(words) }}{% endmacro %}")
    (pack[0] / "part.svg").write_text("{{ sex }}")
    (pack[0] / "hello.svg").write_text("{% import 'type.svg' as type %}{% include 'part.svg' %}{{ wrap(first_name) }}")
    assert templates.drawing_variables("hello.svg", pack, ["wrap"]) == {"sex", "first_name"}


def test_no_file_outside_the_folders_is_read(pack: tuple[Path, Path]) -> None:
    (pack[0].parent / "secret.svg").write_text("x")
    (pack[0] / "hello.svg").write_text("{% include '../secret.svg' %}")
    with pytest.raises(PackError):
        templates.referenced_files("hello.svg", pack)
    with pytest.raises(PackError):
        templates.fill_drawing("hello.svg", pack, {})


def test_keys_can_be_made_without_any_drawing_library() -> None:
    code = (
        "import sys, videoguide.picture.typography, videoguide.packs.templates;"
        "print(sorted({'PIL', 'numpy', 'moviepy', 'resvg_py'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
