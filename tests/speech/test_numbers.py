# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Cardinals and ordinals against ICU, and rules that no table holds. Whole phrases are in ``data/spoken.tsv``."""

import random

import pytest

from tests.speech.test_pronunciation import table
from videoguide.speech.numbers import LARGEST, cardinal, in_words, ordinal

ICU = dict(table("icu-numbers.tsv"))


def test_cardinals_are_those_of_icu_but_for_the_accent_of_three() -> None:
    """ICU writes "ventitré" and "centotré", but "duemilatre" without the accent that every compound of tre has."""
    theirs = {int(number): words for number, words in ICU.items() if number.isdigit()}
    assert len(theirs) > 1100 and list(theirs)[:1101] == list(range(1101))
    ours = {number: cardinal(number) for number in theirs}
    different = {number for number in theirs if ours[number] != theirs[number]}
    assert different == {number for number in theirs if number % 1000 == 3 and 1000 < number < 10**6}
    assert all(ours[number] == f"{theirs[number][:-1]}é" for number in different)


def test_ordinals_are_those_of_icu() -> None:
    theirs = {int(number[:-1]): words for number, words in ICU.items() if number.endswith("º")}
    assert len(theirs) == 100
    assert {number: ordinal(number) for number in theirs} == theirs
    assert ordinal(110) == "centodecimo" and ordinal(2000, feminine=True) == "duemillesima"


def test_no_two_numbers_are_said_alike() -> None:
    numbers = {*range(12_000), *random.Random(5).sample(range(LARGEST), 20_000), LARGEST}
    assert len({cardinal(number) for number in numbers}) == len(numbers)


@pytest.mark.parametrize("text", ["Nessun numero qui.", "CIVICO", "Di mattina, alle nove.", "MIX", "I E V", "D.I."])
def test_plain_text_is_left_alone(text: str) -> None:
    assert in_words(text) == text


def test_any_digits_and_signs_can_be_said() -> None:
    dice = random.Random(7)
    for _ in range(20_000):
        text = "".join(dice.choices("0123456789 .,:/-+€%°ºª'½XVI ", k=dice.randint(1, 16)))
        said = in_words(f"{text} anni")
        assert not any(sign.isascii() and sign.isdigit() for sign in said), text
