# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Work for people at a screen: results come as they are ready, shared work is done once, and the rest stops."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import aclosing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.tiny_runs import inline
from videoguide.errors import InputError, VideoGuideError
from videoguide.runs import desk as desk_module
from videoguide.runs.desk import Desk, Piece
from videoguide.runs.workers import OpenExecutor, local_processes

pytestmark = pytest.mark.slow

WORKERS = 2


def slowly(folder: Path, name: str, seconds: float = 0.3) -> int:
    """Work that can be seen: one line in a file for each time that it is done; returns who did it."""
    time.sleep(seconds)
    with (folder / name).open("a") as file:
        file.write("done\n")
    return os.getpid()


def refuse() -> None:
    raise InputError("così no")


def die() -> None:
    os._exit(9)


def pieces(folder: Path, *names: str) -> list[Piece]:
    return [Piece(name, partial(slowly, folder, name)) for name in names]


def done(folder: Path) -> dict[str, int]:
    """What was done, and how often."""
    return {file.name: len(file.read_text().splitlines()) for file in sorted(folder.iterdir())}


@contextmanager
def threads(workers: int) -> Iterator[Executor]:
    """What stands in for processes where it does not matter that they are some: it starts at once."""
    with ThreadPoolExecutor(workers) as executor:
        try:
            yield executor
        finally:
            executor.shutdown(wait=False, cancel_futures=True)


def in_a_loop(work: Coroutine[Any, Any, Any]) -> Any:
    """Run it in a thread of its own: a browser's tests may have left a loop in this one."""
    with ThreadPoolExecutor(1) as own:
        return own.submit(asyncio.run, work).result()


def run(work: Callable[[Desk], Awaitable[Any]], executor: OpenExecutor = threads) -> Any:
    """Do something at a desk, which is closed afterwards."""

    async def opened() -> Any:
        desk = Desk(WORKERS, executor)
        try:
            return await work(desk)
        finally:
            desk.close()

    return in_a_loop(opened())


async def all_of(desk: Desk, wanted: list[Piece]) -> list[str]:
    return [piece.key async for piece, _ in desk.make(wanted)]


def test_every_piece_comes_once_with_what_its_job_returns(tmp_path: Path) -> None:
    async def work(desk: Desk) -> list[tuple[str, int]]:
        return [(piece.key, result) async for piece, result in desk.make(pieces(tmp_path, "a", "b", "c"))]

    results = run(work, local_processes)
    assert sorted(key for key, _ in results) == ["a", "b", "c"] and done(tmp_path) == {"a": 1, "b": 1, "c": 1}
    assert os.getpid() not in {process for _, process in results}


def test_nothing_to_make_starts_no_process() -> None:
    @contextmanager
    def forbidden(_workers: int) -> Iterator[Any]:
        pytest.fail("opened")
        yield

    async def work() -> list[str]:
        return await all_of(Desk(WORKERS, forbidden), [])

    assert in_a_loop(work()) == []


def test_two_who_want_the_same_piece_at_once_share_it(tmp_path: Path) -> None:
    async def work(desk: Desk) -> tuple[list[str], list[str]]:
        mine, theirs = pieces(tmp_path, "a", "mine"), pieces(tmp_path, "a", "theirs")
        return await asyncio.gather(all_of(desk, mine), all_of(desk, theirs))

    mine, theirs = run(work)
    assert (set(mine), set(theirs)) == ({"a", "mine"}, {"a", "theirs"})
    assert done(tmp_path) == {"a": 1, "mine": 1, "theirs": 1}


