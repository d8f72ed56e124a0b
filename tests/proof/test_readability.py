# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The Gulpease index."""

import pytest

from videoguide.proof.readability import gulpease


def test_the_index_is_the_published_formula() -> None:
    text = "Questa sera noi mangiamo presto insieme. Domani torniamo a casa."
    assert sum(character.isalpha() for character in text) == 53 and len(text.split()) == 10
    assert gulpease(text) == pytest.approx(89 + (300 * 2 - 10 * 53) / 10)


def test_short_words_and_sentences_are_easier_than_long_ones() -> None:
    easy = gulpease("Apri la tua domanda. Manca un documento.")
    hard = gulpease(
        "Relativamente alla documentazione integrativa propedeutica al perfezionamento dell’istruttoria "
        "amministrativa, l’interessato provveda tempestivamente alla trasmissione."
    )
    assert hard < 40 < 60 < easy <= 100


def test_it_never_goes_over_100_and_text_without_words_is_easy() -> None:
    assert gulpease("Sì. No. Ma.") == 100
    assert gulpease("") == gulpease("… – 😀") == 100


def test_text_without_a_full_stop_is_one_sentence() -> None:
    assert gulpease("Apri la tua domanda") == gulpease("Apri la tua domanda.")


def test_a_word_with_an_apostrophe_counts_once_whichever_apostrophe() -> None:
    typographic = gulpease("Per andare avanti con la domanda serve l’accordo dei genitori.")
    assert typographic == gulpease("Per andare avanti con la domanda serve l'accordo dei genitori.")
    assert typographic == 89 + (300 - 10 * 51) / 10


def test_several_marks_in_a_row_end_one_sentence() -> None:
    assert gulpease("Davvero?! Certo...") == gulpease("Davvero? Certo.")


def test_the_index_is_a_plain_number() -> None:
    assert type(gulpease("Apri la tua domanda.")) is float
