# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""One version everywhere: package, metadata, newest heading of the change log, catalogue entry, tag.

    python scripts/check_version.py

Exits with 1 and one line of what differs. A tag counts where HEAD carries one; what is tagged is released, so nothing
may then stand below the heading "Unreleased".
"""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADING = re.compile(r"^## \[?(\d+\.\d+\.\d+[^\s\]]*)", re.MULTILINE)
UNRELEASED = re.compile(r"^## \[?Unreleased\b.*\n(?:(?!## ).*\n)*?- ", re.MULTILINE)
CATALOGUE = re.compile(r"^softwareVersion: ['\"]?([^'\"\s]+)", re.MULTILINE)
TAG = re.compile(r"v?(\d+\.\d+\.\d+\S*)")


def main() -> int:
    """Compare, say what was found; 0 if all are the same, else 1."""
    fault = difference(ROOT, tags(ROOT))
    print(fault or f"Version {package_version(ROOT)} everywhere.", file=sys.stderr if fault else sys.stdout)
    return 1 if fault else 0


def difference(root: Path, tagged: list[str]) -> str | None:
    """What differs below ``root``, whose commit bears these version tags; None if nothing does."""
    changes = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    heading = HEADING.search(changes)
    if not heading:
        return "CHANGELOG.md has no heading like '## [1.2.3] - 2026-01-31'."
    catalogue = CATALOGUE.search((root / "publiccode.yml").read_text(encoding="utf-8"))
    versions = {
        "videoguide/__init__.py": package_version(root),
        "pyproject.toml": metadata_version(root),
        "CHANGELOG.md": heading[1],
        "publiccode.yml": catalogue[1] if catalogue else None,
        **{f"tag {tag}": version[1] for tag in tagged if (version := TAG.fullmatch(tag))},
    }
    if len(set(versions.values())) > 1:
        return "Versions differ: " + ", ".join(f"{place} {version}" for place, version in versions.items()) + "."
    if tagged and UNRELEASED.search(changes):
        return f"HEAD carries the tag {tagged[0]}, but CHANGELOG.md has changes that are not released."
    return None


def package_version(root: Path) -> str | None:
    """What ``videoguide.__version__`` is, read without importing it; None if there is none."""
    for statement in ast.parse((root / "videoguide" / "__init__.py").read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__version__":
            return str(ast.literal_eval(statement.value))
    return None


def metadata_version(root: Path) -> str:
    """The version that packages are built with; the package's own where pyproject.toml leaves it to that."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"] if "version" in project else package_version(root))


def tags(root: Path) -> list[str]:
    """The version tags of HEAD; none where this is no git checkout."""
    asked = subprocess.run(["git", "tag", "--points-at", "HEAD"], cwd=root, capture_output=True, text=True, check=False)
    return [tag for tag in asked.stdout.split() if TAG.fullmatch(tag)]


if __name__ == "__main__":
    sys.exit(main())
