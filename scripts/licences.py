"""Check the licences of everything that the lock files name; the entry of `make licences`.

Python packages are read by pip-licenses from the environment of `make setup`, npm packages from
`package-lock.json`. A licence that is not listed here fails, so that somebody reads it before it is used.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
TOOL: Final = ROOT / ".cache/release/venv/bin/pip-licenses"

#: Licences that go together with ours (Apache-2.0), as SPDX or as PyPI names them.
ALLOWED: Final = {
    *("0BSD", "Apache-2.0", "BlueOak-1.0.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "CNRI-Python"),
    *("ISC", "MIT", "MIT-0", "MIT-CMU", "PSF-2.0", "Python-2.0", "Zlib"),
    *("Apache Software License", "BSD", "BSD License", "ISC License (ISCL)", "MIT License"),
    *("CC0 1.0 Universal (CC0 1.0) Public Domain Dedication", "Public Domain"),
    "Python Software Foundation License",
    # Copyleft of the file only: it binds whoever changes these files, which nobody here does.
    *("MPL-2.0", "Mozilla Public License 2.0 (MPL 2.0)"),
    "Apache-2.0 WITH LLVM-exception",
}

#: Packages outside that list, each with the licence that was read and why it may be used.
READ: Final = {
    "psycopg": "LGPL-3.0-only: used as a library, which its user can replace; only the extra `agent` has it",
    "psycopg-binary": "LGPL-3.0-only: as psycopg",
    "pyrevm": "none stated in the wheel (revm, which it wraps, is MIT): for tests and `simulate` only,"
    " and nothing of it is in what we ship",
    "memorystream": "MIT: its package.json has the old form of the field",
}


def python_packages() -> Iterator[tuple[str, str]]:
    """Yield name and licence of each package of the environment."""
    command = [str(TOOL), "--python", str(ROOT / ".venv/bin/python"), "--from=mixed", "--format=json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    for row in json.loads(done.stdout):
        yield row["Name"], row["License"]


def npm_packages(lock: Path = ROOT / "package-lock.json") -> Iterator[tuple[str, str]]:
    """Yield name and licence of each package of an npm lock file."""
    for place, entry in json.loads(lock.read_text("utf-8"))["packages"].items():
        if place:
            yield place.rpartition("node_modules/")[2], entry.get("license", "UNKNOWN")


def allowed(licence: str) -> bool:
    """Whether a licence is listed: of alternatives (OR) one is enough, of a sum (AND, ;) each must be."""
    if licence.startswith("("):
        licence = licence.removeprefix("(").removesuffix(")")
    one_of = re.split(r"\s+OR\s+", licence)
    return any(all(part.strip() in ALLOWED for part in re.split(r"\s+AND\s+|;", one)) for one in one_of)


def refused(packages: Iterator[tuple[str, str]]) -> list[str]:
    """Return a line for each package whose licence nobody has read."""
    return [
        f"{name}: {licence}"
        for name, licence in sorted(packages)
        if name not in READ and not allowed(licence)
    ]


def main() -> int:
    """Print what is refused; 0 if that is nothing."""
    python, npm = list(python_packages()), list(npm_packages())
    lines = refused(iter(python)) + refused(iter(npm))
    for line in lines:
        print(line, file=sys.stderr)
    if not lines:
        print(f"the licences of {len(python)} Python and {len(npm)} npm packages are all known")
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main())
