"""Build the site: the documents, a reference of contracts and package, the sources that a document links to.

Run by `make docs`, where the `docs` group of pyproject.toml is installed. Pages are put together in .cache,
not in docs/, so that a checkout has the same documents before and after.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from contract_pages import ContractPages

ROOT: Final = Path(__file__).resolve().parents[1]
DOCS: Final = ROOT / "docs"
CACHE: Final = ROOT / ".cache" / "docs"
#: The docs_dir of mkdocs.yml.
PAGES: Final = CACHE / "pages"
MERMAID: Final = "mermaid@12.3.0"
MERMAID_SHA256: Final = "336df803d87a38b70a01e736e666c8f7601d2ce42f5e47c8fafe5d721074b9a3"

_LINK: Final = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)\s]*)?\)")
_DIAGRAM: Final = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LANGUAGES: Final = {".py": "python", ".json": "json", ".md": "markdown"}


def put_documents() -> None:
    """Copy docs/ and list the decisions; a link that leaves docs/ leads to a page with what it names."""
    for path in sorted(path for path in DOCS.rglob("*") if path.is_file()):
        name = path.relative_to(DOCS).as_posix()
        if path.suffix == ".md":
            _put(name, [_redirect(path)])
        else:
            (PAGES / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, PAGES / name)
    entries = []
    for path in sorted((DOCS / "decisions").glob("*.md")):
        title = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        number, _, rest = title.partition(". ")
        entries.append(f"| {number} | [{rest}]({path.name}) |")
    _put("decisions/index.md", ["# Decisions", "\n".join(["| | |", "| --- | --- |", *entries])])


def _redirect(path: Path) -> str:
    def lead(found: re.Match[str]) -> str:
        target = (path.parent / found[1]).resolve()
        if target.is_relative_to(DOCS) or not target.is_relative_to(ROOT) or not target.exists():
            return found[0]
        return f"]({os.path.relpath(DOCS / put_source(target), path.parent)})"

    return _LINK.sub(lead, path.read_text(encoding="utf-8"))


def put_source(target: Path) -> str:
    """Make a page of a source file, or of the Python files in a folder.

    Returns:
        Name of the page.
    """
    name = target.relative_to(ROOT).as_posix()
    parts = ["---\nsearch:\n  exclude: true\nhide: [toc]\n---", f"# {name}"]
    for file in sorted(target.glob("*.py")) if target.is_dir() else [target]:
        if target.is_dir():
            parts.append(f"## {file.name}")
        text = file.read_text(encoding="utf-8")
        parts.append(f"~~~~~~{_LANGUAGES.get(file.suffix, 'text')}\n{text}~~~~~~")
    _put(f"source/{name}.md", parts)
    return f"source/{name}.md"


def put_reference() -> None:
    """Make a page of each interface, and of the public names of each room of the package.

    Raises:
        NatSpecError: the contracts have a gap.
    """
    for page, parts in ContractPages(ROOT).write().items():
        _put(f"reference/contracts/{page}", parts)
    for interface in sorted((ROOT / "contracts" / "interfaces").glob("*.sol")):
        put_source(interface)
    rooms: dict[str, list[str]] = {}
    for node in ast.walk(ast.parse((ROOT / "energy_trading" / "__init__.pyi").read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            rooms.setdefault(node.module.split(".")[0], []).extend(alias.name for alias in node.names)
    for room, names in rooms.items():
        entries = [f"::: energy_trading.{name}" for name in sorted(names)]
        _put(f"reference/python/{room}.md", [f"# {room}", "All by `from energy_trading import …`.", *entries])


def put_mermaid() -> None:
    """Put the diagrams' script into the site; it comes from npm once.

    Raises:
        ValueError: it is not the one that was looked at.
    """
    script = CACHE / f"{MERMAID}.min.js"
    if not script.exists():
        subprocess.run(["npm", "pack", "--silent", MERMAID], cwd=CACHE, check=True, stdout=subprocess.DEVNULL)  # noqa: S603, S607
        packed = CACHE / f"{MERMAID.replace('@', '-')}.tgz"
        with tarfile.open(packed) as archive:
            member = archive.extractfile("package/dist/mermaid.min.js")
            content = member.read() if member else b""
        packed.unlink()
        found = hashlib.sha256(content).hexdigest()
        if found != MERMAID_SHA256:
            raise ValueError(f"{MERMAID}: given sha256 {found}, allowed {MERMAID_SHA256}")
        script.write_bytes(content)
    (PAGES / "assets").mkdir()
    shutil.copyfile(script, PAGES / "assets" / "mermaid.min.js")


def check_diagrams() -> None:
    """Parse every diagram of docs/ with the script that will draw it.

    Raises:
        subprocess.CalledProcessError: one has an error, which is on stdout.
    """
    diagrams = [
        (f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, found.start()) + 1}", found[1])
        for path in sorted(DOCS.rglob("*.md"))
        for text in [path.read_text(encoding="utf-8")]
        for found in _DIAGRAM.finditer(text)
    ]
    command = ["node", str(ROOT / "scripts" / "check_diagrams.js"), str(PAGES / "assets" / "mermaid.min.js")]
    subprocess.run(command, input=json.dumps(diagrams), text=True, check=True)  # noqa: S603


def _put(page: str, parts: Sequence[str]) -> None:
    path = PAGES / page
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def main() -> int:
    """Build site/; a warning of mkdocs is an error."""
    shutil.rmtree(PAGES, ignore_errors=True)
    PAGES.mkdir(parents=True)
    put_documents()
    put_reference()
    put_mermaid()
    check_diagrams()
    # Material's notice of its end is no warning about these pages: docs/decisions/0007-docs-site.md.
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
