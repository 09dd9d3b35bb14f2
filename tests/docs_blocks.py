"""The blocks of code in the pages, with what is said about them.

A fenced block says what it holds: `sh` (commands, one a line), `python`, `yaml` (a configuration or some keys of one,
or a space) or `text` (what is seen). A comment right above it may say more:

    <!-- not run: REASON -->      the commands are read but not run
    <!-- exit code: 1 -->         with which exit code the last command ends
    <!-- printed -->              this text is what the block of commands before it prints, line breaks aside
    <!-- file: PATH -->           this is that file of the repository, filled in by scripts/make_docs.py
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HISTORY = {"decisions.md", "log.md"}
"""Pages about what was: their commands are those of the day."""
PAGES = [ROOT / "README.md", *(p for p in sorted((ROOT / "docs").glob("*.md")) if p.name not in HISTORY)]

KINDS = {"sh", "python", "yaml", "text"}
MARKS = {"not run", "exit code", "printed", "file"}
FENCE = re.compile(r"^```(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
MARK = re.compile(r"^<!-- ([a-z ]+?)(?:: (.*))? -->$")
INLINE = re.compile(r"`((?:tuner|\./setup|\./check) [^`\n]*)`")


@dataclass(frozen=True)
class Block:
    """A fenced block: where it stands, what it holds, and the marks above it."""

    page: Path
    line: int
    kind: str
    text: str
    marks: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """The commands of a block of them, without the lines that are comments."""
        lines = self.text.replace("\\\n", "").splitlines() if self.kind == "sh" else []
        return [line for line in lines if line.strip() and not line.startswith("#")]

    @property
    def runs(self) -> bool:
        return self.kind in ("sh", "python") and not {"not run", "file"} & set(self.marks)


def blocks(page: Path) -> list[Block]:
    """Return the blocks of a page in their order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(page, text.count("\n", 0, found.start()) + 1, found[1], found[2], _marks(text[: found.start()]))
        for found in FENCE.finditer(text)
    ]


def prose(page: Path) -> str:
    """Return a page without its blocks."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def inline_commands(page: Path) -> Iterator[str]:
    """Yield the commands of ours that stand within the text."""
    yield from (found[1] for found in INLINE.finditer(prose(page)))


def _marks(before: str) -> dict[str, str]:
    marks: dict[str, str] = {}
    for line in reversed(before.splitlines()):
        found = MARK.match(line)
        if not found:
            break
        marks[found[1]] = found[2] or ""
    return marks
