"""What a release promises: licences that somebody has read, and one version everywhere."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "scripts")]

import licences  # noqa: E402


@pytest.mark.parametrize(
    ("licence", "fine"),
    [
        ("MIT", True),
        ("(GPL-3.0-only OR MIT)", True),
        ("Apache-2.0 AND MIT", True),
        ("Apache-2.0 AND GPL-3.0-only", False),
        ("Mozilla Public License 2.0 (MPL 2.0)", True),
        ("AGPL-3.0-or-later", False),
        ("UNKNOWN", False),
        ("", False),
    ],
)
def test_licence_must_be_listed(licence: str, fine: bool) -> None:
    """Of alternatives one is enough; of a sum each part must be listed; no licence is no permission."""
    assert licences.allowed(licence) is fine


def test_package_with_an_unknown_licence_is_named(tmp_path: Path) -> None:
    """An npm package is found wherever it is nested, and one that was read needs its licence no more."""
    lock = tmp_path / "package-lock.json"
    packages = {
        "": {"license": "Apache-2.0"},
        "node_modules/good": {"license": "ISC"},
        "node_modules/good/node_modules/@scope/bad": {"license": "SSPL-1.0"},
        "node_modules/memorystream": {},
    }
    lock.write_text(json.dumps({"packages": packages}), "utf-8")
    assert licences.refused(licences.npm_packages(lock)) == ["@scope/bad: SSPL-1.0"]


def test_npm_packages_are_all_read() -> None:
    """What `npm ci` installs has licences that somebody has read; `make licences` checks Python's too."""
    assert licences.refused(licences.npm_packages()) == []


def test_every_file_names_the_same_version() -> None:
    """`pyproject.toml`, `package.json`, its lock and `CITATION.cff` are released together."""
    (python,) = (
        line.split('"')[1]
        for line in (ROOT / "pyproject.toml").read_text("utf-8").splitlines()
        if line.startswith("version = ")
    )
    npm = [
        json.loads((ROOT / name).read_text("utf-8"))["version"]
        for name in ("package.json", "package-lock.json")
    ]
    cited = (ROOT / "CITATION.cff").read_text("utf-8")
    assert npm == [python, python]
    assert f"\nversion: {python}\n" in cited
