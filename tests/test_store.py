# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The store: canonical keys, whole pieces or none, two writers of one key."""

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from videoguide.errors import StoreError
from videoguide.store import STALE_SECONDS, TEMPORARY_PREFIX, Store, key_of, write_whole

KEY = key_of("a piece")
PIECE = b"piece " * 20_000


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


class TestKeys:
    def test_the_order_of_a_mapping_does_not_matter_and_that_of_a_list_does(self) -> None:
        assert key_of({"b": [1, 2], "a": {"d": 1, "c": 2}}) == key_of({"a": {"c": 2, "d": 1}, "b": [1, 2]})
        assert key_of([1, 2]) != key_of([2, 1])

    def test_a_key_is_sha_256_in_hex_and_never_changes(self) -> None:
        digest = "06c52b48d563097c0649b665ecc8a879173b4fc8117dba24d7eac5f7c863ca2a"
        assert key_of({"b": [1, True, None], "a": "è"}) == digest
        assert len(KEY) == 64 and set(KEY) <= set("0123456789abcdef")

    @pytest.mark.parametrize(("data", "other"), [(1, "1"), ("", None), (0, False), ([], {}), ("è", "e\u0300")])
    def test_different_data_has_different_keys(self, data: object, other: object) -> None:
        assert key_of(data) != key_of(other)

    @pytest.mark.parametrize("data", [{1, 2}, b"bytes", object(), Path("a"), {"a": {1}}])
    def test_what_is_not_plain_data_has_no_key(self, data: object) -> None:
        with pytest.raises(TypeError):
            key_of(data)

    def test_a_number_that_is_none_has_no_key(self) -> None:
        with pytest.raises(ValueError, match="JSON"):
            key_of(float("nan"))


class TestPieces:
    def test_a_piece_is_found_under_its_key_with_its_parts_in_order(self, store: Store) -> None:
        assert store.find("segments", KEY) is None
        path = store.put("segments", KEY, iter([b"one ", b"", b"two"]))
        assert path == store.find("segments", KEY) == store.root / "segments" / KEY[:2] / KEY
        assert path.read_bytes() == b"one two"

    def test_kinds_are_apart(self, store: Store) -> None:
        store.put("speech", KEY, [b"x"])
        assert store.find("segments", KEY) is None

    def test_a_removed_piece_is_gone_for_good(self, store: Store) -> None:
        store.put("speech", KEY, [b"x"])
        assert store.remove("speech", KEY)
        assert store.find("speech", KEY) is None
        assert not store.remove("speech", KEY)
        assert files_below(store.root) == []

    def test_a_piece_that_cannot_be_removed_is_an_error(self, store: Store) -> None:
        store.path("speech", KEY).mkdir(parents=True)
        with pytest.raises(StoreError, match="non si può togliere"):
            store.remove("speech", KEY)

    def test_the_keys_of_a_kind_are_its_pieces_without_what_is_being_written(self, store: Store) -> None:
        keys = {key_of(number) for number in range(20)}
        for key in keys:
            store.put("speech", key, [b"x"])
        (store.root / "speech" / KEY[:2]).mkdir(exist_ok=True)
        (store.root / "speech" / KEY[:2] / f"{TEMPORARY_PREFIX}half").write_bytes(b"x")
        assert set(store.keys("speech")) == keys
        assert list(store.keys("nothing")) == []

    def test_putting_again_replaces_the_piece(self, store: Store) -> None:
        store.put("speech", KEY, [b"old and longer"])
        assert store.put("speech", KEY, [b"new"]).read_bytes() == b"new"


class TestWritingWhole:
    def test_parts_that_fail_leave_nothing_behind(self, store: Store) -> None:
        def parts() -> Iterator[bytes]:
            yield b"half"
            raise RuntimeError("the encoder stopped")

        with pytest.raises(RuntimeError, match="the encoder stopped"):
            store.put("segments", KEY, parts())
        assert files_below(store.root) == []

    def test_parts_that_fail_leave_the_old_piece_alone(self, tmp_path: Path) -> None:
        def parts() -> Iterator[bytes]:
            yield b"half"
            raise KeyboardInterrupt

        file = tmp_path / "piece"
        file.write_bytes(b"whole")
        with pytest.raises(KeyboardInterrupt):
            write_whole(file, parts())
        assert file.read_bytes() == b"whole" and list(tmp_path.iterdir()) == [file]

    def test_a_folder_that_cannot_be_made_is_an_error_that_names_the_file(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(StoreError, match=r"file/piece: non si può scrivere: ") as caught:
            write_whole(tmp_path / "file" / "piece", [b"x"])
        assert isinstance(caught.value.__cause__, OSError)

    def test_a_place_taken_by_a_folder_is_an_error_and_leaves_no_temporary_file(self, tmp_path: Path) -> None:
        (tmp_path / "piece" / "inside").mkdir(parents=True)
        with pytest.raises(StoreError, match="non si può scrivere"):
            write_whole(tmp_path / "piece", [b"x"])
        assert [path.name for path in tmp_path.iterdir()] == ["piece"]


def put_many(root: Path, times: int) -> None:
    for _ in range(times):
        Store(root).put("segments", KEY, [PIECE])


class TestTwoWriters:
    def test_two_processes_may_put_one_key_at_the_same_time(self, store: Store) -> None:
        with ProcessPoolExecutor(2, get_context("spawn")) as executor:
            for job in [executor.submit(put_many, store.root, 40) for _ in range(2)]:
                job.result()
        assert files_below(store.root) == [store.path("segments", KEY)]
        assert store.path("segments", KEY).read_bytes() == PIECE

    def test_a_reader_sees_all_of_a_piece_or_nothing(self, store: Store) -> None:
        writer = threading.Thread(target=put_many, args=(store.root, 60))
        seen = set()
        writer.start()
        while writer.is_alive():
            if (path := store.find("segments", KEY)) is not None:
                seen.add(len(path.read_bytes()))
        writer.join()
        assert seen <= {len(PIECE)}


class TestSweeping:
    def test_what_a_killed_writer_left_is_swept_after_an_hour_and_not_before(self, store: Store) -> None:
        kept = store.put("segments", KEY, [b"piece"])
        stale, fresh = (kept.with_name(f"{TEMPORARY_PREFIX}{name}") for name in ("stale", "fresh"))
        for path in (stale, fresh):
            path.write_bytes(b"half")
        long_ago = time.time() - STALE_SECONDS - 60
        os.utime(stale, (long_ago, long_ago))
        os.utime(kept, (long_ago, long_ago))
        assert store.sweep() == 1
        assert sorted(files_below(store.root)) == sorted([kept, fresh])

    def test_an_empty_store_has_nothing_to_sweep(self, store: Store) -> None:
        assert store.sweep() == 0
