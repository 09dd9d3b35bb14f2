"""Make the pages of docs/ that come from the code, and the blocks that show a file.

    python -m scripts.make_docs            the pages and the pictures of the symptoms
    python -m scripts.make_docs --text     the pages alone

Each picture is a recorded training of the bank of curves (bank/dev.jsonl) on which the diagnosis agrees with the label,
where there is one, else the first example of the plug-in.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from scripts.docs_pages import commands, configuration, executors, search_space, symptoms, trainers, treatment

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
MADE = "<!-- Made by `python -m scripts.make_docs` from the code and YAML files of the package; edit those. -->\n\n"
PAGES: Mapping[str, Callable[[], str]] = {
    "commands.md": commands.page,
    "configuration.md": configuration.page,
    "executors.md": executors.page,
    "search_space.md": search_space.page,
    "trainers.md": trainers.page,
    "treatment.md": treatment.page,
    "symptoms.md": partial(symptoms.page, "en"),
    "symptoms.zh.md": partial(symptoms.page, "zh"),
}
SHOWN = re.compile(r"(?P<mark><!-- file: (?P<file>\S+) -->\n```(?P<kind>\w+)\n).*?^```$", re.MULTILINE | re.DOTALL)
"""A block that shows a file of the repository, as it stands."""


def made() -> dict[Path, str]:
    """Return the text of every page that is made, and of every other page with its files filled in."""
    pages = {DOCS / name: MADE + make() for name, make in PAGES.items()}
    others = [path for path in (ROOT / "README.md", *sorted(DOCS.glob("*.md"))) if path not in pages]
    return pages | {path: SHOWN.sub(_filled, path.read_text(encoding="utf-8")) for path in others}


def _filled(block: re.Match[str]) -> str:
    return f"{block['mark']}{(ROOT / block['file']).read_text(encoding='utf-8')}```"


def write(*, pictures: bool) -> None:
    """Write the pages, and the pictures if they are wanted."""
    for path, text in made().items():
        path.write_text(text, encoding="utf-8")
    if pictures:
        from scripts import draw_symptoms

        draw_symptoms.write(DOCS / symptoms.PICTURES, ROOT / "bank" / "dev.jsonl")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", action="store_true", help="leave the pictures as they are")
    write(pictures=not parser.parse_args().text)
