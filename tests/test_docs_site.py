"""The site of the pages: built without a warning, every link within it followed, nothing fetched from elsewhere."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.docs_blocks import ROOT, blocks

NEEDED = ("sphinx", "myst_parser", "furo", "sphinx_copybutton")
LOADS = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}
"""What a browser fetches by itself, and the attribute that says from where."""
NOT_FETCHED = {"canonical", "next", "prev", "search", "index", "author"}
HOST = re.compile(r"[\w-]+(\.[\w-]+)+")


@dataclass
class Page(HTMLParser):
    """What a page of the site refers to, and the places in it that can be referred to."""

    ids: set[str] = field(default_factory=set)
    links: set[str] = field(default_factory=set)
    loads: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.add(given["href"])
        elif tag in LOADS and LOADS[tag] in given and given.get("rel") not in NOT_FETCHED:
            self.loads.add(given[LOADS[tag]])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the site, built by the command of the README."""
    for module in NEEDED:
        pytest.importorskip(module, reason="needs tuner[docs], which ./setup installs")
    (line,) = [line for b in blocks(ROOT / "README.md") for line in b.commands if "sphinx-build" in line]
    words = shlex.split(line, comments=True)
    folder = tmp_path_factory.mktemp("site")
    options = words[words.index("sphinx-build") + 1 : -1]
    command = [sys.executable, "-m", "sphinx", *options, "-d", str(folder / "read"), str(folder / words[-1])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return folder / words[-1]


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    found = {path: Page() for path in site.rglob("*.html")}
    for path, page in found.items():
        page.feed(path.read_text(encoding="utf-8"))
    return found


def is_elsewhere(target: str) -> bool:
    return bool(urlsplit(target).scheme or urlsplit(target).netloc)


def test_every_page_is_there(site: Path) -> None:
    sources = [*(ROOT / "docs").glob("*.md"), ROOT / "README.md"]
    assert all((site / path.relative_to(ROOT)).with_suffix(".html").is_file() for path in sources)
    assert (site / "index.html").is_file()


def test_every_link_within_the_site_leads_somewhere(site: Path, pages: dict[Path, Page]) -> None:
    broken = []
    for path, page in pages.items():
        for target in page.links | page.loads:
            if is_elsewhere(target):
                continue
            to, _, place = target.partition("#")
            there = (path.parent / unquote(to.partition("?")[0])).resolve() if to else path
            if not there.is_file() or (place and there in pages and unquote(place) not in pages[there].ids | {"top"}):
                broken.append(f"{path.relative_to(site)}: {target}")
    assert broken == []


def test_nothing_is_fetched_from_elsewhere(site: Path, pages: dict[Path, Page]) -> None:
    loaded = {target for page in pages.values() for target in page.loads if is_elsewhere(target)}
    assert {target for target in loaded if not target.startswith("data:")} == set()
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(@import|url\()[\s\"']*(https?:)?//", sheet.read_text(encoding="utf-8")), sheet


def test_a_link_to_elsewhere_is_well_formed(pages: dict[Path, Page]) -> None:
    elsewhere = {target for page in pages.values() for target in page.links if is_elsewhere(target)}
    assert elsewhere
    assert [t for t in elsewhere if urlsplit(t).scheme != "https" or not HOST.fullmatch(urlsplit(t).netloc)] == []


def test_a_page_in_chinese_says_so(site: Path) -> None:
    assert '<html class="no-js" lang="zh-CN"' in (site / "docs" / "symptoms.zh.html").read_text(encoding="utf-8")
