# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Golden frames: what a drawing looked like when somebody last looked at it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.support.places import GOLDEN

Compare = Callable[[str, NDArray[np.uint8]], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write tests/golden anew from what the code makes")


@pytest.fixture
def same_as_golden(request: pytest.FixtureRequest, tmp_path: Path) -> Compare:
    """``same_as_golden("name", frame)``: the frame looks like ``tests/golden/name.png``, or the test fails."""

    def compare(name: str, frame: NDArray[np.uint8]) -> None:
        path = GOLDEN / f"{name}.png"
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(frame).save(path, optimize=True)
            return
        assert path.exists(), f"{path.name} is missing; `pytest --update-golden` writes it"
        with Image.open(path) as image:
            wanted = np.asarray(image.convert("RGB"))
        assert wanted.shape == frame.shape
        difference = np.abs(wanted.astype(int) - frame)
        if difference.mean() > 0.3 or np.percentile(difference, 99.9) > 24:
            shown = np.hstack([wanted, frame, np.minimum(difference * 4, 255).astype(np.uint8)])
            Image.fromarray(shown).save(tmp_path / f"{path.stem}-wanted-made-difference.png")
            pytest.fail(
                f"{name} looks different (mean {difference.mean():.2f}): see {tmp_path}; "
                "if it is meant, renew with `pytest --update-golden`"
            )

    return compare