def test_who_stops_asking_gives_up_what_is_not_begun(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        async with aclosing(desk.make(pieces(tmp_path, *"abcdefgh"))) as made:
            async for _ in made:
                break
        await asyncio.sleep(1.5)

    run(work)
    assert 1 <= len(done(tmp_path)) <= 4, "those in hand are finished, the others never begun"


def test_who_is_cancelled_while_waiting_gives_up_likewise(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        task = asyncio.create_task(all_of(desk, pieces(tmp_path, *"abcdefgh")))
        while not done(tmp_path):
            await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(1.5)

    run(work)
    assert 1 <= len(done(tmp_path)) <= 5


def test_what_another_still_waits_for_is_not_given_up(tmp_path: Path) -> None:
    async def work(desk: Desk) -> list[str]:
        leaving = asyncio.create_task(all_of(desk, pieces(tmp_path, "a", "b")))
        staying = asyncio.create_task(all_of(desk, pieces(tmp_path, "a", "b")))
        await asyncio.sleep(0.1)
        leaving.cancel()
        return await staying

    assert sorted(run(work)) == ["a", "b"]
    assert done(tmp_path) == {"a": 1, "b": 1}


def test_one_with_much_to_make_does_not_keep_another_waiting(tmp_path: Path) -> None:
    """Each has only a few pieces in hand, so that another's come in between."""

    async def work(desk: Desk) -> int:
        many = asyncio.create_task(all_of(desk, pieces(tmp_path, *"abcdefghijklmnop")))
        while not done(tmp_path):
            await asyncio.sleep(0.05)
        await all_of(desk, pieces(tmp_path, "quick"))
        many.cancel()
        return len(done(tmp_path))

    assert run(work) <= 10


def test_an_error_of_a_job_reaches_the_caller_and_the_desk_keeps_working(tmp_path: Path) -> None:
    async def work(desk: Desk) -> list[str]:
        with pytest.raises(InputError, match="così no"):
            await all_of(desk, [Piece("wrong", refuse), *pieces(tmp_path, "a")])
        return await all_of(desk, pieces(tmp_path, "b"))

    assert run(work) == ["b"]


def test_a_piece_that_failed_is_tried_again_when_somebody_asks_again() -> None:
    async def work(desk: Desk) -> None:
        for _ in range(2):
            with pytest.raises(InputError):
                await all_of(desk, [Piece("wrong", refuse)])

    run(work)


def test_a_process_that_dies_is_an_error_in_plain_words_and_there_are_new_ones(tmp_path: Path) -> None:
    async def work(desk: Desk) -> list[str]:
        with pytest.raises(VideoGuideError, match="un processo si è fermato; prova di nuovo"):
            await all_of(desk, [Piece("deadly", die)])
        return await all_of(desk, pieces(tmp_path, "a"))

    assert run(work, local_processes) == ["a"]


def test_processes_are_kept_and_can_be_warmed_up_before_anybody_waits(tmp_path: Path) -> None:
    async def work(desk: Desk) -> tuple[set[int], set[int]]:
        desk.warm_up(partial(slowly, tmp_path, "warm", 0.0))
        desk.warm_up(partial(slowly, tmp_path, "warm", 0.0))  # they are there already
        first = {result async for _, result in desk.make(pieces(tmp_path, "a", "b"))}
        second = {result async for _, result in desk.make(pieces(tmp_path, "c", "d"))}
        return first, second

    first, second = run(work, local_processes)
    assert len(first | second) <= WORKERS
    assert done(tmp_path)["warm"] == WORKERS


def test_a_warm_up_that_fails_is_nobodys_failure(tmp_path: Path) -> None:
    async def work(desk: Desk) -> list[str]:
        desk.warm_up(refuse)
        return await all_of(desk, pieces(tmp_path, "a"))

    assert run(work) == ["a"]


def test_processes_end_after_a_while_without_work_and_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_module, "IDLE_SECONDS", 0.5)

    async def work(desk: Desk) -> tuple[int, int]:
        (first,) = [result async for _, result in desk.make(pieces(tmp_path, "a"))]
        await asyncio.sleep(1)
        assert not Path(f"/proc/{first}").exists()
        (second,) = [result async for _, result in desk.make(pieces(tmp_path, "b"))]
        return first, second

    first, second = run(work, local_processes)
    assert first != second


def test_work_that_takes_long_is_not_cut_off_as_idle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_module, "IDLE_SECONDS", 0.2)

    async def work(desk: Desk) -> list[str]:
        return [piece.key async for piece, _ in desk.make([Piece("a", partial(slowly, tmp_path, "a", 1.5))])]

    assert run(work) == ["a"]


def test_closing_ends_the_processes_at_once_whatever_they_are_at(tmp_path: Path) -> None:
    async def work() -> float:
        desk = Desk(WORKERS)
        task = asyncio.create_task(all_of(desk, [Piece("long", partial(slowly, tmp_path, "long", 30.0))]))
        await asyncio.sleep(2)
        started = time.monotonic()
        desk.close()
        desk.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return time.monotonic() - started

    assert in_a_loop(work()) < 10
    assert done(tmp_path) == {}


def test_any_executor_will_do(tmp_path: Path) -> None:
    async def work() -> list[str]:
        return await all_of(Desk(1, inline), pieces(tmp_path, "a", "b"))

    assert in_a_loop(work()) == ["a", "b"]
