# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""An interrupt ends a run, but never in the middle of what must not be left half done."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait

import pytest

from videoguide.runs import interrupts
from videoguide.runs.interrupts import deferred, interruptible


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The test's own process keeps its handlers, whatever happens."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
    assert interrupts._depth == 0 and not interrupts._pending


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_interrupts_at_once(number: int) -> None:
    steps = []
    with pytest.raises(KeyboardInterrupt), interruptible():
        steps.append("before")
        os.kill(os.getpid(), number)
        steps.append("never")
    assert steps == ["before"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_while_deferred_it_waits_for_the_end_of_the_outermost_block(number: int) -> None:
    steps = []
    with pytest.raises(KeyboardInterrupt), interruptible():
        with deferred():
            with deferred():
                os.kill(os.getpid(), number)
                steps.append("inner")
            steps.append("outer")
        steps.append("never")
    assert steps == ["inner", "outer"]


def test_a_second_signal_does_not_disturb_who_is_ending() -> None:
    steps = []
    with pytest.raises(KeyboardInterrupt), interruptible():
        try:
            os.kill(os.getpid(), signal.SIGINT)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            steps.append("ended")
    assert steps == ["ended"]


def test_without_a_signal_nothing_happens_and_the_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with interruptible(), deferred():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_lock_of_a_pool_is_never_left_held() -> None:
    """As in a run: futures are waited for while signals come in, and every one can still be asked afterwards."""
    for _ in range(200):
        futures: list[Future[None]] = []
        with ThreadPoolExecutor(1) as pool, pytest.raises(KeyboardInterrupt), interruptible():
            with deferred():
                futures.append(pool.submit(os.kill, os.getpid(), signal.SIGINT))
            while True:
                with deferred():
                    wait(futures, 0.01)
        assert not any(future._condition._is_owned() for future in futures)  # type: ignore[attr-defined]
