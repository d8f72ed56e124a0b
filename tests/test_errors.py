# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Errors: one tree, one line each, the same after a trip between processes."""

import errno
import inspect
import os
import pickle
from pathlib import Path

import pytest

from videoguide import errors
from videoguide.errors import (
    Busy,
    EncodingError,
    FirstNameError,
    InputError,
    KeyMismatch,
    PackError,
    SegmentMismatch,
    StoreError,
    TextOverflow,
    UnknownChoice,
    VideoGuideError,
    VoiceError,
    system_reason,
)

EXAMPLES = [
    VideoGuideError("something"),
    InputError("size 'x'; allowed: 640x360"),
    UnknownChoice("caso", "lost", ("one", "two")),
    FirstNameError("is empty"),
    PackError(Path("scenes/hello.toml"), "is not TOML", where="line 3"),
    TextOverflow("scenes/hello.svg", "need 3 lines, allowed: 2", where="title"),
    VoiceError("espeak", "is not installed"),
    EncodingError("the codec refused"),
    StoreError(Path("output/store"), "cannot be written"),
    SegmentMismatch("segments differ"),
    KeyMismatch("another key"),
    Busy("a run is going on"),
]


def test_every_error_is_of_the_one_tree() -> None:
    kinds = {kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__}
    assert kinds == {type(error) for error in EXAMPLES}, "a kind without an example here"
    assert all(issubclass(kind, VideoGuideError) for kind in kinds)


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_is_one_line_and_survives_the_way_between_processes(error: VideoGuideError) -> None:
    assert "\n" not in str(error) and str(error) == error.message
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


def test_an_unknown_choice_lists_what_is_allowed() -> None:
    assert (
        str(UnknownChoice("caso", "lost", ["one", "two"])) == "valore sconosciuto per caso: 'lost'; ammessi: one, two"
    )
    assert str(UnknownChoice("caso", "lost", [])) == "valore sconosciuto per caso: 'lost'; ammessi: nessuno"


def test_an_unknown_choice_shows_a_long_or_many_lined_word_cut_and_on_one_line() -> None:
    message = str(UnknownChoice("caso", "a\nb" * 1000, ["one"]))
    assert len(message) < 100 and "\n" not in message


def test_choices_may_be_any_iterable_and_are_kept() -> None:
    assert UnknownChoice("caso", "x", iter(["one"])).allowed == ("one",)


def test_a_pack_error_says_which_file_and_which_place_in_it() -> None:
    assert str(PackError("campaign.toml", "is wrong")) == "campaign.toml: is wrong"
    assert str(PackError("campaign.toml", "is wrong", where="cases.a")) == "campaign.toml (cases.a): is wrong"


def test_bad_input_can_be_told_from_failures_and_an_overflow_from_other_faults_of_a_pack() -> None:
    assert issubclass(UnknownChoice, InputError) and issubclass(FirstNameError, InputError)
    assert issubclass(TextOverflow, PackError)
    assert not issubclass(PackError, InputError) and not issubclass(StoreError, InputError)


@pytest.mark.parametrize("code", [errno.ENOENT, errno.EACCES, errno.EISDIR, errno.ENOTDIR, errno.ENOSPC, errno.EROFS])
def test_the_usual_reasons_of_the_system_are_in_italian_without_the_path(code: int) -> None:
    reason = system_reason(OSError(code, os.strerror(code), "/some/path"))
    assert reason and reason != os.strerror(code) and "path" not in reason


def test_any_other_reason_of_the_system_is_kept_in_its_words() -> None:
    assert system_reason(OSError(errno.EDOM, "out of range")) == "out of range"
    assert system_reason(OSError("not a gzip file")) == "not a gzip file"
