# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Golden texts: scripts, captions and manifests as they were when somebody last read them."""

import difflib
import json
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from typing import Any

import msgspec
import pytest

from tests.support.places import GOLDEN

CompareText = Callable[[str, Any], None]


def _plain(value: Any) -> Any:
    """A mapping of any kind, or a struct, as JSON knows it."""
    return msgspec.to_builtins(value) if isinstance(value, msgspec.Struct) else dict(value)


@pytest.fixture
def text_as_golden(request: pytest.FixtureRequest) -> CompareText:
    """``text_as_golden("name.json", data)``: text, or plain data as JSON, equals ``tests/golden/name.json``."""

    def compare(name: str, made: Any) -> None:
        path = GOLDEN / name
        if is_dataclass(made) and not isinstance(made, type):
            made = asdict(made)
        if not isinstance(made, str):
            made = json.dumps(made, ensure_ascii=False, indent=1, default=_plain) + "\n"
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made, encoding="utf-8")
            return
        assert path.exists(), f"{name} is missing; `pytest --update-golden` writes it"
        wanted = path.read_text(encoding="utf-8")
        if made != wanted:
            lines = difflib.unified_diff(wanted.splitlines(), made.splitlines(), "wanted", "made", lineterm="", n=1)
            pytest.fail("\n".join([f"{name} differs; if it is meant, renew with `pytest --update-golden`", *lines]))

    return compare
